// The settings of roll-forward logging: the switch, where and how big the logs are, what happens when there is no room.
import { useMemo, useState } from 'react';
import type { LoggingConfig } from '../../../core/contract/instance.ts';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp, useDraft } from '../../app/app.ts';
import type { Action } from '../../app/use-action.ts';
import { Checkbox, FolderIcon, IconButton, MessageBar, Section, Switch, TextField } from '../../ui/index.ts';
import { BrowseDialog } from '../protect/BrowseDialog.tsx';
import { changeOf, consequencesOf, draftOf, type LoggingDraft, loggingProblems } from './logging-draft.ts';

export function LoggingSettings({
  instance,
  config,
  action,
  reload,
}: {
  instance: InstanceView;
  config: LoggingConfig;
  action: Action;
  reload: () => void;
}) {
  const app = useApp();
  const [edits, setEdits] = useState<LoggingDraft | null>(null);
  const [browsing, setBrowsing] = useState(false);
  const draft = edits ?? draftOf(config);
  const change = changeOf(draft, config);
  const problems = loggingProblems(draft);
  const set = (next: Partial<LoggingDraft>) => setEdits({ ...draft, ...next });
  const standby = instance.status.role === 'standby';

  const { run } = action;
  const serialised = change && JSON.stringify(change);
  const firstProblem = Object.values(problems)[0] ?? null;
  useDraft(
    useMemo(
      () =>
        serialised === null
          ? null
          : {
              apply: async () => {
                const done = await run(() =>
                  app.api.instances.setConfig({ instanceId: instance.id, ...JSON.parse(serialised) }),
                );
                if (!done) return false;
                setEdits(null);
                reload();
                return true;
              },
              cancel: () => setEdits(null),
              problem: firstProblem,
            },
      [serialised, firstProblem, run, app, instance.id, reload],
    ),
  );

  return (
    <Section title="Settings">
      <Switch
        label="Keep every commit in roll-forward logs"
        checked={draft.on}
        onChange={(on) => set({ on })}
        disabled={standby}
      />
      {consequencesOf(change).map((text) => (
        <MessageBar key={text} level="warning">
          {text}
        </MessageBar>
      ))}
      {!draft.on && !change && !standby && (
        <MessageBar level="warning">
          Logging is off: what was committed after the last backup is lost with the disk.
        </MessageBar>
      )}
      <TextField
        label="Folder"
        mono
        value={draft.directory}
        onChange={(directory) => set({ directory })}
        problem={problems.directory}
        disabled={standby}
        hint="Best on another disk than the database, so that one failure does not take both."
        after={
          <IconButton
            icon={<FolderIcon />}
            label="Choose a folder"
            disabled={standby}
            onClick={() => setBrowsing(true)}
          />
        }
      />
      <div className="hf-form-row">
        <TextField
          label="Minimum file size"
          width={150}
          value={draft.minSize}
          onChange={(minSize) => set({ minSize })}
          problem={problems.minSize}
          disabled={standby}
        />
        <TextField
          label="Maximum file size"
          width={150}
          value={draft.maxSize}
          onChange={(maxSize) => set({ maxSize })}
          problem={problems.maxSize}
          disabled={standby}
        />
      </div>
      <p className="hf-muted lg-note">
        A log is closed at about the minimum, once a transaction ends, and never grows past the maximum.
      </p>
      <Checkbox
        label="Turn logging off by itself when the volume is full"
        checked={draft.stopWhenFull}
        onChange={(stopWhenFull) => set({ stopWhenFull })}
        disabled={standby}
      />
      <p className="hf-muted lg-note">
        Left off, logging waits for room and goes on by itself; the database is never kept waiting either way.
      </p>
      {browsing && (
        <BrowseDialog
          title="Folder of the roll-forward logs"
          server={instance.server}
          start={config.directory}
          pick="folder"
          onPick={(directory) => {
            set({ directory });
            setBrowsing(false);
          }}
          onClose={() => setBrowsing(false)}
        />
      )}
    </Section>
  );
}
