// The error catalogue as a table to read: what documentation, command line and console show of it.
import { type ErrorName, errorCatalogue } from './errors.ts';

export interface ErrorEntry {
  name: ErrorName;
  code: number;
  /** As the field prints it: 32 bits, two's complement, `FFFFE86E`. */
  hex: string;
  /** What the same number is called in the field; null for a number of Holdfast's own. */
  field: string | null;
  cause: string;
  /** The next step. */
  hint: string;
  /** What the command line exits with. */
  exit: number;
  /** Why the number is kept although nothing reports it; null when something does. */
  reserved: string | null;
}

/** The field's own names of the numbers that Holdfast shares with it. */
const fieldNames: Partial<Record<ErrorName, string>> = {
  SERIAL_MISMATCH: 'serial number mismatch',
  LOG_DATABASE_MISMATCH: 'bad roll-forward log database serial number',
  LOG_SERIAL_MISMATCH: 'bad roll-forward log serial number',
  INVALID_SEQUENCE: 'invalid file sequence',
  LOG_GAP: 'roll-forward log transaction gap',
  LOG_NUMBER_MISMATCH: 'bad roll-forward log file number',
  LOG_NOT_FOUND: 'roll-forward log file not found',
  BACKUP_ACTIVE: 'backup active',
  LOG_DEVICE_FULL: 'roll-forward log device full',
  VERIFICATION_BEHIND: 'restore verification: the remote transitive vector is ahead',
};

/** Numbers that nothing reports; each keeps its meaning, so that it is never given to anything else. */
const reserved: Partial<Record<ErrorName, string>> = {
  COPY_OUT_OF_SYNC: 'Such a copy is activated by typing its name: a question, not an error.',
  INVALID_NAME: 'A name that is not allowed is reported as INVALID_INPUT, with the field that holds it.',
};

/** Everything, by number: the field's first. */
export const errorTable: readonly ErrorEntry[] = (Object.keys(errorCatalogue) as ErrorName[])
  .map((name) => {
    const { code, cause, hint, exit } = errorCatalogue[name];
    return {
      ...{ name, code, cause, hint, exit },
      hex: (code >>> 0).toString(16).toUpperCase(),
      field: fieldNames[name] ?? null,
      reserved: reserved[name] ?? null,
    };
  })
  .sort((a, b) => b.code - a.code);

/** Entries that a search means: a number with or without its sign, its hex form, or words that all occur. Everything for an empty one. */
export function findErrors(search: string): ErrorEntry[] {
  const text = search.trim();
  const number = /^[-–−]?\s*(\d{2,5})$/.exec(text)?.[1];
  if (number) return errorTable.filter(({ code }) => String(-code).startsWith(number));
  const words = text
    .toLowerCase()
    .split(/[\s_]+/)
    .filter(Boolean);
  return errorTable.filter(({ name, hex, field, cause, hint }) => {
    const all = `${name.replaceAll('_', ' ')} ${name} ${hex} ${field ?? ''} ${cause} ${hint}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
}
