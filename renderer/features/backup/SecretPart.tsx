// Beside the pages: encryption, the security files under a password, and an include file. Passwords live in this form alone.
import { useState } from 'react';
import type { InstanceView } from '../../../core/contract/site.ts';
import { Button, Checkbox, FolderIcon, formatCount, IconButton, KeyIcon, Section, TextField } from '../../ui/index.ts';
import { BrowseDialog } from '../protect/BrowseDialog.tsx';
import { type BackupDraft, backupProblems } from './backup-draft.ts';
import { EncryptionDialog } from './EncryptionDialog.tsx';
import { SecurityDialog } from './SecurityDialog.tsx';
import { type SecretsDraft, secretNeeds, secretProblems } from './secrets-draft.ts';

interface Props {
  instance: InstanceView;
  draft: BackupDraft;
  set: (change: Partial<BackupDraft>) => void;
  secrets: SecretsDraft;
  setSecrets: (change: Partial<SecretsDraft>) => void;
  /** Problems are shown once somebody has tried. */
  tried: boolean;
}

function Password(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  problem: string | null | undefined;
  hint?: string;
}) {
  return <TextField {...props} type="password" width={300} />;
}

export function SecretPart({ instance, draft, set, secrets, setSecrets, tried }: Props) {
  const [open, setOpen] = useState<'encryption' | 'security' | 'include' | null>(null);
  const needs = secretNeeds(draft, instance);
  const problems = secretProblems(draft, instance, secrets);
  const shown = (field: keyof SecretsDraft) =>
    tried || (field.endsWith('Again') && secrets[field] !== '') ? problems[field] : null;
  const count = instance.status.securityFiles ?? 0;
  const close = () => setOpen(null);
  return (
    <Section title="Secrets and other files">
      <div className="bu-choice">
        <Checkbox
          label="Encrypt the pages (AES-256-GCM)"
          checked={needs.encrypt}
          onChange={(encrypt) => set({ encrypt })}
        />
        <Button kind="subtle" icon={<KeyIcon />} onClick={() => setOpen('encryption')}>
          Encryption settings
        </Button>
      </div>
      {needs.encrypt && needs.kept && needs.preferred && (
        <p className="bu-note">Under “{needs.preferred.name}”, whose key this server keeps: nobody has to be asked.</p>
      )}
      {needs.pages && (
        <div className="bu-secrets">
          <Password
            label={needs.preferred ? `Password of “${needs.preferred.name}”` : 'Password for the pages'}
            value={secrets.pages}
            onChange={(pages) => setSecrets({ pages })}
            problem={shown('pages')}
            hint={needs.preferred ? 'Checked before anything is written.' : 'Nobody can restore without it.'}
          />
          {needs.pagesTwice && (
            <Password
              label="The same again"
              value={secrets.pagesAgain}
              onChange={(pagesAgain) => setSecrets({ pagesAgain })}
              problem={shown('pagesAgain')}
            />
          )}
        </div>
      )}
      <div className="bu-choice">
        <Checkbox
          label={count === 0 ? 'Security files (none are named yet)' : `Security files (${formatCount(count)} named)`}
          checked={needs.securityFiles}
          disabled={count === 0}
          onChange={(securityFiles) => set({ securityFiles })}
        />
        <Button kind="subtle" onClick={() => setOpen('security')}>
          Name the files
        </Button>
      </div>
      {needs.securityFiles && (
        <div className="bu-secrets">
          <Password
            label="Password for the security files"
            value={secrets.security}
            onChange={(security) => setSecrets({ security })}
            problem={shown('security')}
            hint={
              needs.kept
                ? `Empty: under the kept key of “${needs.preferred?.name}”.`
                : 'The same password is needed to restore them.'
            }
          />
          {(needs.security || secrets.security !== '') && (
            <Password
              label="Security password again"
              value={secrets.securityAgain}
              onChange={(securityAgain) => setSecrets({ securityAgain })}
              problem={shown('securityAgain')}
            />
          )}
        </div>
      )}
      <TextField
        label="Include file"
        mono
        value={draft.include}
        onChange={(include) => set({ include })}
        placeholder="none"
        problem={backupProblems(draft).include}
        hint="A list of files to take along: full paths on one line, separated by “;”."
        after={<IconButton icon={<FolderIcon />} label="Choose an include file" onClick={() => setOpen('include')} />}
      />
      {open === 'encryption' && <EncryptionDialog instance={instance} onClose={close} />}
      {open === 'security' && <SecurityDialog instance={instance} onClose={close} />}
      {open === 'include' && (
        <BrowseDialog
          title="Include file"
          server={instance.server}
          start={instance.backupFolder}
          pick="file"
          onPick={(include) => {
            set({ include });
            close();
          }}
          onClose={close}
        />
      )}
    </Section>
  );
}
