// What is seen around several files as one list: nothing is lost, nothing stands twice, and what is so for some names them.
import { describe, expect, it } from 'vitest';
import { joinHazards, joinPins, joinReports } from '../../core/agent/backend-hazards.ts';
import type { Hazard, HazardReport, WalPin } from '../../core/contract/logging.ts';

const hazard = (code: Hazard['code'], level: Hazard['level']): Hazard => ({ code, level, message: code, action: 'do' });
const pin = (pid: number, since: number): WalPin => ({
  ...{ pid, program: 'python3', kind: 'reader', since, bytes: 1, level: 'info' },
});
const report = (hazards: Hazard[], pids: number[], size: string): HazardReport => ({
  at: 5,
  hazards,
  openers: pids.map((pid) => ({ pid, program: 'app', sqliteVersions: [] })),
  facts: [
    { label: 'Journal mode', value: 'WAL' },
    { label: 'Page size', value: size },
  ],
});

describe('several files', () => {
  it('name those that a hazard is about, unless it is all of them', () => {
    const low = hazard('LOW_DISK', 'critical');
    const vacuum = hazard('AUTO_VACUUM', 'info');
    const joined = joinHazards([
      { id: 'userRoot', found: [low, vacuum] },
      { id: 'schema', found: [hazard('ROLLBACK_JOURNAL', 'warning'), low] },
    ]);
    expect(joined.map(({ code, backends }) => [code, backends])).toEqual([
      ['LOW_DISK', undefined],
      ['ROLLBACK_JOURNAL', ['schema']],
      ['AUTO_VACUUM', ['userRoot']],
    ]);
  });

  it('list every hold with its file, longest first', () => {
    const files = [
      { id: 'userRoot', found: [pin(1, 200)] },
      { id: 'schema', found: [pin(1, 100), pin(2, 300)] },
    ];
    expect(joinPins(files).map(({ pid, backend }) => [pid, backend])).toEqual([
      [1, 'schema'],
      [1, 'userRoot'],
      [2, 'schema'],
    ]);
  });

  it('share facts that are the same, and tell the others apart', () => {
    const joined = joinReports([
      { id: 'userRoot', found: report([], [1, 2], '4096 bytes') },
      { id: 'schema', found: { ...report([], [2], '1024 bytes'), at: 3 } },
    ]);
    expect(joined.facts).toEqual([
      { label: 'Journal mode', value: 'WAL' },
      { label: 'Page size of userRoot', value: '4096 bytes' },
      { label: 'Page size of schema', value: '1024 bytes' },
    ]);
    expect([joined.at, joined.openers.map(({ pid }) => pid)]).toEqual([3, [1, 2]]);
  });
});
