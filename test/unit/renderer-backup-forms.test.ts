// The forms of the backup pages: sizes as typed, requests that come of them, problems, consequences, header fields, row texts.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LoggingConfig } from '../../core/contract/instance.ts';
import { backupProblems, newBackupDraft, toBackupRequest } from '../../renderer/features/backup/backup-draft.ts';
import { marksOf } from '../../renderer/features/chains/restore-points.ts';
import { backupOff, loggingText, walShare } from '../../renderer/features/databases/instance-text.ts';
import { headerFields, xmlParts } from '../../renderer/features/inspector/header-fields.ts';
import { changeOf, consequencesOf, draftOf, loggingProblems } from '../../renderer/features/logging/logging-draft.ts';
import { draftFrom, newDraft, type RestoreDraft, toRequest } from '../../renderer/features/restore/restore-draft.ts';
import { choiceText, fromLocalField, localField } from '../../renderer/features/restore/wizard-text.ts';
import { bytesText, parseBytes } from '../../renderer/ui/parse-bytes.ts';
import { fixtureInstance, fixtureStatus } from '../support/fixture-snapshot.ts';
import { backupInfo, fixtureTimeline } from '../support/fixture-timeline.ts';

const now = Date.UTC(2026, 10, 20, 8, 15, 4);
const MB = 1024 * 1024;

describe('sizes as typed', () => {
  test.each([
    ['100 MB', 100 * MB],
    ['1.5 GB', 1536 * MB],
    ['1,5gb', 1536 * MB],
    ['64 KiB', 65_536],
    ['4096', 4096],
    ['2G', 2048 * MB],
  ])('%s', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  test.each(['', 'MB', '-1', '1 apple', '1e9', '99999999999 TB'])('%s is not a size', (text) => {
    expect(parseBytes(text)).toBeNull();
  });

  test('every size reads back as itself', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 45 }), (bytes) => {
        expect(parseBytes(bytesText(bytes))).toBe(bytes);
      }),
    );
    expect(bytesText(4_294_705_152)).toBe('4095.75 MB');
    expect(bytesText(4097)).toBe('4097 B');
    expect(bytesText(100 * MB)).toBe('100 MB');
  });
});

describe('a backup', () => {
  test('leaves the file to the engine unless one is given', () => {
    expect(toBackupRequest('A/B', newBackupDraft('full'))).toEqual({
      instanceId: 'A/B',
      type: 'full',
      at: 'start',
      compression: 'zstd',
      level: 1,
      partBytes: 0,
      overwrite: false,
    });
    const given = toBackupRequest('A/B', {
      ...newBackupDraft('incremental'),
      file: ' /b/x.bak ',
      split: true,
      partSize: '640 MB',
      compress: false,
    });
    expect(given).toMatchObject({ file: '/b/x.bak', partBytes: 640 * MB, compression: 'none' });
  });

  test('names the field that is wrong', () => {
    expect(backupProblems(newBackupDraft('full'))).toEqual({});
    expect(backupProblems({ ...newBackupDraft('full'), file: '/b/' })).toHaveProperty('file');
    expect(backupProblems({ ...newBackupDraft('full'), split: true, partSize: 'much' })).toHaveProperty('partSize');
    expect(backupProblems({ ...newBackupDraft('full'), split: true, partSize: '4 KB' })).toHaveProperty('partSize');
    expect(backupProblems({ ...newBackupDraft('full'), split: false, partSize: 'much' })).toEqual({});
  });
});

describe('logging settings', () => {
  const config: LoggingConfig = { ...fixtureStatus(now).logging, directory: '/logs/nds.rfl' };
  const draft = draftOf(config);

  test('only what was changed is sent', () => {
    expect(changeOf(draft, config)).toBeNull();
    expect(changeOf({ ...draft, minSize: '0.1 GB' }, config)).toEqual({ minBytes: Math.round(0.1 * 1024 * MB) });
    expect(changeOf({ ...draft, minSize: '102400 KB' }, config)).toBeNull();
    expect(changeOf({ ...draft, on: false, directory: ' /other ' }, config)).toEqual({
      on: false,
      directory: '/other',
    });
  });

  test('problems stop an Apply', () => {
    expect(loggingProblems(draft)).toEqual({});
    expect(loggingProblems({ ...draft, directory: 'logs' })).toHaveProperty('directory');
    expect(loggingProblems({ ...draft, minSize: '' })).toHaveProperty('minSize');
    expect(loggingProblems({ ...draft, maxSize: '8 GB' }).maxSize).toContain('At most');
    expect(loggingProblems({ ...draft, minSize: '2 GB', maxSize: '1 GB' }).maxSize).toContain('minimum');
    expect(loggingProblems({ ...draft, directory: 'D:\\logs' })).toEqual({});
  });

  test('what follows is said before it is applied', () => {
    expect(consequencesOf(null)).toEqual([]);
    expect(consequencesOf({ minBytes: 1 })).toEqual([]);
    expect(consequencesOf({ on: true })[0]).toContain('full backup is required');
    expect(consequencesOf({ on: false })[0]).toContain('end of the last backup');
    expect(consequencesOf({ directory: '/x' })[0]).toContain('not moved');
  });
});

