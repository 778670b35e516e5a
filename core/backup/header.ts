// The XML header of a backup file: built so that it is valid against its own DTD, read with entities off and within a bound.
import { SaxesParser } from 'saxes';
import packageJson from '../../package.json' with { type: 'json' };
import type { BackupType } from '../contract/backup.ts';
import { HoldfastError } from '../contract/errors.ts';
import { parseHeaderTime } from './header-time.ts';

/** Stands in every header of ours: what tells a damaged file of ours from somebody else's. */
export const HEADER_MARK =
  '<!-- Holdfast backup: binary data follows this header, so never save this file from an editor. -->';

const PROLOG = `<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>
${HEADER_MARK}
<!DOCTYPE backup [
<!ELEMENT backup (file|replica)*>
<!ELEMENT file (#PCDATA)>
<!ELEMENT replica EMPTY>
<!ATTLIST backup version CDATA #REQUIRED
    backup_type (full|incremental) #REQUIRED
    idtag CDATA #REQUIRED
    time CDATA #REQUIRED
    srvname CDATA #REQUIRED
    dsversion CDATA #REQUIRED
    compression CDATA "none"
    os CDATA #REQUIRED
    current_log CDATA #REQUIRED
    number_of_files CDATA #IMPLIED
    backup_file CDATA #REQUIRED
    incremental_file_ID CDATA #IMPLIED
    next_inc_file_ID CDATA #IMPLIED>
<!ATTLIST file size CDATA #REQUIRED
    name CDATA #REQUIRED
    encoding CDATA "base64"
    type (user|nici) #REQUIRED>
<!ATTLIST replica partition_DN CDATA #REQUIRED
    modification_time CDATA #REQUIRED
    replica_type (MASTER|SECONDARY|READONLY|SUBREF|
    SPARSE_WRITE|SPARSE_READ|Unknown) #REQUIRED
    replica_state (ON|NEW_REPLICA|DYING_REPLICA|LOCKED|
    CRT_0|CRT_1|TRANSITION_ON|DEAD_REPLICA|
    BEGIN_ADD|MASTER_START|MASTER_DONE|
    FEDERATED|SS_0|SS_1|JS_0|JS_1|MS_0|MS_1|
    Unknown) #REQUIRED>
]>

`;
const END = '</backup>';

/** A longer header is refused unread. */
export const MAX_HEADER_BYTES = 4 * 1024 * 1024;

export interface HeaderReplica {
  partitionDn: string;
  /** `s3D611D95_r1_e2` */
  modificationTime: string;
  type: string;
  state: string;
}

/** In place of `base64`: the content is not here but in blocks behind the pages. */
export const IN_BLOCKS = 'blocks';
/** Hex digits of its length, so that the header has one length before and after the file was read. */
const LENGTH_DIGITS = 12;

/** A file that travels in the header, or is listed there; `data` is base64 and stays text here. */
export interface HeaderFile {
  name: string;
  type: 'user' | 'nici';
  encoding: string;
  data: string;
  /** Length of the content of one in blocks. */
  bytes?: number;
  /** While it is written: somebody wrote to the file when it was read. */
  changed?: boolean;
}

export interface BackupHeader {
  version: string;
  type: BackupType;
  idtag: string;
  /** Start of the backup, ms since 1970. */
  time: number;
  srvname: string;
  dsversion: string;
  compression: string;
  os: string;
  currentLog: string;
  /** First file of a set only. */
  numberOfFiles: number | null;
  backupFile: string;
  incrementalId: string | null;
  nextIncId: string | null;
  files: HeaderFile[];
  replicas: HeaderReplica[];
}

/** `1.2.3` as 10203. */
export function dsVersion(version: string = packageJson.version): string {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return String(major * 10_000 + minor * 100 + patch);
}

/** What stands in `os`. */
export function osName(platform: string = process.platform): string {
  return platform === 'win32' ? 'windows' : platform;
}

/**
 * The header as UTF-8, ending with `</backup>`, padded with spaces before that tag to `bytes` when given.
 * Throws INVALID_INPUT for text that XML cannot hold, INTERNAL when it does not fit.
 */
export function buildHeader(header: BackupHeader, bytes?: number): Buffer {
  const attributes: [string, string | null][] = [
    ['version', header.version],
    ['backup_type', header.type],
    ['idtag', header.idtag],
    ['time', new Date(header.time).toISOString()],
    ['srvname', header.srvname],
    ['dsversion', header.dsversion],
    ['compression', header.compression],
    ['os', header.os],
    ['current_log', header.currentLog],
    ['number_of_files', header.numberOfFiles === null ? null : String(header.numberOfFiles).padStart(7, '0')],
    ['backup_file', header.backupFile],
    ['incremental_file_ID', header.incrementalId],
    ['next_inc_file_ID', header.nextIncId],
  ];
  const children = [
    ...header.replicas.map((replica) =>
      element('replica', [
        ['partition_DN', replica.partitionDn],
        ['modification_time', replica.modificationTime],
        ['replica_type', replica.type],
        ['replica_state', replica.state],
      ]),
    ),
    ...header.files.map((file) => {
      const length = file.bytes?.toString(16).padStart(LENGTH_DIGITS, '0') ?? file.data.length.toString(16);
      const size = ['size', length] as [string, string];
      const start = element('file', [size, ['name', file.name], ['encoding', file.encoding], ['type', file.type]]);
      return start.replace(/ \/>$/, `>${escapeXml(file.data)}</file>`);
    }),
  ];
  const start = element('backup', attributes).replace(/ \/>$/, '>');
  const text = `${PROLOG}${start}${children.map((child) => `\n${child}`).join('')}\n`;
  const used = Buffer.byteLength(text) + END.length;
  if (bytes !== undefined && used > bytes) throw new HoldfastError('INTERNAL', `The header needs ${used} bytes.`);
  return Buffer.from(`${text}${' '.repeat((bytes ?? used) - used)}${END}`);
}

