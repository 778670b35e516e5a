// What the review asks for when backups are encrypted or hold other files: passwords, which live in the wizard alone.
import type { RestorePlan } from '../../../core/contract/console.ts';
import { Checkbox, formatCount, Section, TextField } from '../../ui/index.ts';

export interface RestoreSecretsDraft {
  pages: string;
  security: string;
  placeSecurity: boolean;
  placeIncluded: boolean;
}

export const noRestoreSecrets: RestoreSecretsDraft = {
  pages: '',
  security: '',
  placeSecurity: false,
  placeIncluded: false,
};

type Chain = Pick<RestorePlan, 'full' | 'incrementals'>;

const backupsOf = ({ full, incrementals }: Chain) => [...(full ? [full] : []), ...incrementals];

/** The newest backup of the chain that holds other files: all of them come from it. */
function holderOf(chain: Chain) {
  const holder = backupsOf(chain).findLast(({ files }) => (files?.length ?? 0) > 0);
  const count = (type: 'user' | 'nici') => holder?.files?.filter((file) => file.type === type).length ?? 0;
  return holder ? { file: holder.file, security: count('nici'), included: count('user') } : null;
}

/** As the start call takes them. */
export function restoreExtras(chain: Chain, draft: RestoreSecretsDraft) {
  const secrets = { pages: draft.pages || null, security: draft.security || null };
  const holder = holderOf(chain);
  const security = draft.placeSecurity && (holder?.security ?? 0) > 0;
  const included = draft.placeIncluded && (holder?.included ?? 0) > 0;
  if (!holder || (!security && !included)) return { secrets };
  return { secrets, otherFiles: { file: holder.file, security, included, folder: null, secrets } };
}

export function SecretsPart({
  chain,
  draft,
  set,
}: {
  chain: Chain;
  draft: RestoreSecretsDraft;
  set: (change: Partial<RestoreSecretsDraft>) => void;
}) {
  const encrypted = backupsOf(chain).filter(({ encryption }) => encryption);
  const names = [...new Set(encrypted.map(({ encryption }) => encryption?.definition).filter(Boolean))];
  const holder = holderOf(chain);
  if (encrypted.length === 0 && !holder) return null;
  return (
    <Section title="Encrypted pages and other files">
      {encrypted.length > 0 && (
        <TextField
          label={names.length === 1 ? `Password of “${names[0]}”` : 'Password of the encrypted backups'}
          type="password"
          width={300}
          value={draft.pages}
          onChange={(pages) => set({ pages })}
          hint="Empty where the server keeps the key. A wrong one is refused before anything is touched."
        />
      )}
      {holder && holder.security > 0 && (
        <>
          <Checkbox
            checked={draft.placeSecurity}
            onChange={(placeSecurity) => set({ placeSecurity })}
            label={`Restore the security files (${formatCount(holder.security)}) to their places; what they replace is kept beside them`}
          />
          {draft.placeSecurity && (
            <TextField
              label="Password of the security files"
              type="password"
              width={300}
              value={draft.security}
              onChange={(value) => set({ security: value })}
            />
          )}
        </>
      )}
      {holder && holder.included > 0 && (
        <Checkbox
          checked={draft.placeIncluded}
          onChange={(placeIncluded) => set({ placeIncluded })}
          label={`Restore the included files (${formatCount(holder.included)}) to their places; what they replace is kept beside them`}
        />
      )}
    </Section>
  );
}
