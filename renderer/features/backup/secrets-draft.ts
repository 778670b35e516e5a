// Passwords for one backup: held by the form alone, given to the start call, and forgotten with the page.
import type { InstanceView } from '../../../core/contract/site.ts';
import type { BackupDraft } from './backup-draft.ts';

export interface SecretsDraft {
  pages: string;
  pagesAgain: string;
  security: string;
  securityAgain: string;
}

export const noSecretsDraft: SecretsDraft = { pages: '', pagesAgain: '', security: '', securityAgain: '' };

/** What of the form needs a password, and whether it is one that was never given before. */
export function secretNeeds(draft: BackupDraft, { status }: InstanceView) {
  const preferred = status.encryption ?? null;
  const kept = preferred?.kept ?? false;
  const named = (status.securityFiles ?? 0) > 0;
  const encrypt = draft.encrypt ?? kept;
  const securityFiles = draft.securityFiles ?? (kept && named);
  return {
    preferred,
    kept,
    encrypt,
    securityFiles,
    pages: encrypt && !kept,
    /** A definition knows its password; without one, a typing error would make the backup unreadable for ever. */
    pagesTwice: encrypt && preferred === null,
    security: securityFiles && !kept,
  };
}

/** Problems by field. */
export function secretProblems(
  draft: BackupDraft,
  instance: InstanceView,
  secrets: SecretsDraft,
): Partial<Record<keyof SecretsDraft, string>> {
  const needs = secretNeeds(draft, instance);
  const problems: Partial<Record<keyof SecretsDraft, string>> = {};
  if (needs.pages && secrets.pages === '') problems.pages = 'Needed to encrypt the pages';
  if (needs.pagesTwice && secrets.pages !== secrets.pagesAgain) problems.pagesAgain = 'Not the same';
  if (needs.security && secrets.security === '') problems.security = 'Needed for the security files';
  if (needs.securityFiles && secrets.security !== secrets.securityAgain) problems.securityAgain = 'Not the same';
  return problems;
}

/** As the start call takes them. */
export function secretsToSend(draft: BackupDraft, instance: InstanceView, secrets: SecretsDraft) {
  const needs = secretNeeds(draft, instance);
  return {
    pages: needs.pages ? secrets.pages || null : null,
    security: needs.securityFiles ? secrets.security || null : null,
  };
}
