// The timeline and the choice of a restore's sources, from catalogs made by hand.
import { describe, expect, it } from 'vitest';
import type { BackupFileInfo, CatalogView, LogFileInfo } from '../../core/contract/backup.ts';
import { HoldfastError } from '../../core/contract/errors.ts';
import type { InstanceStatus } from '../../core/contract/instance.ts';
import { unknownStatus } from '../../core/contract/unknown-status.ts';
import { type ChainRequest, restoreChain } from '../../core/engine/restore-chain.ts';
import { timelineOf } from '../../core/engine/timeline.ts';
import { backupInfo } from '../support/fake-agent.ts';

const made = { backups: [] as BackupFileInfo[], name: 'SRV-1' };
function backup(idtag: string, type: 'full' | 'incremental', at: number, currentLog = '00000001.log', base = idtag) {
  const info = backupInfo(made, 'Directory', type, `/b/${idtag}.bak`, at);
  return { ...info, idtag, currentLog, baseIdtag: base };
}
function log(number: number, from: number, to: number, patch: Partial<LogFileInfo> = {}): LogFileInfo {
  return {
    file: `/l/${number}`,
    number: number.toString(16).padStart(8, '0'),
    bytes: 10,
    serial: 'run-1',
    previousSerial: null,
    databaseSerial: 'd',
    firstSeq: from,
    lastSeq: to,
    from,
    to,
    closed: true,
    problem: null,
    ...patch,
  };
}
const catalogOf = (
  chains: { full: BackupFileInfo; incrementals?: BackupFileInfo[]; gaps?: CatalogView['chains'][number]['gaps'] }[],
  logs: LogFileInfo[] = [],
): CatalogView => ({
  chains: chains.map(({ full, incrementals = [], gaps = [] }) => ({ full, incrementals, gaps })),
  logs,
  unusable: [],
});
function status(patch: Partial<InstanceStatus> = {}, logging = true, currentLog = ''): InstanceStatus {
  const base = unknownStatus('Directory', '/d.db', '/');
  return { ...base, logging: { ...base.logging, on: logging, currentLog, directory: '/l' }, ...patch };
}
const solid = (from: number, to: number) => ({ from, to, kind: 'log', reason: null });

