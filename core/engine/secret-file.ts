// Passwords and keys that this engine needs at work: one file beside the catalogue, readable by its user alone, never shown to a console.
import fs from 'node:fs';
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import type { NotifySecrets } from '../notify/types.ts';
import { systemFiles, writeFileDurably } from '../platform/files.ts';

/** The desktop's key ring, where there is one: what lies in the file is then of no use to another user or machine. */
export interface SecretSealer {
  seal(text: string): string;
  /** Throws when it was sealed by another. */
  open(sealed: string): string;
}

interface Entry {
  sealed: boolean;
  value: string;
}

/** `secrets.json` in the data folder, mode 0600. Throws IO_ERROR when it cannot be read or written. */
export function openSecretFile(dataFolder: string, sealer: SecretSealer | null): NotifySecrets {
  const file = path.join(dataFolder, 'secrets.json');

  function read(): Record<string, Entry> {
    try {
      return JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, Entry>;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
      throw new HoldfastError('IO_ERROR', `The secrets in ${file} cannot be read`, { cause: error });
    }
  }

  return {
    get(id) {
      const entry = read()[id];
      if (!entry) return null;
      if (!entry.sealed) return entry.value;
      if (!sealer)
        throw new HoldfastError('NOT_SUPPORTED', 'This secret was sealed by the desktop application', {
          hint: 'Enter it again.',
        });
      return sealer.open(entry.value);
    },
    set(id, secret) {
      const all = read();
      if (secret === null) {
        if (!(id in all)) return;
        delete all[id];
      } else all[id] = sealer ? { sealed: true, value: sealer.seal(secret) } : { sealed: false, value: secret };
      writeFileDurably(systemFiles, file, JSON.stringify(all));
    },
  };
}
