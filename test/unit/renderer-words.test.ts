// What the console says and decides without drawing: sizes, times, commands, shortcuts, list order, data age, names.
import { describe, expect, it } from 'vitest';
import { type Command, offReason } from '../../renderer/commands/command.ts';
import { matchCommands } from '../../renderer/commands/match.ts';
import { keyName } from '../../renderer/commands/shortcuts.ts';
import { configProblem } from '../../renderer/features/failover/config-problem.ts';
import { ageTone, nextInLine } from '../../renderer/features/failover/group-words.ts';
import { memberRows, moveMember } from '../../renderer/features/failover/member-rows.ts';
import { cancelText, fraction, isOver } from '../../renderer/features/jobs/job-text.ts';
import { nameProblem, suggestName } from '../../renderer/features/protect/protect-draft.ts';
import { formatBytes, formatBytesOf } from '../../renderer/ui/format-bytes.ts';
import { formatDuration, formatElapsed, formatMoment, formatTime, formatUtc } from '../../renderer/ui/format-time.ts';
import { textPieces } from '../../renderer/ui/text-pieces.ts';
import { fixtureGroup, fixtureJob } from '../support/fixture-snapshot.ts';

const now = new Date(2026, 10, 20, 8, 15, 4).getTime();

describe('sizes and times', () => {
  it('writes a point to restore to with its seconds, however long ago', () => {
    const before = new Date(2025, 0, 2, 3, 4, 5).getTime();
    expect([now, now - 86_400_000, before].map((at) => formatMoment(at, now))).toEqual([
      '08:15:04',
      '19 Nov 08:15:04',
      '2025-01-02 03:04:05',
    ]);
  });

  it('finds the moments in a sentence of the engine, and leaves the rest as it stands', () => {
    expect(textPieces('It reaches 2002-07-17 22:46:30 UTC.')).toEqual([
      'It reaches ',
      Date.UTC(2002, 6, 17, 22, 46, 30),
      '.',
    ]);
    expect(textPieces('2 s at 22:46:30 UTC')).toEqual(['2 s at 22:46:30 UTC']);
  });

  it('writes sizes with three figures at most, and a part in the unit of the whole', () => {
    expect([0, 312, 1536, 480 * 2 ** 20, 1.5 * 2 ** 40].map(formatBytes)).toEqual([
      '0 B',
      '312 B',
      '1.5 KB',
      '480 MB',
      '1.5 TB',
    ]);
    expect(formatBytes(null)).toBe('–');
    expect(formatBytesOf(212 * 2 ** 20, 480 * 2 ** 20)).toBe('212 of 480 MB');
    expect(formatBytesOf(900 * 2 ** 10, 480 * 2 ** 20)).toBe('900 KB of 480 MB');
    expect(formatBytesOf(900, null)).toBe('900 B');
  });

  it('writes durations in two units at most', () => {
    expect([400, 12_000, 200_000, 3_599_000, 7_500_000, 90_000_000].map(formatDuration)).toEqual([
      '0.4 s',
      '12 s',
      '3 min 20 s',
      '1 h',
      '2 h 5 min',
      '1 d 1 h',
    ]);
    expect([4_900, 751_000, 3_729_000, -5].map(formatElapsed)).toEqual(['0:04', '12:31', '1:02:09', '0:00']);
  });

  it('writes today as a clock, this year with the day, before with the year, and UTC apart', () => {
    expect(formatTime(now, now)).toBe('08:15:04');
    expect(formatTime(now - 24 * 3_600_000, now)).toBe('19 Nov 08:15');
    expect(formatTime(new Date(2025, 0, 3, 23, 5).getTime(), now)).toBe('2025-01-03 23:05');
    expect(formatUtc(Date.UTC(2026, 10, 20, 8, 15, 4))).toBe('2026-11-20 08:15:04 UTC');
  });
});

describe('commands', () => {
  const command = (label: string, more: Partial<Command> = {}): Command => ({
    id: label,
    label,
    group: 'Do',
    run: () => undefined,
    ...more,
  });

  it('finds by every word, label starts first', () => {
    const all = [
      command('Header inspector'),
      command('Show the backup log'),
      command('Back up', { words: 'full' }),
      command('Backup log'),
    ];
    expect(matchCommands(all, 'back').map((each) => each.label)).toEqual([
      'Back up',
      'Backup log',
      'Show the backup log',
    ]);
    expect(matchCommands(all, 'full').map((each) => each.label)).toEqual(['Back up']);
    expect(matchCommands(all, 'backup inspector')).toEqual([]);
    expect(matchCommands(all, '  ')).toHaveLength(4);
  });

  it('names key presses the way shortcuts are written', () => {
    const key = (name: string, more: Partial<Parameters<typeof keyName>[0]> = {}) =>
      keyName({ key: name, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });
    expect(key('k', { ctrlKey: true })).toBe('Ctrl+K');
    expect(key('k', { metaKey: true })).toBe('Ctrl+K');
    expect(key('P', { ctrlKey: true, shiftKey: true })).toBe('Ctrl+Shift+P');
    expect(key('?', { shiftKey: true })).toBe('?');
    expect(key('g')).toBe('G');
    expect(key('Shift', { shiftKey: true })).toBeNull();
  });

  it('says why a command is off', () => {
    expect(offReason(command('a'))).toBeNull();
    expect(offReason(command('a', { enabled: () => true }))).toBeNull();
    expect(offReason(command('a', { enabled: () => 'no connection' }))).toBe('no connection');
  });
});

