// Who reads or writes which backup files now. Reading and removing exclude one another: whoever comes second is refused.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';

export interface BackupUses {
  /** From now until the returned call nothing removes these files. Throws BACKUP_ACTIVE when they are being removed. */
  hold(files: readonly string[], by: string): () => void;
  /** What holds files now. */
  list(): { file: string; by: string }[];
  /** Runs `remove` while nobody can take hold of the files; null, without running it, when one is held. */
  removing<T>(files: readonly string[], remove: () => Promise<T>): Promise<T | null>;
}

export function createBackupUses(): BackupUses {
  const holds = new Set<{ files: Set<string>; by: string }>();
  const going = new Set<string>();
  const normal = (files: readonly string[]) => new Set(files.map((file) => path.resolve(file)));
  return {
    hold(files, by) {
      const entry = { files: normal(files), by };
      const gone = [...entry.files].find((file) => going.has(file));
      if (gone)
        throw new HoldfastError('BACKUP_ACTIVE', `${gone} is being removed by the retention`, {
          hint: 'Plan again: another backup is chosen then.',
        });
      holds.add(entry);
      return () => void holds.delete(entry);
    },
    list: () => [...holds].flatMap(({ files, by }) => [...files].map((file) => ({ file, by }))),
    async removing(files, remove) {
      const wanted = normal(files);
      for (const { files: held } of holds) for (const file of wanted) if (held.has(file)) return null;
      for (const file of wanted) going.add(file);
      try {
        return await remove();
      } finally {
        for (const file of wanted) going.delete(file);
      }
    },
  };
}
