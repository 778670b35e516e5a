// The header region of one part: XML, then the preamble. Its length is fixed before the first block, its content only at the end.
import path from 'node:path';
import type { BackupFileInfo } from '../contract/backup.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { EncryptionRecord } from '../encryption/record.ts';
import type { Files } from '../platform/files.ts';
import { formatHeaderStamp } from '../vectors/stamp.ts';
import { stampOf } from '../vectors/vector.ts';
import { fileError, naming, readAt } from './file-access.ts';
import { listedFiles } from './file-section.ts';
import { openGuarded } from './guarded-open.ts';
import {
  type BackupHeader,
  buildHeader,
  dsVersion,
  headerLength,
  MAX_HEADER_BYTES,
  osName,
  parseHeader,
  startsLikeOurs,
} from './header.ts';
import { damaged } from './layout.ts';
import { partPlace } from './part-names.ts';
import type { PartRecord } from './part-record.ts';
import {
  decodePreamble,
  encodePreamble,
  holdsPreamble,
  PREAMBLE_BYTES,
  PREAMBLE_MAGIC,
  preambleLength,
} from './preamble.ts';
import type { BackupIdentity, BackupOutcome, WriteBackupOptions } from './types.ts';

/** Room for what is known only at the end: the stamp and the name of the current log. */
const RESERVE_BYTES = 512;
const ALIGNMENT = 4096;
const FIRST_READ_BYTES = 32 * 1024;

/** A part whose header was read and found sound. */
export interface Part {
  file: string;
  xml: string;
  header: BackupHeader;
  record: PartRecord;
  /** Where the first block begins. */
  dataOffset: number;
  /** Actual length of the file. */
  bytes: number;
}

/** Length of the header region of part `index`; the same before the backup as after it. */
export function partHeaderBytes(identity: BackupIdentity, options: WriteBackupOptions, index: number): number {
  return xmlBytes(identity, options, index) + PREAMBLE_BYTES;
}

/** The whole header region, once the outcome is known. */
export function encodePartHeader(
  identity: BackupIdentity,
  options: WriteBackupOptions,
  pageSize: number,
  outcome: BackupOutcome,
  place: Pick<PartRecord, 'part' | 'parts' | 'partBytes' | 'mapOffset' | 'filesOffset' | 'files'>,
  encryption?: EncryptionRecord,
): Buffer {
  const xml = buildHeader(
    xmlFields(identity, options, outcome, place.part, place.parts),
    xmlBytes(identity, options, place.part),
  );
  const { previousSerial, serial, sequence, baseIdtag, incrementalId, nextIncId, databaseSerial, logSerial } = identity;
  const { site, organization, server, instance, databasePath, replica, startedAt, type, idtag } = identity;
  const record: PartRecord = {
    ...{ idtag, serial, previousSerial, type, sequence, baseIdtag, incrementalId, nextIncId, databaseSerial },
    ...(logSerial === undefined ? {} : { logSerial }),
    ...{ site, organization, server, instance, databasePath, replica, startedAt },
    at: outcome.at,
    consistentAt: outcome.consistentAt,
    pageSize,
    pageCount: outcome.pageCount,
    vector: outcome.vector,
    currentLog: outcome.currentLog,
    compression: options.compression,
    ...(options.cold ? { cold: true } : {}),
    ...(options.partFolders?.length ? { partFolders: options.partFolders } : {}),
    ...(encryption ? { encryption } : {}),
    ...(outcome.backends ? { backends: outcome.backends } : {}),
    ...place,
  };
  return Buffer.concat([xml, encodePreamble(record, xml)]);
}

/**
 * Reads the header of one file, and nothing but the header. Throws NOT_FOUND, NOT_A_BACKUP, BACKUP_TRUNCATED, BACKUP_DAMAGED,
 * BACKUP_NEWER_FORMAT.
 */
export function readPart(file: string, files: Files): Part {
  try {
    const fd = openGuarded(file, files);
    try {
      return readOpenPart(file, fd, files);
    } finally {
      files.closeSync(fd);
    }
  } catch (error) {
    if (error instanceof HoldfastError) throw naming(error, file);
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw new HoldfastError('NOT_FOUND', `${file} does not exist.`, { cause: error });
    throw fileError(error, `Reading ${file}`);
  }
}

function readOpenPart(file: string, fd: number, files: Files): Part {
  const bytes = files.fstatSync(fd).size;
  let start = readAt(files, fd, 0, Math.min(bytes, FIRST_READ_BYTES));
  // Either trace tells a damaged file of ours from a foreign one.
  const ours = startsLikeOurs(start) || holdsPreamble(start);
  if (!ours && !start.subarray(0, 5).equals(Buffer.from('<?xml'))) throw new HoldfastError('NOT_A_BACKUP');
  while (headerLength(start) < 0) {
    if (holdsPreamble(start)) throw damaged('the XML header was changed');
    if (start.length >= bytes && ours) throw new HoldfastError('BACKUP_TRUNCATED', 'The file ends within its header.');
    if (start.length >= Math.min(bytes, MAX_HEADER_BYTES)) throw new HoldfastError('NOT_A_BACKUP');
    const more = readAt(files, fd, 0, Math.min(bytes, MAX_HEADER_BYTES, start.length * 4));
    if (more.length <= start.length) throw new HoldfastError('BACKUP_TRUNCATED', 'The file became shorter while read.');
    start = more;
  }
  const length = headerLength(start);
  const xml = start.subarray(0, length);
  const fixed = readAt(files, fd, length, 64);
  const marked = fixed.subarray(0, PREAMBLE_MAGIC.length).equals(PREAMBLE_MAGIC);
  if (!ours && !marked) throw new HoldfastError('NOT_A_BACKUP', 'The file has a backup header of another program.');
  if (fixed.length < 64) throw new HoldfastError('BACKUP_TRUNCATED', 'The file ends within its header.');
  if (!marked) throw damaged('the header is not followed by its preamble');
  const expected = preambleLength(fixed);
  const preamble = readAt(files, fd, length, expected);
  if (preamble.length < expected) {
    if (expected !== PREAMBLE_BYTES) throw damaged('the preamble has no sound length');
    throw new HoldfastError('BACKUP_TRUNCATED', 'The file ends within its header.');
  }
  const record = decodePreamble(preamble, xml);
  if (bytes < record.partBytes) {
    throw new HoldfastError('BACKUP_TRUNCATED', `The file has ${bytes} of ${record.partBytes} bytes.`);
  }
  if (bytes > record.partBytes) throw damaged(`it has ${bytes - record.partBytes} bytes after its end`);
  const text = xml.toString();
  return { file, xml: text, header: parseHeader(text), record, dataOffset: length + preamble.length, bytes };
}

