// The whole service, not only its decisions, in a random life: agents end and come back, are cut off, databases break, programs hold files,
// administrators act, the engine crashes between any two writes of its store. `HOLDFAST_SEED=n` runs one seed.
import { expect, test } from 'vitest';
import type { GroupAction } from '../../core/contract/failover.ts';
import { FailoverLab } from '../support/failover-lab.ts';

const only = process.env.HOLDFAST_SEED ? Number(process.env.HOLDFAST_SEED) : null;
const seeds =
  only === null ? Array.from({ length: Number(process.env.HOLDFAST_SEEDS ?? 60) }, (_, at) => at + 1) : [only];

function random(seed: number) {
  let state = (seed * 2654435761) >>> 0;
  return (below: number) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

interface Life {
  failovers: number;
  changes: number;
  crashes: number;
}

async function live(seed: number, disks = false): Promise<Life> {
  const pick = random(seed);
  const lab = new FailoverLab(pick(2) ? ['SRV-1', 'SRV-2', 'SRV-3'] : ['SRV-1', 'SRV-2', 'SRV-3', 'SRV-4']);
  await lab.group({ autoReconnect: pick(2) === 1, differential: { kind: 'every', minutes: 0.1 } });
  const names = [...lab.servers.keys()];
  const acknowledged = new Set<string>();
  const log: string[] = [];
  let crashes = 0;

  const write = () => {
    const writers = lab.writers;
    expect(
      writers.length,
      `seed ${seed}: ${writers.join(' and ')} accept writes\n${log.slice(-15).join('\n')}`,
    ).toBeLessThan(2);
    for (const name of writers) {
      const database = lab.server(name).database();
      if (lab.server(name).write()) acknowledged.add(`${database.replica}#${database.seq}`);
    }
  };
  const act = async () => {
    const rows = lab.view().members;
    const memberId = rows[pick(rows.length)]!.id;
    const kinds = ['switch', 'reconnect', 'promote'] as const;
    const kind = kinds[pick(3)]!;
    const action: GroupAction = kind === 'reconnect' ? { kind } : { kind, memberId };
    const plan = await lab.service.plan(lab.groupId, action);
    if (plan.refusal !== null || plan.class === 'typed') return;
    log.push(`administrator: ${plan.title}`);
    await lab.service.execute(plan.token, null);
  };
  const disturb = async () => {
    const server = lab.server(names[pick(names.length)]!);
    const database = server.databases.get('Directory');
    switch (pick(disks ? 12 : 9)) {
      case 0:
      case 1:
        log.push(`${server.name} ${server.alive ? 'ends' : 'starts'}`);
        if (server.alive) server.kill();
        else server.start();
        break;
      case 2:
        server.start();
        break;
      case 3:
        log.push(`${server.name} ${server.reachable ? 'is cut off' : 'is back'}`);
        server.reachable = !server.reachable;
        break;
      case 4:
        if (database) database.broken = database.broken ? null : 'damaged';
        break;
      case 5:
        if (database) database.holders = database.holders.length > 0 ? [] : [{ pid: 1, name: 'program' }];
        break;
      case 6:
        log.push('the engine crashes');
        lab.crashAfter = pick(8);
        break;
      case 7: {
        const slow = pick(4);
        server.gate = (procedure) =>
          slow === 0 && ['setRole', 'receive', 'backup:middle', 'apply:middle'].includes(procedure)
            ? lab.clock.sleep(500 + pick(4000))
            : undefined;
        break;
      }
      case 8:
        await act();
        break;
      default:
        lab.full = !lab.full;
        log.push(`the disk of the catalog ${lab.full ? 'is full' : 'has room'}`);
    }
  };

  for (let round = 0; round < 45; round++) {
    if (pick(3) === 0) await disturb().catch(() => {});
    await lab.round(500 + pick(1000)).catch(() => {});
    write();
    if (lab.crashed) {
      crashes++;
      lab.boot();
      lab.probe();
      const recovered = lab.service.recover();
      await (disks ? recovered : recovered.catch(() => {}));
    }
  }
  lab.crashAfter = null;
  lab.full = false;
  for (const server of lab.servers.values()) {
    server.start();
    server.reachable = true;
    server.gate = () => {};
    for (const database of server.databases.values()) {
      database.broken = null;
      database.holders = [];
    }
  }
  for (let round = 0; round < 45; round++) {
    await lab.round();
    write();
  }
  const story = `seed ${seed}\n${log.slice(-15).join('\n')}\n${lab.view().stateText}`;
  expect(lab.writers, story).toEqual([lab.active]);
  expect(lab.openJournals, story).toBe(0);
  const kept = lab.everything();
  for (const commit of acknowledged) expect(kept.has(commit), `${story}\ncommit ${commit}`).toBe(true);
  expect(new Set(lab.view().members.map((row) => row.replica)).size, story).toBe(names.length);
  const kinds = lab.kinds();
  return {
    failovers: kinds.filter((kind) => kind === 'failover').length,
    changes: kinds.filter((kind) => ['switch', 'reconnect', 'promote'].includes(kind)).length,
    crashes,
  };
}

test('at most one writer at any time, and one again when all is well', async () => {
  const total: Life = { failovers: 0, changes: 0, crashes: 0 };
  for (const seed of seeds) {
    const life = await live(seed);
    for (const key of ['failovers', 'changes', 'crashes'] as const) total[key] += life[key];
  }
  if (only !== null) return;
  expect(total.failovers).toBeGreaterThan(20);
  expect(total.changes).toBeGreaterThan(20);
  expect(total.crashes).toBeGreaterThan(20);
});

test('the same while the disk of the catalog is full now and then', async () => {
  const total: Life = { failovers: 0, changes: 0, crashes: 0 };
  for (const seed of seeds) {
    const life = await live(seed, true);
    for (const key of Object.keys(total) as (keyof Life)[]) total[key] += life[key];
  }
  if (only === null) for (const count of Object.values(total)) expect(count).toBeGreaterThan(0);
}, 600_000);
