// The form of a backup as the administrator fills it, and the request that comes of it. Passwords are no part of it.
import type { BackupOptions } from '../../../core/contract/backup.ts';
import type { BackupRequest } from '../../../core/contract/console.ts';
import { parseBytes } from '../../ui/parse-bytes.ts';

export interface BackupDraft {
  type: 'full' | 'incremental' | 'cold';
  /** What a cold backup leaves behind. */
  followUp: BackupOptions['followUp'];
  /** Empty for the name that the engine gives. */
  file: string;
  at: 'start' | 'end';
  compress: boolean;
  level: number;
  split: boolean;
  /** As typed, for example `640 MB`. */
  partSize: string;
  /** Further folders that the parts go to in turn. */
  partFolders: string[];
  overwrite: boolean;
  /** Null: as the settings of the database say. */
  encrypt: boolean | null;
  securityFiles: boolean | null;
  /** Path of an include file; empty for none. */
  include: string;
}

export const newBackupDraft = (type: BackupDraft['type']): BackupDraft => ({
  type,
  followUp: 'open',
  file: '',
  at: 'start',
  compress: true,
  level: 1,
  split: false,
  partSize: '1 GB',
  partFolders: [],
  overwrite: false,
  encrypt: null,
  securityFiles: null,
  include: '',
});

const leastPart = 1024 * 1024;

type Problems = Partial<Record<'file' | 'partSize' | 'include', string>>;

/** Problems by field; empty when the request can be sent. */
export function backupProblems(draft: BackupDraft): Problems {
  const problems: Problems = {};
  if (/[\\/]$/.test(draft.file.trim())) problems.file = 'Give a file name, not only a folder';
  if (/[\\/]$/.test(draft.include.trim())) problems.include = 'Give the list, not a folder';
  if (draft.split) {
    const bytes = parseBytes(draft.partSize);
    if (bytes === null) problems.partSize = 'Give a size such as 640 MB';
    else if (bytes < leastPart) problems.partSize = 'At least 1 MB';
  }
  return problems;
}

/** Only what differs from the engine's own choice is sent, so that the plan shows what the engine would do. */
export function toBackupRequest(instanceId: string, draft: BackupDraft): BackupRequest {
  const file = draft.file.trim();
  const include = draft.include.trim();
  const cold = draft.type === 'cold';
  const partFolders = draft.split ? draft.partFolders.map((folder) => folder.trim()).filter(Boolean) : [];
  return {
    instanceId,
    type: draft.type === 'cold' ? 'full' : draft.type,
    at: draft.at,
    compression: draft.compress ? 'zstd' : 'none',
    level: draft.level,
    partBytes: draft.split ? (parseBytes(draft.partSize) ?? 0) : 0,
    overwrite: draft.overwrite,
    ...(file ? { file } : {}),
    ...(cold ? { cold, followUp: draft.followUp } : {}),
    ...(partFolders.length > 0 ? { partFolders } : {}),
    ...(draft.encrypt === null ? {} : { encrypt: draft.encrypt }),
    ...(draft.securityFiles === null ? {} : { securityFiles: draft.securityFiles }),
    ...(include ? { include } : {}),
  };
}