/** What the seal of an encrypted set vouches for; `digest` is the one over all its block headers. */
export function sealedText(
  set: Pick<
    PartRecord,
    | 'idtag'
    | 'serial'
    | 'previousSerial'
    | 'type'
    | 'sequence'
    | 'baseIdtag'
    | 'pageSize'
    | 'pageCount'
    | 'parts'
    | 'consistentAt'
    | 'currentLog'
    | 'vector'
    | 'files'
  >,
  digest: Buffer,
): string {
  const stamps = set.vector.map(({ replica, sec, event, seq }) => `${replica} ${sec} ${event} ${seq}`);
  const { idtag, serial, previousSerial, type, sequence, baseIdtag, pageSize, pageCount, parts } = set;
  const chain = [idtag, serial, previousSerial ?? '-', type, sequence, baseIdtag];
  const facts = [pageSize, pageCount, parts, set.consistentAt, set.currentLog];
  const files = set.files ? [set.files.blocks, set.files.digest] : [];
  return [...chain, ...facts, ...stamps, digest.toString('hex'), ...files].join('\n');
}

/** What a set says of itself; `parts` are all its files in order. */
export function describeSet(parts: Part[]): BackupFileInfo {
  const { header, record } = parts[0]!;
  return {
    file: parts[0]!.file,
    parts: parts.map((part) => part.file),
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
    idtag: record.idtag,
    type: record.type,
    time: header.time,
    srvname: header.srvname,
    instance: record.instance,
    dsversion: header.dsversion,
    compression: record.compression,
    cold: record.cold ?? false,
    encryption: record.encryption
      ? { cipher: record.encryption.cipher, definition: record.encryption.definition }
      : null,
    files: header.files.map(({ name, type, data, bytes }) => ({ name, type, bytes: bytes ?? decodedLength(data) })),
    os: header.os,
    currentLog: record.currentLog,
    incrementalId: record.incrementalId,
    nextIncId: record.nextIncId,
    serial: record.serial,
    databaseSerial: record.databaseSerial,
    ...(record.logSerial === undefined ? {} : { logSerial: record.logSerial }),
    previousSerial: record.previousSerial,
    sequence: record.sequence,
    baseIdtag: record.baseIdtag,
    pageSize: record.pageSize,
    pageCount: record.pageCount,
    vector: record.vector,
    consistentAt: record.consistentAt,
    replicas: header.replicas,
  };
}

function xmlFields(
  identity: BackupIdentity,
  options: WriteBackupOptions,
  outcome: Pick<BackupOutcome, 'vector' | 'currentLog'>,
  part: number,
  parts: number,
): BackupHeader {
  const { site, organization, server, instance, replica } = identity;
  const stamp = stampOf(outcome.vector, replica) ?? { replica, sec: 0, event: 0, seq: 0 };
  return {
    version: '2',
    type: identity.type,
    idtag: identity.idtag,
    time: identity.startedAt,
    srvname: `\\T=${site}\\O=${organization}\\CN=${server}`,
    dsversion: dsVersion(),
    compression: options.compression,
    os: osName(),
    currentLog: outcome.currentLog,
    numberOfFiles: part === 0 ? parts : null,
    backupFile: partPlace(path.resolve(options.file), part, options.partFolders),
    incrementalId: identity.incrementalId,
    nextIncId: identity.nextIncId,
    files: part === 0 ? filesOf(options) : [],
    replicas: [
      {
        partitionDn: `\\T=${site}\\O=${organization}\\OU=${instance}`,
        modificationTime: formatHeaderStamp(stamp),
        type: 'MASTER',
        state: 'ON',
      },
    ],
  };
}

const filesOf = ({ streams, otherFiles }: WriteBackupOptions) => (streams ? listedFiles(streams) : (otherFiles ?? []));

/** Rounded so that the first block begins at a multiple of 4096. */
function xmlBytes(identity: BackupIdentity, options: WriteBackupOptions, index: number): number {
  const bare = buildHeader(xmlFields(identity, options, { vector: [], currentLog: '' }, index, 1));
  return Math.ceil((bare.length + RESERVE_BYTES) / ALIGNMENT) * ALIGNMENT;
}

/** Bytes of what is written in base64. */
function decodedLength(data: string): number {
  const text = data.trim();
  return Math.max(0, Math.floor((text.length * 3) / 4) - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0));
}
