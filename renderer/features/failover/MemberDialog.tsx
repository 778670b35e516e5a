// Adds or edits one database of the list. The engine checks the row before it is taken over into the draft.
import { useState } from 'react';
import { nameSchema } from '../../../core/contract/common.ts';
import type { GroupConfig, GroupView, MemberConfig } from '../../../core/contract/failover.ts';
import { useApp, useSite } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { Button, FormDialog, formatDuration, MessageBar, Select, TextField } from '../../ui/index.ts';
import { BrowseDialog } from '../protect/BrowseDialog.tsx';

type Field = 'server' | 'databaseServer' | 'instance' | 'folder';

export function MemberDialog(props: {
  group: GroupView;
  config: GroupConfig;
  /** Null adds a row. */
  memberId: string | null;
  onClose: () => void;
  onDone: (members: MemberConfig[], id: string) => void;
}) {
  const app = useApp();
  const servers = useSite((snapshot) => snapshot.servers);
  const { group, config, memberId } = props;
  const known = config.members.find((member) => member.id === memberId);
  const used = new Set(config.members.filter((member) => member.id !== memberId).map((member) => member.server));
  const free = servers.filter((server) => !used.has(server.name));
  const first = known?.server ?? free[0]?.name ?? '';
  const [edited, setEdited] = useState<Partial<Omit<MemberConfig, 'id'>>>({});
  // Unedited fields follow the server, which may only be there after it was added from this very dialog.
  const server = edited.server ?? first;
  const row: Omit<MemberConfig, 'id'> = {
    server,
    databaseServer: edited.databaseServer ?? known?.databaseServer ?? server.toLowerCase(),
    instance: edited.instance ?? known?.instance ?? config.members[0]?.instance ?? 'Directory',
    folder: edited.folder ?? known?.folder ?? '',
  };
  const [problems, setProblems] = useState<Partial<Record<Field, string>>>({});
  const [browsing, setBrowsing] = useState(false);
  const action = useAction();
  const change = (field: Field, value: string) => {
    setProblems((before) => ({ ...before, [field]: undefined }));
    setEdited((before) => ({ ...before, [field]: value }));
  };

  const check = async () => {
    const local: Partial<Record<Field, string>> = {};
    if (!row.server) local.server = 'Choose a server';
    if (!row.databaseServer.trim()) local.databaseServer = 'Give the name that other servers reach it by';
    if (!nameSchema.safeParse(row.instance).success) local.instance = '1 to 15 letters, digits and hyphens';
    if (!row.folder.trim()) local.folder = 'Choose a folder on that server';
    setProblems(local);
    if (Object.keys(local).length > 0) return;
    const result = await action.run(() =>
      app.api.failover.checkMember({ groupId: group.id, ...row, exceptId: memberId }),
    );
    if (!result) return;
    if (result.problems.length > 0) {
      setProblems(Object.fromEntries(result.problems.map((problem) => [problem.field, problem.message])));
      return;
    }
    const id = memberId ?? crypto.randomUUID();
    const member = { id, ...row };
    props.onDone(
      known ? config.members.map((each) => (each.id === id ? member : each)) : [...config.members, member],
      id,
    );
  };

  const copies = config.members.length - 1;
  const other = Object.entries(problems).find(([field]) => !(field in row))?.[1];
  return (
    <>
      <FormDialog
        title={known ? `Edit ${known.server}` : 'Add an item'}
        size="small"
        verb="OK"
        busy={action.busy}
        disabled={!row.server}
        error={action.error}
        onSave={() => void check()}
        onClose={props.onClose}
      >
        {other && <MessageBar level="critical">{other}</MessageBar>}
        {free.length === 0 && !known && (
          <MessageBar
            level="warning"
            actions={<Button onClick={() => app.openDialog({ kind: 'addServer' })}>Add a server</Button>}
          >
            Every server holds a database of this group already.
          </MessageBar>
        )}
        <Select
          label="Server"
          value={row.server}
          disabled={known !== undefined}
          options={(known ? servers.filter((server) => server.name === known.server) : free).map((server) => ({
            value: server.name,
            label: server.state === 'online' ? server.name : `${server.name} (${server.state})`,
          }))}
          onChange={(value) => change('server', value)}
          problem={problems.server}
        />
        <TextField
          label="Database server"
          value={row.databaseServer}
          onChange={(value) => change('databaseServer', value)}
          hint="The name that other servers reach it by; not (local)."
          problem={problems.databaseServer}
        />
        <TextField
          label="Database instance"
          value={row.instance}
          onChange={(value) => change('instance', value)}
          problem={problems.instance}
        />
        <div className="protect-path is-labelled">
          <TextField
            label="Folder"
            mono
            value={row.folder}
            onChange={(value) => change('folder', value)}
            hint="On that server; backup files are copied there."
            problem={problems.folder}
          />
          <Button onClick={() => setBrowsing(true)}>Browse…</Button>
        </div>
        {!known && copies > 0 && (
          <p className="hf-muted">
            You can add as many copies as you want; each makes every backup take longer.
            {group.restoreHintMs !== null && ` Restoring one takes about ${formatDuration(group.restoreHintMs)} now.`}
          </p>
        )}
      </FormDialog>
      {browsing && (
        <BrowseDialog
          title={`Choose a folder on ${row.server}`}
          server={row.server || null}
          start={row.folder || null}
          pick="folder"
          onClose={() => setBrowsing(false)}
          onPick={(folder) => {
            setBrowsing(false);
            change('folder', folder);
          }}
        />
      )}
    </>
  );
}
