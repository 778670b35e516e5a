// The form of one backup: what is taken, where it goes, how it is written.
import { useState } from 'react';
import type { InstanceView } from '../../../core/contract/site.ts';
import { Checkbox, FolderIcon, IconButton, Section, Select, TextField } from '../../ui/index.ts';
import { RadioGroup } from '../../ui/RadioGroup.tsx';
import { backupOff } from '../databases/instance-text.ts';
import { BrowseDialog } from '../protect/BrowseDialog.tsx';
import { type BackupDraft, backupProblems } from './backup-draft.ts';
import { PathList } from './PathList.tsx';

interface Props {
  instance: InstanceView;
  draft: BackupDraft;
  set: (change: Partial<BackupDraft>) => void;
}

export function WhatPart({ instance, draft, set }: Props) {
  return (
    <Section title="What">
      <RadioGroup
        label="Type"
        value={draft.type}
        onChange={(type) => set({ type })}
        options={[
          { value: 'full', label: 'Full', hint: 'Every page, while the database stays open. Starts a new chain.' },
          {
            value: 'incremental',
            label: 'Incremental',
            hint: backupOff(instance, 'incremental') ?? 'The pages that changed since the last backup of either kind.',
            disabled: backupOff(instance, 'incremental') !== null,
          },
          {
            value: 'cold',
            label: 'Cold',
            hint: 'Every page, with the database closed to everybody. Refused while a program keeps it open.',
            disabled: instance.groupId !== null,
          },
        ]}
      />
      {draft.type === 'cold' ? (
        <RadioGroup
          label="Afterwards"
          value={draft.followUp}
          onChange={(followUp) => set({ followUp })}
          options={[
            { value: 'open', label: 'Open it again', hint: 'The usual end.' },
            { value: 'closed', label: 'Leave it closed', hint: 'For maintenance. You open it here when it is over.' },
            {
              value: 'disabled',
              label: 'Leave it closed and disabled',
              hint: 'For a move to other hardware: no program can write to this copy until you enable it. Not for routine.',
            },
          ]}
        />
      ) : (
        <RadioGroup
          label="Which moment the copy shows"
          value={draft.at}
          onChange={(at) => set({ at })}
          options={[
            { value: 'start', label: 'When it began', hint: 'Holds the write-ahead log while it runs.' },
            { value: 'end', label: 'When it ended', hint: 'Holds nothing; for a busy database with little space.' },
          ]}
        />
      )}
    </Section>
  );
}

export function WherePart({ instance, draft, set }: Props) {
  const [browsing, setBrowsing] = useState(false);
  const problems = backupProblems(draft);
  return (
    <Section title="Where">
      <TextField
        label="File"
        mono
        value={draft.file}
        onChange={(file) => set({ file })}
        placeholder="named by the engine"
        problem={problems.file}
        hint="On the server of the database. Leave it empty for a new file in its backup folder."
        after={<IconButton icon={<FolderIcon />} label="Choose a folder" onClick={() => setBrowsing(true)} />}
      />
      <Checkbox
        label="Overwrite a file of this name"
        checked={draft.overwrite}
        onChange={(overwrite) => set({ overwrite })}
        disabled={!draft.file.trim()}
      />
      {browsing && (
        <BrowseDialog
          title="Folder for the backup"
          server={instance.server}
          start={instance.backupFolder}
          pick="folder"
          onPick={(folder) => {
            set({ file: `${folder.replace(/\/$/, '')}/${instance.status.name}-${draft.type}.bak` });
            setBrowsing(false);
          }}
          onClose={() => setBrowsing(false)}
        />
      )}
    </Section>
  );
}

export function HowPart({ instance, draft, set }: Props) {
  const problems = backupProblems(draft);
  return (
    <Section title="How">
      <div className="bu-row">
        <Checkbox label="Compress (zstd)" checked={draft.compress} onChange={(compress) => set({ compress })} />
        <Select
          label="Level"
          hideLabel
          width={220}
          value={String(draft.level)}
          disabled={!draft.compress}
          onChange={(level) => set({ level: Number(level) })}
          options={Array.from({ length: 19 }, (_, index) => ({
            value: String(index + 1),
            label: `Level ${index + 1}${index === 0 ? ' (fastest)' : index === 2 ? ' (balanced)' : index === 18 ? ' (smallest)' : ''}`,
          }))}
        />
      </div>
      <div className="bu-row">
        <Checkbox label="Split into parts of" checked={draft.split} onChange={(split) => set({ split })} />
        <TextField
          label="Part size"
          hideLabel
          width={220}
          value={draft.partSize}
          disabled={!draft.split}
          onChange={(partSize) => set({ partSize })}
          problem={problems.partSize}
        />
      </div>
      {draft.split && (
        <PathList
          label="Further folders for the parts"
          hint="Parts go to the folder of the file and to these in turn, for example to other disks."
          adds={[{ verb: 'Add a folder', pick: 'folder' }]}
          server={instance.server}
          start={instance.backupFolder}
          paths={draft.partFolders}
          onChange={(partFolders) => set({ partFolders })}
        />
      )}
    </Section>
  );
}
