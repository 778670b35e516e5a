// The XML header: valid against its own DTD whatever the names, read with entities off and within a bound.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BackupHeader, buildHeader, dsVersion, headerLength, parseHeader } from '../../core/backup/header.ts';
import { parseHeaderTime } from '../../core/backup/header-time.ts';
import { temporaryFolder, writeFull } from './backup-support.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const hostile = `A"'<&>]]>--><!ENTITY é 中文 😀 </backup>`;
const header: BackupHeader = {
  version: '2',
  type: 'incremental',
  idtag: '697D8132',
  time: Date.UTC(2026, 0, 31, 4, 5, 6),
  srvname: '\\T=SITE\\O=ORG\\CN=SRV-1',
  dsversion: '10200',
  compression: 'zstd',
  os: 'linux',
  currentLog: '0000000a.log',
  numberOfFiles: 3,
  backupFile: '/backup/x.bak',
  incrementalId: '2',
  nextIncId: '3',
  files: [{ name: '/etc/keys', type: 'nici', encoding: 'base64', data: Buffer.from('secret').toString('base64') }],
  replicas: [
    { partitionDn: '\\T=SITE', modificationTime: 's3D611D95_r1_e2', type: 'MASTER', state: 'ON' },
    { partitionDn: '\\T=SITE\\O=X', modificationTime: 's3D611D95_r2_e1', type: 'READONLY', state: 'LOCKED' },
  ],
};

function validate(xml: Buffer): void {
  const file = path.join(folder, 'header.xml');
  fs.writeFileSync(file, xml);
  execFileSync('xmllint', ['--valid', '--noout', '--nonet', file], { stdio: ['ignore', 'ignore', 'pipe'] });
}

describe('the header', () => {
  it('is valid against its own DTD and reads back the same', () => {
    const xml = buildHeader(header);
    validate(xml);
    expect(parseHeader(xml.toString())).toEqual(header);
  });

  it('stays valid and the same with hostile names, and padded', () => {
    const nasty = {
      ...header,
      ...{ srvname: hostile, backupFile: `/x/${hostile}`, currentLog: hostile, incrementalId: hostile },
      files: [{ name: hostile, type: 'user' as const, encoding: 'base64', data: '' }],
      replicas: [{ partitionDn: hostile, modificationTime: hostile, type: 'MASTER', state: 'ON' }],
    };
    const xml = buildHeader(nasty, 8192);
    expect(xml.length).toBe(8192);
    expect(headerLength(Buffer.concat([xml, Buffer.from('</backup>')]))).toBe(8192);
    validate(xml);
    expect(parseHeader(xml.toString())).toEqual(nasty);
  });

  it('reads back any text that XML can hold, as property', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary-ascii' }), (a, b) => {
        const text = a + b.replace(/\p{Cc}/gu, '');
        const xml = buildHeader({ ...header, srvname: text, backupFile: text });
        expect(parseHeader(xml.toString())).toMatchObject({ srvname: text, backupFile: text });
      }),
      { seed: 5 },
    );
  });

  it('refuses what XML cannot hold', () => {
    for (const text of ['a\nb', 'a\tb', 'a\u0000b', 'a\u007fb', 'a\ufffeb', 'a\ud800b']) {
      expect(() => buildHeader({ ...header, srvname: text })).toThrow(
        expect.objectContaining({ name: 'INVALID_INPUT' }),
      );
    }
  });

  it('of a real backup is valid once cut at its end', async () => {
    const file = path.join(folder, `it's <&> "é".bak`);
    const changes = {
      identity: { site: 'S<>&"', instance: "D'1" },
      options: { partBytes: 100_000, compression: 'none' as const },
    };
    const { files } = await writeFull(file, { pages: 200 }, changes);
    expect(files.length).toBeGreaterThan(2);
    for (const part of files) {
      const bytes = fs.readFileSync(part);
      validate(bytes.subarray(0, headerLength(bytes)));
    }
  });
});

describe('reading foreign headers', () => {
  it("takes the field's original form", () => {
    const doctype = buildHeader(header).toString().split('<backup ')[0]!;
    const original = `${doctype}<backup version="2" backup_type="full" idtag="3D611DA2" time="2002-8-19'T10:32:35" srvname="\\T=MY_TREE\\O=novell\\CN=DSUTIL-DELL-NDS" dsversion="1041081" os="windows" current_log="00000003.log" next_inc_file_ID="2" number_of_files="0000001" backup_file="c:\\backup\\header.bak"><replica partition_DN="\\T=MY_TREE" modification_time="s3D611D95_r1_e2" replica_type="MASTER" replica_state="ON" /><file size="190" name="C:\\XARCHIVE.001" encoding="base64" type="nici">the data is included here</file>\n\n</backup>`;
    const read = parseHeader(original);
    expect(read).toMatchObject({ compression: 'none', numberOfFiles: 1, nextIncId: '2', incrementalId: null });
    expect(new Date(read.time).toISOString()).toBe('2002-08-19T16:32:34.000Z');
    expect(read.files[0]).toMatchObject({ type: 'nici', data: 'the data is included here' });
  });

  it('expands no entities, of either kind', () => {
    const laughs = `<?xml version="1.0"?><!DOCTYPE backup [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>`;
    for (const entity of ['&b;', '&f;']) {
      const body = `<backup version="${entity}" backup_type="full" idtag="3D611DA2" time="2026-01-01T00:00:00Z" srvname="" dsversion="1" os="" current_log="" backup_file=""></backup>`;
      expect(() => parseHeader(laughs + body)).toThrow(expect.objectContaining({ name: 'NOT_A_BACKUP' }));
    }
  });

  it('refuses what is no header', () => {
    const bad = [
      '',
      '<backup>',
      '<html></html>',
      '<backup></backup>',
      `${buildHeader(header)}<x/>`,
      buildHeader(header).toString().replace('"incremental"', '"other"'),
      buildHeader(header).toString().replace('2026-01-31T', 'yesterday '),
      `<backup>${' '.repeat(5 * 1024 * 1024)}</backup>`,
    ];
    for (const xml of bad) {
      expect(() => parseHeader(xml), xml.slice(0, 40)).toThrow(expect.objectContaining({ name: 'NOT_A_BACKUP' }));
    }
  });
});

describe('times and ids', () => {
  it('reads all written forms', () => {
    expect(parseHeaderTime("2002-6-21'T19:53:5GMT")).toBe(Date.UTC(2002, 5, 21, 19, 53, 5));
    expect(parseHeaderTime('2026-01-31T04:05:06.000Z')).toBe(Date.UTC(2026, 0, 31, 4, 5, 6));
    expect(parseHeaderTime('2026-01-31T04:05:06+02:00')).toBe(Date.UTC(2026, 0, 31, 2, 5, 6));
    expect(parseHeaderTime("2002-8-19'T10:32:35", '00000001')).toBe(Date.UTC(2002, 7, 19, 10, 32, 35));
    expect(parseHeaderTime('yesterday')).toBeNull();
  });

  it('writes the version as an integer', () => {
    expect(dsVersion('1.2.0')).toBe('10200');
    expect(dsVersion()).toMatch(/^\d+$/);
  });
});
