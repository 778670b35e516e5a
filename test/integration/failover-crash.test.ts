// The engine crashes at every single write of its store while the active database changes: afterwards exactly one database serves, and nothing is lost.
import { expect, test } from 'vitest';
import { FailoverLab } from '../support/failover-lab.ts';

type Lab = FailoverLab;

interface Scenario {
  name: string;
  config?: object;
  prepare(lab: Lab): Promise<void>;
  /** Starts the change; the crash may cut it off anywhere. */
  change(lab: Lab): Promise<void>;
  /** Where the service may be afterwards. */
  active: string[];
}

const manual = (kind: 'switch' | 'promote', memberId: string) => async (lab: Lab) => {
  const plan = await lab.service.plan(lab.groupId, { kind, memberId });
  await lab.service.execute(plan.token, plan.typedName);
};

const failedOver = async (lab: Lab) => {
  lab.server('SRV-1').kill();
  await lab.rounds(3);
  lab.server('SRV-2').write();
  lab.server('SRV-1').start();
  await lab.rounds(1);
};

const scenarios: Scenario[] = [
  {
    name: 'failover from a server that has ended',
    prepare: async () => {},
    change: async (lab) => lab.server('SRV-1').kill(),
    active: ['SRV-2'],
  },
  {
    name: 'failover from an unusable database',
    prepare: async () => {},
    change: async (lab) => {
      lab.server('SRV-1').database().broken = 'damaged';
    },
    active: ['SRV-2'],
  },
  {
    name: 'reconnection by itself',
    config: { autoReconnect: true },
    prepare: failedOver,
    change: async () => {},
    active: ['SRV-1'],
  },
  { name: 'switch', prepare: async () => {}, change: manual('switch', 'srv-2'), active: ['SRV-1', 'SRV-2'] },
  { name: 'promotion', prepare: async () => {}, change: manual('promote', 'srv-2'), active: ['SRV-1', 'SRV-2'] },
  {
    name: 'promotion of the active backup database',
    prepare: failedOver,
    change: manual('promote', 'srv-2'),
    active: ['SRV-2'],
  },
];

const everything = (lab: Lab) => {
  const found = new Set<string>();
  for (const server of lab.servers.values())
    for (const database of server.databases.values())
      for (const set of [database.content, ...database.kept]) for (const commit of set) found.add(commit);
  return found;
};

test.each(scenarios)('$name, with a crash at every write', async ({ prepare, change, active, config }) => {
  let point = 0;
  for (let crashed = true; crashed; point++) {
    const lab = new FailoverLab();
    await lab.group(config ?? {});
    await prepare(lab);
    const before = everything(lab);
    lab.crashAfter = point;
    await change(lab).catch(() => {});
    for (let round = 0; round < 8 && !lab.crashed; round++) await lab.round().catch(() => {});
    crashed = lab.crashed;
    lab.boot();
    lab.probe();
    await lab.service.recover();
    await lab.settle();
    await lab.rounds(14);
    const where = `crash after ${point} writes`;
    expect(active, where).toContain(lab.active);
    expect(lab.writers, where).toEqual([lab.active]);
    expect(lab.openJournals, where).toBe(0);
    const after = everything(lab);
    for (const commit of before) expect(after.has(commit), `${where}: ${commit}`).toBe(true);
    expect(lab.view().members.filter((row) => row.master)).toHaveLength(1);
    const copies = lab.view().members.map((row) => row.server);
    expect(new Set(copies).size).toBe(3);
  }
  // Fewer would mean that the crash never came where it matters.
  expect(point).toBeGreaterThan(5);
});

test('a crash right after the commit goes on: the history says how the change ended', async () => {
  const lab = new FailoverLab();
  await lab.group();
  const gate = lab.server('SRV-2');
  gate.gate = (procedure) => (procedure === 'setRole' ? new Promise<void>(() => {}) : undefined);
  lab.server('SRV-1').kill();
  await lab.round();
  expect(lab.writers).toEqual([]);
  expect(lab.openJournals).toBe(1);
  lab.crashed = true;
  gate.gate = () => {};
  lab.boot();
  lab.probe();
  await lab.service.recover();
  await lab.rounds(2);
  expect(lab.active).toBe('SRV-2');
  expect(lab.writers).toEqual(['SRV-2']);
  expect(lab.entry('failover')).toMatchObject({ from: 'SRV-1', to: 'SRV-2' });
});

test('a crash before the commit of a planned change goes back and says so', async () => {
  const lab = new FailoverLab();
  await lab.group();
  lab.server('SRV-2').gate = (procedure) => (procedure === 'receive' ? new Promise<void>(() => {}) : undefined);
  await manual('switch', 'srv-2')(lab);
  await lab.settle();
  expect(lab.writers).toEqual([]);
  lab.crashed = true;
  lab.server('SRV-2').gate = () => {};
  lab.boot();
  lab.probe();
  await lab.service.recover();
  await lab.rounds(2);
  expect(lab.writers).toEqual(['SRV-1']);
  expect(lab.entry('blocked').why).toContain('went back');
});

test('after a restart an agent that is still starting when the change goes on is waited for', async () => {
  const lab = new FailoverLab();
  await lab.group();
  lab.server('SRV-2').gate = (procedure) => (procedure === 'setRole' ? new Promise<void>(() => {}) : undefined);
  lab.server('SRV-1').kill();
  await lab.round();
  lab.crashed = true;
  lab.server('SRV-2').gate = () => {};
  lab.boot();
  for (const [name, probe] of lab.probes) lab.probes.set(name, { ...probe, state: 'starting' });
  await lab.service.recover();
  await lab.settle();
  await lab.rounds(6);
  expect(lab.writers).toEqual(['SRV-2']);
  expect(lab.entry('failover')).toMatchObject({ from: 'SRV-1', to: 'SRV-2' });
});
