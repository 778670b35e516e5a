// Step 2: the name, where backups go, whether every commit is logged; for a rollback journal, the offer to switch to WAL.
import './protect.css';
import { useState } from 'react';
import { Button, Checkbox, MessageBar, Switch, TextField } from '../../ui/index.ts';
import { BrowseDialog } from './BrowseDialog.tsx';
import type { ProtectDraft } from './protect-draft.ts';

export function NameStep(props: {
  draft: ProtectDraft;
  onChange: (change: Partial<ProtectDraft>) => void;
  /** One of the files uses a rollback journal. */
  rollback: boolean;
  nameProblem: string | null;
}) {
  const { draft, onChange, rollback } = props;
  const [browsing, setBrowsing] = useState(false);
  return (
    <>
      <TextField
        label="Name"
        required
        autoFocus
        width={220}
        maxLength={15}
        value={draft.name}
        onChange={(name) => onChange({ name })}
        problem={props.nameProblem}
      />
      <div className="protect-path is-labelled">
        <TextField
          label="Backup folder"
          mono
          value={draft.backupFolder}
          placeholder="Beside the database, chosen by Holdfast"
          hint="Better on another disk: a backup beside the database is lost with it."
          onChange={(backupFolder) => onChange({ backupFolder })}
        />
        <Button onClick={() => setBrowsing(true)}>Browse…</Button>
      </div>
      {rollback && (
        <div>
          <Checkbox
            label="Switch the database to WAL"
            checked={draft.switchToWal}
            onChange={(switchToWal) => onChange({ switchToWal, logging: switchToWal })}
          />
          <p className="protect-indent">
            It uses a rollback journal now: it can be backed up, but single commits cannot be logged. With WAL, readers
            no longer wait for writers, and two files (-wal, -shm) lie beside the database while it is in use. Programs
            need no change; they must all run on this machine.
          </p>
        </div>
      )}
      <div>
        <Switch
          label="Roll-forward logging"
          checked={draft.logging}
          disabled={rollback && !draft.switchToWal}
          onChange={(logging) => onChange({ logging })}
        />
        <p className="protect-indent">
          Every commit is kept in numbered logs, so that a restore can reach any moment, not only that of a backup.
        </p>
      </div>
      {!draft.logging && (
        <MessageBar level="warning">
          Without logging a restore goes back to the last backup; what was written since is lost.
        </MessageBar>
      )}
      {browsing && (
        <BrowseDialog
          title="Choose the backup folder"
          server={draft.server}
          start={draft.backupFolder || draft.path.replace(/[^/\\]*$/, '') || null}
          pick="folder"
          onClose={() => setBrowsing(false)}
          onPick={(backupFolder) => {
            setBrowsing(false);
            onChange({ backupFolder });
          }}
        />
      )}
    </>
  );
}