describe('a header', () => {
  test('has its fields with the attribute that says them', () => {
    const fields = headerFields(backupInfo(now, 2, { idtag: '3D611DA2', parts: ['a', 'b'] })).flatMap(
      (group) => group.fields,
    );
    expect(fields.find((field) => field.attribute === 'idtag')!.value).toBe('3D611DA2');
    expect(fields.find((field) => field.attribute === 'number_of_files')!.value).toBe('2');
    expect(fields.find((field) => field.label === 'Started')!.value).toBe('2026-11-20 08:15:04 UTC');
    expect(
      headerFields(backupInfo(now, 0))[1]!.fields.find((field) => field.attribute === 'incremental_file_ID')!.value,
    ).toBe('–');
  });

  test('parts of a line join to the line again', () => {
    const line = '<replica partition_DN="\\T=MY_TREE" modification_time="s3D611D95_r1_e2" /><!-- x --> tail';
    expect(
      xmlParts(line)
        .map((part) => part.text)
        .join(''),
    ).toBe(line);
    expect(xmlParts('<backup version="2">').map((part) => part.kind)).toEqual([
      'tag',
      'text',
      'name',
      'text',
      'value',
      'tag',
    ]);
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(
          xmlParts(text)
            .map((part) => part.text)
            .join(''),
        ).toBe(text);
      }),
    );
  });
});

describe('a row of the databases table', () => {
  const row = fixtureInstance('SRV-1', now);
  const with_ = (change: Parameters<typeof fixtureStatus>[1]) => ({ ...row, status: fixtureStatus(now, change) });

  test('commands are off with a reason', () => {
    expect(backupOff(null, 'full')).toBe('Choose a database first');
    expect(backupOff(row, 'full')).toBeNull();
    expect(backupOff({ ...row, reachable: false }, 'full')).toContain('does not answer');
    expect(backupOff(with_({ role: 'standby' }), 'full')).toContain('standby');
    expect(backupOff(with_({ lastFull: null }), 'incremental')).toBe('Take a full backup first');
    const required = with_({ fullRequired: true, fullRequiredReason: 'logging was turned on' });
    expect(backupOff(required, 'incremental')).toContain('logging was turned on');
    expect(backupOff(required, 'full')).toBeNull();
  });

  test('logging and the write-ahead log', () => {
    expect(loggingText(row)).toEqual({ on: true, text: 'on, 5' });
    expect(loggingText(with_({ logging: { ...row.status.logging, on: false } }))).toEqual({ on: false, text: 'off' });
    expect(walShare({ frames: 0, copiedBack: 0, bytes: 0, sealed: true })).toBe(1);
    expect(walShare({ frames: 800, copiedBack: 640, bytes: 1, sealed: false })).toBe(0.8);
  });
});

describe('the wizard in words', () => {
  const marks = marksOf(fixtureTimeline(now));
  const time = (at: number) => `T${at}`;

  test('says what was chosen in each step', () => {
    const draft = newDraft('SRV-1/Directory');
    expect(choiceText('source', draft, marks, time)).toContain('newest: incremental backup');
    expect(choiceText('point', draft, marks, time)).toBe('last commit');
    expect(choiceText('point', { ...draft, point: { kind: 'time', at: 7 } }, marks, time)).toBe('T7');
    expect(choiceText('target', { ...draft, target: { kind: 'file', server: 'S', path: '/x.db' } }, marks, time)).toBe(
      'S: /x.db',
    );
    expect(choiceText('options', draft, marks, time)).toBe('as usual');
    expect(choiceText('options', { ...draft, skipVerify: true, override: true }, marks, time)).toBe(
      'no verification, override',
    );
  });

  test('a local time field holds the second and reads back', () => {
    const second = Math.floor(now / 1000) * 1000;
    expect(fromLocalField(localField(second))).toBe(second);
    expect(fromLocalField('')).toBeNull();
  });
});

describe('a restore that is run again', () => {
  const marks = marksOf(fixtureTimeline(now));
  const idtag = marks[0]?.info.idtag ?? '';
  const changes: Partial<RestoreDraft>[] = [
    {},
    { idtag, point: { kind: 'backup' }, target: { kind: 'file', server: 'SRV-2', path: '/srv/copy.db' } },
    { point: { kind: 'time', at: now, stamp: { replica: 1, sec: 7, event: 2, seq: 9 } }, searchFolders: ['/mnt/old'] },
    { skipVerify: true, clearLock: true, activate: false, open: false, keepLogSettings: true },
    { override: true, peers: [{ server: 'SRV-9', replica: 'Directory', vector: null }] },
    { from: { server: 'SRV-1', folders: ['/mnt'], srvname: 'CN=SRV-1', instance: 'Directory' }, instanceId: '' },
  ];

  test.each(changes)('asks for what was asked for: %j', (change) => {
    const draft = { ...newDraft('SRV-1/Directory'), ...change };
    const request = toRequest(draft, marks);
    expect(toRequest(draftFrom(request), marks)).toEqual(request);
  });
});
