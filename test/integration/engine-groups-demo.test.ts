// Groups and the demo lab as the engine wires them: folders, peers of a restore, the outage switch, opening, resuming and closing.
import { describe, expect, it } from 'vitest';
import type { GroupConfig } from '../../core/contract/failover.ts';
import type { DemoView } from '../../core/contract/site.ts';
import type { LabController, LabPorts } from '../../core/engine/lab.ts';
import { type FakeSite, protectedSite, refused, startFakeSite } from '../support/fake-site.ts';

const config: GroupConfig = {
  enabled: true,
  mode: 'backupAndRestore',
  members: [],
  autoReconnect: false,
  full: { kind: 'off' },
  differential: { kind: 'off' },
  whenConsoleLost: 'keep',
  probeMs: 1000,
  misses: 3,
  leaseMs: 10_000,
};
const row = (id: string, server: string, folder: string) => ({
  id,
  server,
  databaseServer: server.toLowerCase(),
  instance: 'Directory',
  folder,
});

async function groupedSite() {
  const site = await protectedSite();
  await site.during(site.api.servers.add({ name: 'SRV-2', root: null }));
  const { groupId } = await site.api.failover.create({ instanceId: 'SRV-1/Directory', name: 'G1' });
  const [master] = site.engine.snapshot().groups.find((group) => group.id === groupId)?.config.members ?? [];
  if (!master) throw new Error('no master');
  const outside = `${site.folder}/copies`;
  const member = row('second', 'SRV-2', outside);
  const { id: _, ...candidate } = member;
  const { problems } = await site.during(site.api.failover.checkMember({ groupId, ...candidate, exceptId: null }));
  expect(problems).toEqual([]);
  const apply = site.api.failover.apply({ groupId, config: { ...config, members: [master, member] } });
  await site.during(apply);
  await site.pass(5_000);
  return { site, groupId, outside };
}

describe('a group', () => {
  it('shows its instances under it, and the folder that was named is allowed', async () => {
    const { site, groupId, outside } = await groupedSite();
    const { instances, groups } = site.snapshot();
    expect(instances.map(({ id, groupId: group }) => [id, group])).toEqual([
      ['SRV-1/Directory', groupId],
      ['SRV-2/Directory', groupId],
    ]);
    expect(groups[0]?.members.map((member) => member.server)).toEqual(['SRV-1', 'SRV-2']);
    const again = await site.restart();
    await again.pass(2_000);
    expect(site.machine.agent('SRV-2').specs.at(-1)?.allowedFolders).toContain(outside);
    expect(again.snapshot().groups[0]).toMatchObject({ id: groupId, name: 'G1' });
  });

  it('counts the folder of a member among the places of its backups and logs', async () => {
    const { site, outside } = await groupedSite();
    const asked = site.machine.agent('SRV-2').asked;
    await site.during(site.api.instances.timeline({ instanceId: 'SRV-2/Directory' }));
    expect(asked.catalogFolders).toEqual([`${site.folder}/data/servers/SRV-2/backups/Directory`, outside]);
    await site.during(site.api.backup.log({ instanceId: 'SRV-2/Directory' }));
    expect(asked.logs.sort()).toEqual([
      `${outside}/backup.log`,
      `${site.folder}/data/servers/SRV-2/backups/Directory/Directory.log`,
    ]);
  });

  it('verifies a restore against its other members, reachable or not', async () => {
    const { site } = await groupedSite();
    expect(site.snapshot().jobs[0]).toMatchObject({ kind: 'cycle', target: 'G1' });
    const request = {
      instanceId: 'SRV-1/Directory',
      target: { kind: 'instance' as const, instanceId: 'SRV-1/Directory' },
    };
    const peer = async () => {
      const { checks } = await site.during(site.api.restore.plan(request));
      return checks.find((check) => check.text.includes('CN=SRV-2'));
    };
    expect(await peer()).toMatchObject({ status: 'ok', text: expect.stringContaining('\\T=HOLDFAST\\O=HOLDFAST') });
    await site.during(site.api.servers.stop({ name: 'SRV-2' }));
    expect(await peer()).toMatchObject({ status: 'warning', text: expect.stringContaining('cannot be verified') });
    const start = refused(site.during(site.api.backup.start({ instanceId: 'SRV-2/Directory', type: 'full' })));
    expect(await start).toBe('SERVER_UNREACHABLE');
  });
});

/** A lab of one server: enough to see what the engine does with one. */
function smallLab(folder: () => string): LabController & { opened: number; clients: number } {
  let ports: LabPorts | null = null;
  const power = new Map([['LAB-1', true]]);
  const lab = {
    opened: 0,
    clients: 0,
    async open(given: LabPorts) {
      ports = given;
      lab.opened++;
      await given.addServer('LAB-1');
      await given.protect('LAB-1', 'Directory', `${folder()}/data/lab/LAB-1/d.db`);
      lab.clients = 1;
    },
    async power(server: string, on: boolean) {
      power.set(server, on);
      await ports?.power(server, on);
    },
    async close() {
      lab.clients = 0;
    },
    view: (): DemoView => ({
      open: lab.clients > 0,
      servers: [...power].map(([name, on]) => ({ name, power: on })),
      client: null,
    }),
  };
  return lab;
}

describe('the demo lab', () => {
  it('opens as a job, has an outage switch, resumes after a restart, and leaves nothing behind when closed', async () => {
    let site: FakeSite;
    const lab = smallLab(() => site.folder);
    site = await startFakeSite(undefined, { lab });
    const { jobId } = await site.api.demo.open({});
    expect(await site.api.demo.open({})).toEqual({ jobId });
    expect(await site.ended(jobId)).toMatchObject({ status: 'succeeded', kind: 'demo' });
    await site.pass(1_500);
    expect(site.snapshot()).toMatchObject({
      demo: { open: true },
      servers: [{ name: 'LAB-1', lab: true, state: 'online', root: `${site.folder}/data/lab/LAB-1` }],
      instances: [{ id: 'LAB-1/Directory' }],
    });

    await site.during(site.api.demo.power({ server: 'LAB-1', on: false }));
    expect(site.machine.agent('LAB-1').running).toBe(false);
    await site.pass(5_000);
    expect(site.snapshot().servers[0]?.state).toBe('stopped');
    expect(site.machine.agent('LAB-1').calls).not.toContain('shutdown');
    await site.during(site.api.demo.power({ server: 'LAB-1', on: true }));
    await site.pass(1_500);
    expect(site.snapshot().servers[0]?.state).toBe('online');

    const again = await site.restart({ lab });
    await again.pass(2_000);
    expect(lab).toMatchObject({ opened: 2, clients: 1 });
    await again.during(again.api.demo.close({}));
    expect(lab.clients).toBe(0);
    expect(again.snapshot()).toMatchObject({ servers: [], instances: [], site: { firstStart: true } });
    const last = await again.restart({ lab });
    await last.pass(2_000);
    expect(lab.opened).toBe(2);
  });

  it('is not the server that takes a database which names none', async () => {
    let site: FakeSite;
    const lab = smallLab(() => site.folder);
    site = await startFakeSite(undefined, { lab });
    await site.ended((await site.api.demo.open({})).jobId);
    const request = { server: null, name: 'Own', backupFolder: null, logging: true, switchToWal: false };
    const protect = site.api.instances.protect({ ...request, path: site.database('own.db') });
    const { instanceId } = await site.during(protect);
    expect(instanceId).not.toMatch(/^LAB-1/);
    await site.during(site.api.demo.close({}));
    expect(site.snapshot().instances.map((one) => one.id)).toEqual([instanceId]);
  });
});
