// Properties of the role for one group: what is protected, how clients find the active database, and the way to remove the group.
import { useState } from 'react';
import type { GroupView } from '../../../core/contract/failover.ts';
import { useApi, useLive, useSite } from '../../app/app.ts';
import { groupStanding } from '../../app/standing.ts';
import { useAction } from '../../app/use-action.ts';
import { Button, Bytes, ConfirmDialog, KeyValue, Section } from '../../ui/index.ts';
import { ClientEndpoints } from './ClientEndpoints.tsx';

export function PropertiesTab({ group }: { group: GroupView }) {
  const api = useApi();
  const live = useLive();
  const site = useSite((snapshot) => snapshot.site);
  const instances = useSite((snapshot) => snapshot.instances);
  const [asking, setAsking] = useState(false);
  const action = useAction();
  const active = group.members.find((member) => member.active);
  const master = group.members.find((member) => member.master);
  const size = instances.find((instance) => instance.id === (active ?? master)?.instanceId)?.status.size ?? null;
  const place = (member: typeof active) => (member ? `${member.server}/${member.instance}` : 'none');
  const remove = async () => {
    const done = await action.run(() => api.failover.remove({ groupId: group.id }));
    if (done) setAsking(false);
  };
  return (
    <>
      <Section title="Identity">
        <KeyValue
          items={[
            ['Name', group.name],
            ['Site', `\\T=${site.name}\\O=${site.organization}`],
            ['State', `${groupStanding(group).word}. ${group.stateText}`],
            ['Term', `${group.term} (rises each time another database becomes active)`],
          ]}
        />
      </Section>
      <Section title="What is protected">
        <KeyValue
          items={[
            ['Master', place(master)],
            ['Active', place(active)],
            ['Copies', group.members.length - 1],
            ['Size', <Bytes key="size" value={size} />],
            [
              'Database file',
              <span key="path" className="hf-mono">
                {(active ?? master)?.path ?? '–'}
              </span>,
            ],
          ]}
        />
      </Section>
      <Section title="How clients find the active database">
        <ClientEndpoints group={group} />
      </Section>
      <Section title="Remove">
        <div className="hf-form-row">
          <Button
            kind="danger"
            disabled={!live || (group.config.enabled && !group.review)}
            title={group.config.enabled && !group.review ? 'Turn Use database failover off and apply first' : undefined}
            onClick={() => setAsking(true)}
          >
            Remove this group
          </Button>
        </div>
      </Section>
      {asking && (
        <ConfirmDialog
          plan={{
            title: `Remove ${group.name}`,
            class: 'typed',
            typedName: group.name,
            effects: [
              'The list, its schedules and its history leave this console.',
              'Databases, backups and contingency copies stay on the disk where they are.',
            ],
            warnings: [],
            checks: [],
            command: null,
            refusal: null,
          }}
          verb="Remove"
          busy={action.busy}
          error={action.error}
          onConfirm={() => void remove()}
          onCancel={() => setAsking(false)}
        />
      )}
    </>
  );
}