function element(name: string, attributes: [string, string | null][]): string {
  const written = attributes.flatMap(([key, value]) => (value === null ? [] : ` ${key}="${escapeXml(value)}"`));
  return `<${name}${written.join('')} />`;
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

function escapeXml(text: string): string {
  if (!text.isWellFormed() || /[\p{Cc}\uFFFE\uFFFF]/u.test(text)) {
    throw new HoldfastError('INVALID_INPUT', `The name ${JSON.stringify(text)} holds control characters.`, {
      hint: 'Rename it: a backup header cannot hold such a name.',
    });
  }
  return text.replace(/[&<>"']/g, (character) => escapes[character]!);
}

/** Length of the XML in `bytes`, just past `</backup>`; -1 when its end is not there. */
export function headerLength(bytes: Buffer): number {
  const at = bytes.indexOf(END);
  return at < 0 ? -1 : at + END.length;
}

/** True when `bytes`, possibly cut short, can be the beginning of a header of ours. */
export function startsLikeOurs(bytes: Buffer): boolean {
  const prolog = Buffer.from(PROLOG);
  const length = Math.min(bytes.length, prolog.length);
  return bytes.subarray(0, length).equals(prolog.subarray(0, length));
}

/** Reads the header, also one in the field's original form. Throws NOT_A_BACKUP. */
export function parseHeader(xml: string): BackupHeader {
  const problem = (reason: string) => new HoldfastError('NOT_A_BACKUP', `The header cannot be read: ${reason}`);
  if (xml.length > MAX_HEADER_BYTES) throw problem('it is too long.');
  const parser = new SaxesParser<{ position: false; xmlns: false }>({ position: false, xmlns: false });
  let root: Record<string, string> | null = null;
  const replicas: HeaderReplica[] = [];
  const files: HeaderFile[] = [];
  let openFile: HeaderFile | null = null;
  let depth = 0;
  parser.on('error', (error) => {
    throw problem(error.message);
  });
  parser.on('opentag', ({ name, attributes }) => {
    depth++;
    if (name === 'backup' && depth === 1) root = attributes;
    else if (name === 'replica' && depth === 2) replicas.push(readReplica(attributes));
    else if (name === 'file' && depth === 2) {
      const type = attributes.type === 'nici' ? 'nici' : 'user';
      const file: HeaderFile = {
        name: attributes.name ?? '',
        type,
        encoding: attributes.encoding ?? 'base64',
        data: '',
      };
      if (file.encoding === IN_BLOCKS) file.bytes = Number.parseInt(attributes.size ?? '', 16);
      files.push(file);
      openFile = file;
    } else throw problem(`<${name}> is not expected.`);
  });
  parser.on('text', (text) => {
    if (openFile) openFile.data += text;
  });
  parser.on('closetag', ({ name }) => {
    depth--;
    if (name === 'file') openFile = null;
  });
  parser.write(xml).close();
  if (!root) throw problem('there is no <backup>.');
  return { ...readBackup(root, problem), files, replicas };
}

function readBackup(root: Record<string, string>, problem: (reason: string) => HoldfastError) {
  const required = (name: string): string => {
    const value = root[name];
    if (value === undefined) throw problem(`${name} is missing.`);
    return value;
  };
  const type = required('backup_type');
  if (type !== 'full' && type !== 'incremental') throw problem(`backup_type is “${type}”.`);
  const idtag = required('idtag');
  const time = parseHeaderTime(required('time'), idtag);
  if (time === null) throw problem(`time is “${root.time}”.`);
  return {
    version: required('version'),
    type: type as BackupType,
    idtag,
    time,
    srvname: required('srvname'),
    dsversion: required('dsversion'),
    compression: root.compression ?? 'none',
    os: required('os'),
    currentLog: required('current_log'),
    numberOfFiles: root.number_of_files === undefined ? null : Number.parseInt(root.number_of_files, 10),
    backupFile: required('backup_file'),
    incrementalId: root.incremental_file_ID ?? null,
    nextIncId: root.next_inc_file_ID ?? null,
  };
}

function readReplica(attributes: Record<string, string>): HeaderReplica {
  return {
    partitionDn: attributes.partition_DN ?? '',
    modificationTime: attributes.modification_time ?? '',
    type: attributes.replica_type ?? 'Unknown',
    state: attributes.replica_state ?? 'Unknown',
  };
}
