// B8: how long nobody accepts a write when the server of the active database is gone.
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { GroupView } from '../../core/contract/failover.ts';
import { createDirectory } from '../../core/demo/directory.ts';
import type { ConsoleApi } from '../../core/rpc/types.ts';
import { EngineUnderTest, jobEnded, pause, until } from '../engine-under-test.ts';
import { median, type Series, withinLimit } from '../measure.ts';
import type { BenchPlace, Section } from '../section.ts';

const ACTIVE = 'SRV-1';
const WHOLE_MS = 5_000;
const AFTER_DETECTION_MS = 1_500;
const SET_UP_MS = 900_000;
const FAILOVER_MS = 60_000;

interface Outage {
  /** From the kill to the first write that the new active database accepted, ms. */
  whole: number;
  /** From the kill until the engine knew. */
  detection: number;
  afterDetection: number;
}

/**
 * B8: the demo lab with a database of the size that was asked for: three servers with agents of their own, probes each second, a client
 * that writes twenty times a second and follows whichever server says that it is the primary. Once the copies are current, the agent
 * of the active server is killed and stays off.
 */
export async function failover({ programs, rounds, folder, database, megabytes }: BenchPlace): Promise<Section> {
  const own = path.join(folder, 'failover');
  const template = path.join(own, 'directory.db');
  const whole: Series = { name: 'killed → first write accepted', runs: [], cpu: [] };
  const detection: Series = { name: 'killed → known to the engine', runs: [], cpu: [] };
  const after: Series = { name: 'known → first write accepted', runs: [], cpu: [] };
  try {
    makeDirectory(template, database);
    for (let round = 0; round < rounds; round++) {
      const outage = await oneOutage(programs, path.join(own, `round-${round}`), template);
      whole.runs.push(outage.whole);
      detection.runs.push(outage.detection);
      after.runs.push(outage.afterDetection);
    }
  } finally {
    fs.rmSync(own, { recursive: true, force: true });
  }
  return {
    id: 'B8',
    title: `Failover of ${megabytes} MB, copies current, probes each second`,
    series: [whole, detection, after],
    comparisons: [
      withinLimit('B8', `${whole.name}, ms ÷ ${WHOLE_MS}`, whole.runs, WHOLE_MS),
      withinLimit('B8', `${after.name}, ms ÷ ${AFTER_DETECTION_MS}`, after.runs, AFTER_DETECTION_MS),
    ],
    facts: { 'median ms in all': Math.round(median(whole.runs)) },
  };
}

/** The demo lab's directory, with the rows of the measured database beside its own. */
function makeDirectory(file: string, database: string): void {
  createDirectory(file);
  const db = new Database(file);
  db.pragma('synchronous = OFF');
  db.exec(`ATTACH '${database}' AS measured`);
  db.exec('CREATE TABLE entries AS SELECT * FROM measured.entries');
  db.exec('CREATE INDEX entries_by_mail ON entries (mail)');
  db.exec('DETACH measured');
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
}

async function oneOutage(programs: string, data: string, template: string): Promise<Outage> {
  const place = path.join(data, 'lab', ACTIVE, 'Directory');
  fs.mkdirSync(place, { recursive: true });
  fs.copyFileSync(template, path.join(place, 'directory.db'));
  const engine = await EngineUnderTest.start(programs, data);
  try {
    return await engine.call(async (api) => {
      await jobEnded(api, (await api.demo.open({})).jobId);
      await copiesThere(api);
      const group = await theGroup(api);
      await until('The backup of the group', () => backUpNow(api, group.id), SET_UP_MS);
      await until('Copies without work', () => idle(api), SET_UP_MS);
      const killed = Date.now();
      await api.demo.power({ server: ACTIVE, on: false });
      const active = await until('The failover', () => newActive(api, killed), FAILOVER_MS, 20);
      // What the client wrote after it had gone over; one more look than it needs.
      await pause(300);
      const first = firstWrite(active, killed);
      const detected = (await theGroup(api)).history.find((entry) => entry.kind === 'masterLost' && entry.at >= killed);
      if (!detected) throw new Error('The history does not say when the loss was noticed.');
      const detection = detected.at - killed;
      return { whole: first - killed, detection, afterDetection: first - detected.at };
    });
  } finally {
    await engine.stop();
    fs.rmSync(data, { recursive: true, force: true });
  }
}

async function theGroup(api: ConsoleApi): Promise<GroupView> {
  const [group] = (await api.site.get({})).groups;
  if (!group) throw new Error('The lab has no group.');
  return group;
}

async function copiesThere(api: ConsoleApi): Promise<void> {
  await until(
    'The first full backup in every copy',
    async () => {
      const { members, state } = await theGroup(api);
      return state === 'Normal' && members.every((member) => member.master || member.dataTime !== null) ? true : null;
    },
    SET_UP_MS,
  );
}

/** Null while the group is at work. */
async function backUpNow(api: ConsoleApi, groupId: string): Promise<true | null> {
  if ((await idle(api)) === null) return null;
  const started = await api.failover.backupNow({ groupId, type: 'incremental' }).catch(() => null);
  if (!started) return null;
  await jobEnded(api, started.jobId);
  return true;
}

async function idle(api: ConsoleApi): Promise<true | null> {
  const { jobs, groups } = await api.site.get({});
  const quiet = jobs.every((job) => job.endedAt !== null);
  const standing = groups[0]?.members.every((member) => member.state !== 'Restoring' && member.state !== 'BackingUp');
  return quiet && standing ? true : null;
}

/** File of the database that the client has written to since; null while it writes to none, or to the old one. */
async function newActive(api: ConsoleApi, since: number): Promise<string | null> {
  const { demo, groups } = await api.site.get({});
  const { client } = demo;
  if (!client?.writingTo || client.writingTo === ACTIVE || (client.lastWriteAt ?? 0) <= since) return null;
  return groups[0]?.members.find((member) => member.server === client.writingTo)?.path ?? null;
}

/** The client writes down when it wrote, so the new database itself knows its first write. */
function firstWrite(file: string, since: number): number {
  const db = new Database(file, { readonly: true });
  try {
    const at = db.prepare<[number], number | null>('SELECT min(at) FROM audit WHERE at > ?').pluck().get(since);
    if (typeof at !== 'number') throw new Error(`${file} has no write of after the failover.`);
    return at;
  } finally {
    db.close();
  }
}