describe('timeline', () => {
  it('is empty without a backup, however many logs there are', () => {
    expect(timelineOf(catalogOf([], [log(1, 0, 50)]), status())).toMatchObject({ bands: [], restorableFrom: null });
  });

  it('runs from the first full that the logs follow to the last commit in them', () => {
    const catalog = catalogOf([{ full: backup('A', 'full', 100) }], [log(1, 50, 150), log(2, 150, 300)]);
    expect(timelineOf(catalog, status()).bands).toEqual([solid(100, 300)]);
  });

  it('goes on to the last known commit while the current log is being written', () => {
    const catalog = catalogOf([{ full: backup('A', 'full', 100) }], [log(1, 50, 150, { closed: false })]);
    const live = status({ restorableTo: 500 }, true, '00000001.log');
    expect(timelineOf(catalog, live)).toMatchObject({ bands: [solid(100, 500)], restorableTo: 500 });
  });

  it('shows a gap with its reason: a log that is missing', () => {
    const catalog = catalogOf(
      [{ full: backup('A', 'full', 100) }, { full: backup('B', 'full', 400, '00000003.log') }],
      [log(1, 50, 200), log(3, 390, 600)],
    );
    expect(timelineOf(catalog, status()).bands).toEqual([
      solid(100, 200),
      { from: 200, to: 400, kind: 'gap', reason: 'roll-forward log 00000002.log is missing' },
      solid(400, 600),
    ]);
  });

  it('shows a gap with its reason: logging started anew, and a damaged log', () => {
    const two = [{ full: backup('A', 'full', 100) }, { full: backup('B', 'full', 400, '00000002.log') }];
    const anew = catalogOf(two, [log(1, 50, 200), log(2, 390, 600, { serial: 'run-2', previousSerial: 'run-1' })]);
    expect(timelineOf(anew, status()).bands[1]?.reason).toBe('roll-forward logging was started anew in 00000002.log');
    const problem = new HoldfastError('LOG_GAP', 'checksum wrong').report();
    const three = [two[0]!, { full: backup('B', 'full', 400, '00000003.log') }];
    const damaged = catalogOf(three, [log(1, 50, 200), log(2, 200, 390, { problem }), log(3, 390, 600)]);
    expect(timelineOf(damaged, status()).bands[1]?.reason).toBe('00000002.log: checksum wrong');
    const at = (seq: number) => [{ replica: 1, sec: 1, event: 1, seq }];
    const held = [{ full: { ...two[0]!.full, vector: at(2) } }, { full: { ...three[1]!.full, vector: at(9) } }];
    const foreign = [
      log(1, 50, 200, { floor: at(0), have: at(7) }),
      log(2, 200, 390, { floor: at(6), have: at(9) }),
      log(3, 390, 600, { floor: at(9), have: at(12) }),
    ];
    expect(timelineOf(catalogOf(held, foreign), status()).bands[1]?.reason).toBe(
      '00000002.log does not begin where the log before it ended',
    );
    // Read while it was written, the first has grown before the second was looked at.
    const growing = [{ ...foreign[0]!, closed: false }, ...foreign.slice(1)];
    expect(timelineOf(catalogOf(held, growing), status()).bands).toMatchObject([{ kind: 'log', from: 100, to: 600 }]);
  });

  it('has points only, and gaps between, without logs', () => {
    const incremental = backup('B', 'incremental', 200, '00000001.log', 'A');
    const catalog = catalogOf([{ full: backup('A', 'full', 100), incrementals: [incremental] }]);
    expect(timelineOf(catalog, status({}, false))).toMatchObject({
      bands: [{ from: 100, to: 200, kind: 'gap', reason: 'roll-forward logging was off' }],
      restorableFrom: 100,
      restorableTo: 200,
    });
  });

  it('does not count incrementals after a gap in the chain', () => {
    const gap = { afterIdtag: 'A', expectedIncId: 'B', reason: 'missing' };
    const lost = backup('C', 'incremental', 300, '00000001.log', 'A');
    const catalog = catalogOf([{ full: backup('A', 'full', 100), incrementals: [lost], gaps: [gap] }]);
    expect(timelineOf(catalog, status({}, false)).restorableTo).toBe(100);
  });
});

