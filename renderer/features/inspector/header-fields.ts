// The fields of a backup header in reading order, each with what it is for; and the lines of its XML with their parts.
import type { BackupFileInfo } from '../../../core/contract/backup.ts';
import { formatBytes, formatCount } from '../../ui/format-bytes.ts';

export interface HeaderField {
  label: string;
  value: string;
  /** The attribute of the XML header that says it; null when it stands in the payload. */
  attribute: string | null;
  mono: boolean;
}

function encryptionText({ encryption }: BackupFileInfo): string {
  if (!encryption) return 'none';
  const cipher = encryption.cipher.toUpperCase();
  return encryption.definition === null ? `${cipher}, under a password` : `${cipher}, under “${encryption.definition}”`;
}

const utc = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** Groups of fields: what it is, where it stands in its chain, what is inside. */
export function headerFields(info: BackupFileInfo): { title: string; fields: HeaderField[] }[] {
  const field = (
    label: string,
    value: string | number | null,
    attribute: string | null = null,
    mono = false,
  ): HeaderField => ({
    label,
    value: value === null || value === '' ? '–' : String(value),
    attribute,
    mono,
  });
  return [
    {
      title: 'Backup',
      fields: [
        field('Type', info.cold ? `${info.type}, cold` : info.type, 'backup_type'),
        field('ID', info.idtag, 'idtag', true),
        field('Started', utc(info.time), 'time'),
        field('Shows the moment', utc(info.consistentAt)),
        field('Server', info.srvname, 'srvname', true),
        field('Instance', info.instance),
        field('Written by version', info.dsversion, 'dsversion'),
        field('Operating system', info.os, 'os'),
        field('Compression', info.compression, 'compression'),
        field('Encryption', encryptionText(info)),
      ],
    },
    {
      title: 'Chain',
      fields: [
        field('Number in the chain', info.sequence),
        field('Full at its start', info.baseIdtag, null, true),
        field('This incremental', info.incrementalId, 'incremental_file_ID', true),
        field('Next incremental', info.nextIncId, 'next_inc_file_ID', true),
        field('Serial', info.serial, null, true),
        field('Serial before', info.previousSerial, null, true),
        field('First log needed', info.currentLog, 'current_log', true),
      ],
    },
    {
      title: 'Files and pages',
      fields: [
        field('File', info.file, 'backup_file', true),
        field('Parts', Math.max(info.parts.length, 1), 'number_of_files'),
        field('Size', formatBytes(info.bytes)),
        field('Pages', `${formatCount(info.pageCount)} of ${formatCount(info.pageSize)} bytes`),
      ],
    },
  ];
}

export interface XmlPart {
  kind: 'tag' | 'name' | 'value' | 'declaration' | 'text';
  text: string;
}

const pattern = /(<!--[\s\S]*?-->|<[!?][^>]*>?)|(<\/?[\w.-]+|\/?>)|([\w.-]+(?==\s*"))|("[^"]*")/g;

/** One line of XML cut into parts to be coloured; joined again they are the line. A DTD spread over lines stays text. */
export function xmlParts(line: string): XmlPart[] {
  const parts: XmlPart[] = [];
  let at = 0;
  for (const match of line.matchAll(pattern)) {
    if (match.index > at) parts.push({ kind: 'text', text: line.slice(at, match.index) });
    const kind = match[1] ? 'declaration' : match[2] ? 'tag' : match[3] ? 'name' : 'value';
    parts.push({ kind, text: match[0] });
    at = match.index + match[0].length;
  }
  if (at < line.length) parts.push({ kind: 'text', text: line.slice(at) });
  return parts;
}
