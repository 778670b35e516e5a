// A timeline with two chains, a broken link, a gap in the logs and a running log, for component tests and screenshots.
import type { BackupFileInfo, Chain, LogFileInfo } from '../../core/contract/backup.ts';
import type { Timeline } from '../../core/contract/console.ts';

const minute = 60_000;
const hour = 60 * minute;
const MB = 1024 * 1024;
const idtagOf = (at: number): string =>
  Math.floor(at / 1000)
    .toString(16)
    .toUpperCase()
    .padStart(8, '0');

/** A backup as its header tells of it; `sequence` 0 is a full. */
export function backupInfo(at: number, sequence: number, more: Partial<BackupFileInfo> = {}): BackupFileInfo {
  const idtag = idtagOf(at);
  return {
    file: `/srv/holdfast/backups/SRV-1/${idtag}.bak`,
    parts: [],
    bytes: sequence === 0 ? 391 * MB : (9 + sequence * 3) * MB,
    idtag,
    type: sequence === 0 ? 'full' : 'incremental',
    time: at,
    srvname: '\\T=LAB\\O=HOLDFAST\\CN=SRV-1',
    instance: 'Directory',
    dsversion: '10000',
    compression: 'zstd',
    os: 'linux',
    currentLog: `0000000${1 + sequence}.log`,
    incrementalId: sequence === 0 ? null : `${sequence}`,
    nextIncId: `${sequence + 1}`,
    serial: `9f3c${idtag.toLowerCase()}`,
    previousSerial: sequence === 0 ? null : `9f3c${sequence}`,
    sequence,
    baseIdtag: idtag,
    pageSize: 4096,
    pageCount: 122_880,
    vector: [{ replica: 1, sec: Math.floor(at / 1000), event: 2, seq: 1000 + sequence * 400 }],
    consistentAt: at,
    replicas: [
      { partitionDn: '\\T=LAB\\O=HOLDFAST', modificationTime: `s${idtag}_r1_e2`, type: 'MASTER', state: 'ON' },
    ],
    ...more,
  };
}

const log = (number: number, from: number, to: number, closed: boolean): LogFileInfo => ({
  file: `/srv/holdfast/SRV-1/.holdfast/Directory/nds.rfl/${number.toString(16).padStart(8, '0')}.log`,
  number: number.toString(16).padStart(8, '0'),
  bytes: 104 * MB,
  serial: number > 1 ? '77aa2' : '77aa1',
  previousSerial: number > 1 ? '77aa1' : null,
  databaseSerial: '5b10c2d4',
  firstSeq: number * 1000,
  lastSeq: number * 1000 + 999,
  from,
  to,
  closed,
  problem: null,
});

/** Yesterday's chain whose second incremental is missing, a gap in the night, today's chain that goes on to `now`. */
export function fixtureTimeline(now: number): Timeline {
  const firstFull = now - 31 * hour;
  const today = now - 6.2 * hour;
  const yesterday: Chain = {
    full: backupInfo(firstFull, 0),
    incrementals: [
      backupInfo(firstFull + 2 * hour, 1),
      backupInfo(firstFull + 6 * hour, 3, { baseIdtag: idtagOf(firstFull) }),
    ],
    gaps: [{ afterIdtag: idtagOf(firstFull + 2 * hour), expectedIncId: '2', reason: 'incremental 2 is missing' }],
  };
  const current: Chain = {
    full: backupInfo(today, 0),
    incrementals: Array.from({ length: 20 }, (_, index) =>
      backupInfo(today + (index + 1) * 18 * minute, index + 1, { baseIdtag: idtagOf(today) }),
    ),
    gaps: [],
  };
  const gapFrom = firstFull + 11 * hour;
  return {
    catalog: {
      chains: [yesterday, current],
      logs: [log(1, firstFull, gapFrom, true), log(2, today, now - 2 * hour, true), log(3, now - 2 * hour, now, false)],
      unusable: [],
    },
    bands: [
      { from: firstFull, to: gapFrom, kind: 'log', reason: null },
      { from: gapFrom, to: today, kind: 'gap', reason: 'logging was turned off' },
      { from: today, to: now, kind: 'log', reason: null },
    ],
    restorableFrom: firstFull,
    restorableTo: now,
    proofs: [],
  };
}
