// Option values and what they become; what is not valid is refused by name.
import { describe, expect, it } from 'vitest';
import type { HoldfastError } from '../../core/contract/errors.ts';
import { parseByteCount, parseCount, parseList, parseUntil } from '../../headless/cli/arguments.ts';
import { isInstanceName } from '../../headless/cli/engine-client.ts';
import { formatBytes, formatDuration, formatTable, formatTime } from '../../headless/cli/format.ts';
import { verificationForm } from '../../headless/cli/json-forms.ts';
import { createProgress } from '../../headless/cli/progress.ts';

const refusal = (work: () => unknown) => {
  try {
    return work();
  } catch (error) {
    return (error as HoldfastError).name;
  }
};

it('sizes are bytes, with binary factors', () => {
  expect(['512', '64k', '100M', '2gb', ' 1kB ', '4095.75 MB'].map((text) => parseByteCount(text, '-s'))).toEqual([
    512, 65_536, 104_857_600, 2_147_483_648, 1024, 4_294_705_152,
  ]);
  for (const text of ['', '-1', '1.5.5m', '5p', 'k'])
    expect(
      refusal(() => parseByteCount(text, '-s')),
      text,
    ).toBe('INVALID_INPUT');
});

it('counts are whole numbers within their bounds', () => {
  expect([parseCount('1', '-x', 19), parseCount('19', '-x', 19), parseCount('0', '-x', 9, 0)]).toEqual([1, 19, 0]);
  for (const text of ['0', '20', '1e1', '', ' 3', '0x3'])
    expect(
      refusal(() => parseCount(text, '-x', 19)),
      text,
    ).toBe('INVALID_INPUT');
});

it('moments are ISO times or stamps, which mean the whole of their second', () => {
  expect(parseUntil('2026-11-20T07:45:00Z')).toBe(Date.UTC(2026, 10, 20, 7, 45));
  expect(parseUntil('2026-11-20T07:45:00.250+02:00')).toBe(Date.UTC(2026, 10, 20, 5, 45, 0, 250));
  expect(parseUntil('s3D35F377 r02 e002')).toBe(0x3d35f377 * 1000 + 999);
  expect(parseUntil('s3D611D95_r1_e2')).toBe(0x3d611d95 * 1000 + 999);
  for (const text of ['now', '1', '07:45', '20 Nov 2026', '2026-13-01', 's12'])
    expect(
      refusal(() => parseUntil(text)),
      text,
    ).toBe('INVALID_INPUT');
});

it('lists drop what is empty', () => {
  expect(parseList(' a.bak, b.bak ,,')).toEqual(['a.bak', 'b.bak']);
});

it('names of instances are told from paths', () => {
  expect(['SRV-1/Directory', 'a/b'].map(isInstanceName)).toEqual([true, true]);
  expect(['./a/b', '/srv/db', 'db.sqlite', 'SRV-1/a.db', 'a/b/c', 'test/unit'].map(isInstanceName)).toEqual(
    Array(6).fill(false),
  );
});

it('sizes are written as they are typed, and tables in columns', () => {
  expect([0, 999, 1024, 12_345, 123_456_789].map(formatBytes)).toEqual(['0 B', '999 B', '1 KB', '12.1 KB', '118 MB']);
  expect([5, 1500, 61_000, 3_660_000].map(formatDuration)).toEqual(['5 ms', '1.5 s', '1 min 1 s', '1 h 1 min']);
  expect([formatTime(null), formatTime(0)]).toEqual(['–', '1970-01-01T00:00:00.000Z']);
  expect(formatTable(['A', 'LONG'], [['wide', 'x'], ['y']])).toEqual(['A     LONG', 'wide  x', 'y']);
});

it('a verification has one row a replica, with stamps as text or null', () => {
  const row = {
    replica: 2,
    local: null,
    remote: { replica: 2, sec: 0x3d35f3c4, event: 2, seq: 0 },
    status: 'behind' as const,
    behindSec: 84,
    behindCommits: 0,
  };
  const server = { server: 'SRV-2', replica: '\\O=novell', status: 'behind' as const, rows: [row] };
  expect(verificationForm({ status: 'behind', code: -6034, integrity: 'ok', servers: [server] })).toEqual({
    status: 'behind',
    code: -6034,
    integrity: 'ok',
    servers: [
      {
        server: 'SRV-2',
        replica: '\\O=novell',
        status: 'behind',
        replicas: [
          { number: 2, local: null, remote: 's3D35F3C4 r02 e002', status: 'behind', behindSec: 84, behindCommits: 0 },
        ],
      },
    ],
  });
});

describe('progress', () => {
  const written = (isTTY: boolean) => {
    const lines: string[] = [];
    const progress = createProgress({
      isTTY,
      write: (text: string) => lines.push(text),
    } as unknown as NodeJS.WriteStream);
    for (const done of [0, 10, 50, 51, 100])
      progress.show({ phase: 'Copying pages', done: done * 1024, total: 102_400 });
    progress.show({ phase: 'Done', done: 0, total: null });
    progress.end();
    return lines;
  };

  it('is a line for each tenth where nobody looks', () => {
    expect(written(false)).toEqual([
      'Copying pages: 0 B of 100 KB\n',
      'Copying pages: 10 KB of 100 KB\n',
      'Copying pages: 50 KB of 100 KB\n',
      'Copying pages: 100 KB of 100 KB\n',
      'Done\n',
    ]);
  });

  it('is a bar that is taken away on a terminal', () => {
    const lines = written(true);
    expect(lines).toHaveLength(7);
    expect(lines[2]).toBe(`\r\u001b[2KCopying pages [${'█'.repeat(12)}${'░'.repeat(12)}] 50 % 50 KB`);
    expect(lines.slice(-2)).toEqual(['\r\u001b[2KDone', '\r\u001b[2K']);
  });
});