describe('a failover group', () => {
  const group = fixtureGroup(now);

  it('keeps the master at the top when rows move', () => {
    const ids = (members: { id: string }[]) => members.map((member) => member.id);
    const { members } = group.config;
    expect(ids(moveMember(members, 'm3', -1))).toEqual(['m1', 'm3', 'm2']);
    expect(ids(moveMember(members, 'm2', -1))).toEqual(['m1', 'm2', 'm3']);
    expect(ids(moveMember(members, 'm1', 1))).toEqual(['m1', 'm2', 'm3']);
    expect(ids(moveMember(members, 'm3', 1))).toEqual(['m1', 'm2', 'm3']);
  });

  it('marks rows that are not in force', () => {
    const members = group.config.members.map((member) =>
      member.id === 'm2' ? { ...member, folder: '/elsewhere' } : member,
    );
    const rows = memberRows(group, {
      members: [
        ...members,
        { id: 'new', server: 'SRV-4', databaseServer: 'srv-4', instance: 'Directory', folder: '/x' },
      ],
    });
    expect(rows.map((row) => [row.id, row.changed, row.live !== null])).toEqual([
      ['m1', false, true],
      ['m2', true, true],
      ['m3', false, true],
      ['new', false, false],
    ]);
    expect(rows.map((row) => row.master)).toEqual([true, false, false, false]);
  });

  it('measures the age of a copy against how often it is refreshed', () => {
    const minute = 60_000;
    expect(ageTone(5 * minute, group).tone).toBe('ok');
    expect(ageTone(25 * minute, group).tone).toBe('warning');
    expect(ageTone(60 * minute, group)).toEqual({ tone: 'critical', share: 1 });
    const daily = { config: { ...group.config, differential: { kind: 'off' as const } } };
    expect(ageTone(60 * minute, daily).tone).toBe('ok');
  });

  it('takes the next usable copy in list order', () => {
    expect(nextInLine(group)?.id).toBe('m2');
    const members = group.members.map((member) =>
      member.id === 'm2' ? { ...member, state: 'NeverRestored' as const } : member,
    );
    expect(nextInLine({ members })?.id).toBe('m3');
    expect(nextInLine({ members: members.slice(0, 2) })).toBeUndefined();
  });

  it('refuses settings that cannot be applied', () => {
    const { config } = group;
    expect(configProblem(config)).toBeNull();
    expect(configProblem({ ...config, differential: { kind: 'every', minutes: Number.NaN } })).toMatch(
      /^Differential backup/,
    );
    expect(configProblem({ ...config, full: { kind: 'daily', at: '2:0' } })).toMatch(/^Full backup/);
    expect(configProblem({ ...config, full: { kind: 'daily', at: '25:00' } })).toMatch(/^Full backup/);
    expect(configProblem({ ...config, full: { kind: 'cron', expression: '0 2' } })).toMatch(/five fields/);
    expect(configProblem({ ...config, misses: 0 })).toMatch(/Misses/);
    expect(configProblem({ ...config, probeMs: Number.NaN })).toMatch(/0\.1 s/);
    expect(configProblem({ ...config, leaseMs: 10 })).toMatch(/lease/);
  });
});

describe('a job', () => {
  it('knows how far it is, and when that cannot be told', () => {
    const progress = { phase: 'x', phaseIndex: 1, phaseCount: 2, done: 50, total: 200, unit: 'bytes' as const };
    expect(fraction(fixtureJob('a', now, { status: 'running', progress }))).toBe(0.25);
    expect(fraction(fixtureJob('a', now, { status: 'running', progress: { ...progress, done: 300 } }))).toBe(1);
    expect(fraction(fixtureJob('a', now, { status: 'running', progress: { ...progress, total: null } }))).toBeNull();
    expect(fraction(fixtureJob('a', now, { status: 'succeeded', progress: null }))).toBe(1);
  });

  it('says what Cancel will do', () => {
    expect(cancelText({ cancelability: 'no', status: 'running' })).toMatch(/Cannot be canceled/);
    expect(cancelText({ cancelability: 'afterStep', status: 'running' })).toMatch(/after the step/);
    expect(cancelText({ cancelability: 'now', status: 'canceling' })).toMatch(/^Canceling/);
    expect(isOver({ status: 'canceling' })).toBe(false);
    expect(isOver({ status: 'interrupted' })).toBe(true);
  });
});

describe('names', () => {
  it('suggests one that the rules allow and that is free', () => {
    expect(suggestName('/var/lib/directory/userRoot.db', [])).toBe('userRoot');
    expect(suggestName('C:\\data\\my directory (old).sqlite', [])).toBe('my-directory-ol');
    expect(suggestName('/x/___.db', [])).toBe('Directory');
    expect(suggestName('/x/userRoot.db', ['userRoot', 'userRoot-2'])).toBe('userRoot-3');
    for (const path of ['/x/userRoot.db', '/x/a-very-long-name-of-a-file.db', '/x/___.db'])
      expect(
        nameProblem(suggestName(path, ['userRoot', 'a-very-long-nam']), ['userRoot', 'a-very-long-nam']),
      ).toBeNull();
  });

  it('refuses what the rules refuse', () => {
    expect(nameProblem('', [])).not.toBeNull();
    expect(nameProblem('-a', [])).not.toBeNull();
    expect(nameProblem('a'.repeat(16), [])).not.toBeNull();
    expect(nameProblem('Directory', ['Directory'])).toMatch(/already/);
  });
});
