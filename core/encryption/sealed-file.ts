// A security file as it stands in a backup header: encrypted under a password, bound to its name, readable by itself.
import { HoldfastError } from '../contract/errors.ts';
import { newBlockCipher, openBlockCipher } from './block-cipher.ts';
import { type EncryptionRecord, encryptionRecordSchema } from './record.ts';
import type { BlockCipher, KeySource, MasterKey } from './types.ts';

const MAGIC = Buffer.from('HFS1', 'latin1');
const FIXED_BYTES = 12;
const MAX_RECORD_BYTES = 4096;

/** Seals the files of one backup; each call is the next file. */
export function createSealer(master: MasterKey): (name: string, content: Buffer) => Buffer {
  const cipher = newBlockCipher(master);
  const record = Buffer.from(JSON.stringify(cipher.record));
  let count = 0;
  return (name, content) => {
    const number = count++;
    const fixed = Buffer.alloc(FIXED_BYTES);
    MAGIC.copy(fixed);
    fixed.writeUInt32LE(number, 4);
    fixed.writeUInt32LE(record.length, 8);
    return Buffer.concat([fixed, record, cipher.seal(number, boundTo(name), content)]);
  };
}

/** Opens the files of one backup; the key is derived once. */
export function createOpener(keys: KeySource): (name: string, sealed: Buffer) => Promise<Buffer> {
  const ciphers = new Map<string, Promise<BlockCipher>>();
  return async (name, sealed) => {
    const { record, number, body } = parse(name, sealed);
    const cipher = ciphers.get(record.seed) ?? openBlockCipher(record, keys);
    ciphers.set(record.seed, cipher);
    const content = (await namingSecret('security files', cipher)).open(number, boundTo(name), body);
    if (!content) throw new HoldfastError('BACKUP_DAMAGED', `The security file ${name} was changed in the backup.`);
    return content;
  };
}

/** Says which secret it is that is missing or wrong: a backup can have two. */
export async function namingSecret<T>(what: string, opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    const wrong = error.name === 'WRONG_PASSWORD';
    const message = wrong
      ? `The password does not open the ${what} of this backup.`
      : `The ${what} of this backup are encrypted, and no password was given.`;
    throw new HoldfastError(error.name, message, { cause: error });
  }
}

/** Another file under this name must not pass for it. */
const boundTo = (name: string) => Buffer.from(`security file\0${name}`);

function parse(name: string, sealed: Buffer): { record: EncryptionRecord; number: number; body: Buffer } {
  const problem = () => new HoldfastError('BACKUP_DAMAGED', `The security file ${name} cannot be read.`);
  if (sealed.length < FIXED_BYTES || !sealed.subarray(0, MAGIC.length).equals(MAGIC)) throw problem();
  const length = sealed.readUInt32LE(8);
  if (length > MAX_RECORD_BYTES || FIXED_BYTES + length + 16 > sealed.length) throw problem();
  let record: unknown;
  try {
    record = JSON.parse(sealed.subarray(FIXED_BYTES, FIXED_BYTES + length).toString());
  } catch (error) {
    throw new HoldfastError('BACKUP_DAMAGED', `The security file ${name} cannot be read.`, { cause: error });
  }
  const parsed = encryptionRecordSchema.safeParse(record);
  if (!parsed.success) throw problem();
  return { record: parsed.data, number: sealed.readUInt32LE(4), body: sealed.subarray(FIXED_BYTES + length) };
}