describe('the sources of a restore', () => {
  const full = backup('A', 'full', 100);
  const first = backup('B', 'incremental', 200, '00000002.log', 'A');
  const second = backup('C', 'incremental', 300, '00000003.log', 'A');
  const logs = [log(1, 50, 150), log(2, 150, 250), log(3, 250, 400)];
  const whole = catalogOf([{ full, incrementals: [first, second] }], logs);
  const newest: ChainRequest = { idtag: null, until: null, useLogs: true };
  const tags = (chain: ReturnType<typeof restoreChain>) => [
    chain.full?.idtag,
    ...chain.incrementals.map((one) => one.idtag),
  ];

  it('are all of the newest chain and the logs after it', () => {
    const chain = restoreChain(whole, status(), newest);
    expect(tags(chain)).toEqual(['A', 'B', 'C']);
    expect(chain).toMatchObject({ logs: ['/l/3'], missing: [], reaches: 400, problem: null });
    expect(restoreChain(whole, status(), { ...newest, useLogs: false })).toMatchObject({ logs: [], reaches: 300 });
  });

  it('end at the last backup before the wanted point, then logs up to it', () => {
    const chain = restoreChain(whole, status(), { ...newest, until: 240 });
    expect(tags(chain)).toEqual(['A', 'B']);
    expect(chain).toMatchObject({ logs: ['/l/2'], reaches: 240, problem: null });
  });

  it('refuse a point before the first backup, after the last log, and before the chosen backup', () => {
    const problem = (request: Partial<ChainRequest>) =>
      restoreChain(whole, status(), { ...newest, ...request }).problem?.name;
    expect(problem({ until: 50 })).toBe('POINT_NOT_COVERED');
    expect(problem({ until: 900 })).toBe('POINT_NOT_COVERED');
    expect(problem({ until: 250, idtag: 'C' })).toBe('POINT_NOT_COVERED');
    expect(problem({ idtag: 'Z' })).toBe('NOT_FOUND');
    expect(restoreChain(catalogOf([]), status(), newest).problem?.name).toBe('NO_FULL_BACKUP');
  });

  it('reach beyond the last commit while the log is being written', () => {
    const live = status({ restorableTo: 450 }, true, '00000003.log');
    expect(restoreChain(whole, live, { ...newest, until: 900 })).toMatchObject({ problem: null, reaches: 450 });
  });

  it('name what is missing: an incremental, a first log, a log in between', () => {
    const gap = { afterIdtag: 'B', expectedIncId: 'X', reason: 'not found' };
    const broken = catalogOf([{ full, incrementals: [first, second], gaps: [gap] }], logs);
    expect(restoreChain(broken, status(), { ...newest, idtag: 'C' })).toMatchObject({
      missing: ['incremental X after B: not found'],
      problem: { name: 'INVALID_SEQUENCE' },
    });
    expect(tags(restoreChain(broken, status(), newest))).toEqual(['A', 'B']);
    const noFirst = catalogOf([{ full }], logs.slice(1));
    expect(restoreChain(noFirst, status(), newest)).toMatchObject({
      missing: ['roll-forward log 00000001.log of this database'],
      reaches: 100,
    });
    const between = catalogOf([{ full }], [logs[0]!, logs[2]!]);
    expect(restoreChain(between, status(), newest)).toMatchObject({
      problem: { name: 'LOG_GAP' },
      reaches: 150,
    });
    expect(restoreChain(between, status(), { ...newest, until: 140 }).problem).toBeNull();
  });

  it('are the newer of two chains', () => {
    const later = backup('D', 'full', 500, '00000004.log');
    const both = catalogOf([{ full: later }, { full, incrementals: [first] }], logs);
    expect(tags(restoreChain(both, status({}, false), newest))).toEqual(['D']);
    expect(tags(restoreChain(both, status({}, false), { ...newest, until: 450, useLogs: false }))).toEqual(['A', 'B']);
  });

  it('stop where the database was restored in between, and say so; the later life has chains of its own', () => {
    // 250: restored to an earlier state; logging began anew in log 3 of the same folder, a full followed.
    const second = { serial: 'run-2', previousSerial: 'run-1' };
    const lives = [log(1, 50, 150), log(2, 150, 240), log(3, 260, 400, second)];
    const later = backup('D', 'full', 300, '00000003.log');
    const old = restoreChain(catalogOf([{ full }], lives), status(), newest);
    expect(old).toMatchObject({ logs: ['/l/1', '/l/2'], reaches: 240, problem: null, missing: [] });
    expect(old.ends).toBe('roll-forward logging was started anew in 00000003.log');
    const both = catalogOf([{ full: later }, { full }], lives);
    const reached = (request: Partial<ChainRequest>) => {
      const chain = restoreChain(both, status(), { ...newest, ...request });
      return [tags(chain).join(), chain.logs.join(), chain.reaches, chain.problem?.name ?? null];
    };
    expect(reached({})).toEqual(['D', '/l/3', 400, null]);
    expect(reached({ idtag: 'A' })).toEqual(['A', '/l/1,/l/2', 240, null]);
    expect(reached({ until: 200 })).toEqual(['A', '/l/1,/l/2', 200, null]);
    expect(reached({ until: 280 })).toEqual(['A', '/l/1,/l/2', 240, 'POINT_NOT_COVERED']);
    expect(timelineOf(both, status()).bands.map((band) => [band.from, band.to, band.kind])).toEqual([
      [100, 240, 'log'],
      [240, 300, 'gap'],
      [300, 400, 'log'],
    ]);
  });

  it('take the logs of the serial that the backup names, in hexadecimal order, out of several folders', () => {
    const from = { ...full, currentLog: '00000009.log', logSerial: 'run-1', databaseSerial: 'd' };
    const elsewhere = log(10, 200, 300, { file: '/moved/a' });
    const foreign = [log(9, 90, 999, { serial: 'other' }), log(10, 200, 999, { databaseSerial: 'x' })];
    const copy = log(9, 90, 200, { file: '/copy/9', problem: new HoldfastError('LOG_GAP', 'damaged').report() });
    const catalog = catalogOf([{ full: from }], [log(11, 300, 400), copy, ...foreign, elsewhere, log(9, 90, 200)]);
    expect(restoreChain(catalog, status(), newest)).toMatchObject({
      logs: ['/l/9', '/moved/a', '/l/11'],
      reaches: 400,
    });
    const none = catalogOf([{ full: { ...from, logSerial: null } }], catalog.logs);
    expect(restoreChain(none, status(), newest)).toMatchObject({ logs: [], reaches: 100, missing: [] });
  });

  it('do not take a log that begins after what the backup holds', () => {
    const stamp = (seq: number) => [{ replica: 1, sec: seq, event: 1, seq }];
    const at = { ...full, vector: stamp(50) };
    const late = catalogOf([{ full: at }], [log(1, 50, 150, { floor: stamp(60), have: stamp(90) })]);
    expect(restoreChain(late, status(), newest)).toMatchObject({ logs: [], reaches: 100 });
    const right = catalogOf([{ full: at }], [log(1, 50, 150, { floor: stamp(40), have: stamp(90) })]);
    expect(restoreChain(right, status(), newest)).toMatchObject({ logs: ['/l/1'], vector: stamp(90) });
  });

  it('end at a commit by its stamp, whatever the clock said', () => {
    const stamp = (seq: number) => ({ replica: 1, sec: 1000 + seq, event: 1, seq });
    const held = (from: number, to: number) => ({ floor: [stamp(from)], have: [stamp(to)] });
    const two = [log(1, 50, 150, held(1, 20)), log(2, 140, 250, held(20, 40))];
    const chains = [{ full: { ...full, vector: [stamp(5)] }, incrementals: [{ ...first, vector: [stamp(25)] }] }];
    const to = (seq: number) => restoreChain(catalogOf(chains, two), status(), { ...newest, untilStamp: stamp(seq) });
    expect([tags(to(15)), to(15).logs, to(15).problem]).toEqual([['A'], ['/l/1'], null]);
    expect([tags(to(25)), to(25).logs, to(25).problem]).toEqual([['A', 'B'], ['/l/2'], null]);
    expect([tags(to(39)), to(39).logs]).toEqual([['A', 'B'], ['/l/2']]);
    expect(to(41).problem).toMatchObject({ name: 'POINT_NOT_COVERED', message: expect.stringContaining('r01 e001') });
    expect(to(4).problem?.name).toBe('POINT_NOT_COVERED');
  });

  it('name the log that is missing at the end, by the number that the agent knows', () => {
    const behind = status({}, true, '00000005.log');
    const chain = restoreChain(catalogOf([{ full: second }], [log(3, 250, 400)]), behind, newest);
    expect(chain).toMatchObject({ missing: ['roll-forward log 00000004.log is missing'], reaches: 400, problem: null });
    expect(chain.ends).toBe('roll-forward log 00000004.log is missing');
  });
});

describe('what was proven', () => {
  const proof = { instanceId: 'i', idtag: 'A', reachedAt: 250, provenAt: 900, stamp: null, durationMs: 1, bytes: 1 };
  const catalog = catalogOf([{ full: backup('A', 'full', 100) }], [log(1, 50, 400)]);

  it('is the stretch from the backup to the commit that a restore has reached', () => {
    const bands = timelineOf(catalog, status(), [{ ...proof, kind: 'drill' }]).bands;
    expect(bands).toEqual([{ ...solid(100, 250), kind: 'proven' }, solid(250, 400)]);
    const twice = [
      { ...proof, kind: 'restore' as const },
      { ...proof, kind: 'drill' as const, reachedAt: 300 },
    ];
    expect(timelineOf(catalog, status(), twice).bands[0]).toEqual({ ...solid(100, 300), kind: 'proven' });
  });

  it('is nothing when only blocks were read, or when the backup is gone', () => {
    expect(timelineOf(catalog, status(), [{ ...proof, kind: 'verify' }]).bands).toEqual([solid(100, 400)]);
    expect(timelineOf(catalog, status(), [{ ...proof, kind: 'drill', idtag: 'Z' }]).bands).toEqual([solid(100, 400)]);
  });
});
