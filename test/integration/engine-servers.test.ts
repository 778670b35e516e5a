// Servers under supervision: launched, watched, restarted when they die by themselves, left alone when they were told to stop.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCatalog } from '../../core/catalog/catalog.ts';
import { HoldfastError } from '../../core/contract/errors.ts';
import { unknownStatus } from '../../core/contract/unknown-status.ts';
import { createServers } from '../../core/engine/servers.ts';
import { createFakeMachine } from '../support/fake-agent.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { protectedSite, refused, startFakeSite } from '../support/fake-site.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const stateOf = (site: Awaited<ReturnType<typeof startFakeSite>>, name = 'SRV-1') =>
  site.snapshot().servers.find((server) => server.name === name)?.state;

describe('servers', () => {
  it('makes this machine the first server when the first database is protected', async () => {
    const site = await startFakeSite();
    const path = site.database('directory.db');
    const request = { server: null, name: 'Directory', path, backupFolder: null, logging: true, switchToWal: false };
    const { instanceId } = await site.during(site.api.instances.protect(request));
    const [server] = site.snapshot().servers;
    expect(server).toMatchObject({ state: 'online', root: `${site.folder}/data/servers/${server?.name}` });
    expect(server?.name).toMatch(/^[A-Z0-9][A-Z0-9-]{0,14}$/);
    expect(instanceId).toBe(`${server?.name}/Directory`);
    expect(site.snapshot().site.firstStart).toBe(false);
  });

  it('refuses a name or a root that is taken, and does not keep one that cannot start', async () => {
    const site = await startFakeSite();
    await site.during(site.api.servers.add({ name: 'SRV-1', root: null }));
    expect(await refused(site.api.servers.add({ name: 'srv-1', root: null }))).toBe('DUPLICATE');
    const inside = `${site.folder}/data/servers/SRV-1/backups`;
    expect(await refused(site.api.servers.add({ name: 'SRV-2', root: inside }))).toBe('DUPLICATE');
    site.machine.agent('SRV-3').launchFails = new HoldfastError('NO_PERMISSION', 'no');
    expect(await refused(site.during(site.api.servers.add({ name: 'SRV-3', root: null })))).toBe('NO_PERMISSION');
    expect(site.snapshot().servers.map((server) => server.name)).toEqual(['SRV-1']);
  });

  it('restarts an agent that dies at once, and slower and slower while it keeps dying', async () => {
    const site = await protectedSite();
    const agent = site.machine.agent('SRV-1');
    await site.pass(15_000);
    const before = agent.specs.length;
    agent.crash();
    await site.pass(1_000);
    expect(agent.specs.length).toBe(before + 1);
    expect(stateOf(site)).toBe('online');
    for (let n = 0; n < 20; n++) {
      agent.crash();
      await site.pass(1_000);
    }
    expect(agent.specs.length - before).toBeLessThan(9);
    await site.pass(60_000);
    expect(stateOf(site)).toBe('online');
  });

  it('says within seconds that an agent does not answer, and that it does again', async () => {
    const site = await protectedSite();
    const agent = site.machine.agent('SRV-1');
    agent.hangs = true;
    await site.pass(2_000);
    expect(stateOf(site)).toBe('online');
    await site.pass(3_000);
    expect(stateOf(site)).toBe('offline');
    const { attention, tray, messages, instances } = site.snapshot();
    expect(attention[0]).toMatchObject({ level: 'critical', action: { kind: 'openInstance' } });
    expect(tray).toMatchObject({ level: 'critical', critical: 1 });
    expect(messages[0]).toMatchObject({ standing: true, text: expect.stringContaining('SRV-1') });
    expect(instances[0]).toMatchObject({ reachable: false, verdictLevel: 'critical' });
    const calls = agent.calls.filter((call) => call === 'status').length;
    await site.pass(5_000);
    expect(agent.calls.filter((call) => call === 'status').length).toBe(calls);
    agent.hangs = false;
    await site.pass(3_000);
    expect(stateOf(site)).toBe('online');
    expect(site.snapshot().messages[0]?.standing).toBe(false);
  });

  it('ends a process that hangs for good, and starts another', async () => {
    const site = await protectedSite();
    const agent = site.machine.agent('SRV-1');
    const before = site.snapshot().servers[0]?.pid;
    agent.hangs = true;
    await site.pass(33_000);
    agent.hangs = false;
    await site.pass(2_000);
    expect(stateOf(site)).toBe('online');
    expect(site.snapshot().servers[0]?.pid).not.toBe(before);
  });

  it('stops and starts when told, and stays stopped over a restart of the engine', async () => {
    const site = await protectedSite();
    const agent = site.machine.agent('SRV-1');
    await site.during(site.api.servers.stop({ name: 'SRV-1' }));
    expect(agent.calls.at(-1)).toBe('shutdown');
    expect(stateOf(site)).toBe('stopped');
    const launches = agent.specs.length;
    const again = await site.restart();
    await again.pass(5_000);
    expect(agent.specs.length).toBe(launches);
    expect(stateOf(again)).toBe('stopped');
    expect(again.snapshot().instances[0]).toMatchObject({ id: 'SRV-1/Directory', reachable: false });
    expect(await refused(again.api.backup.start({ instanceId: 'SRV-1/Directory', type: 'full' }))).toBe(
      'SERVER_UNREACHABLE',
    );
    await again.during(again.api.servers.start({ name: 'SRV-1' }));
    expect(stateOf(again)).toBe('online');
  });

  it('takes over what agents report while nobody knew it', async () => {
    const site = await protectedSite();
    const agent = site.machine.agent('SRV-1');
    const known = agent.instances.get('Directory');
    if (!known) throw new Error('not protected');
    agent.instances.set('Archive', { ...known, name: 'Archive', path: '/data/archive.db' });
    await site.pass(2_000);
    expect(site.snapshot().instances.map((one) => one.id)).toEqual(['SRV-1/Directory', 'SRV-1/Archive']);
    expect(site.snapshot().messages[0]?.text).toContain('SRV-1/Archive');
    agent.instances.delete('Directory');
    await site.pass(2_000);
    expect(site.snapshot().instances[0]).toMatchObject({
      status: { state: 'Error', error: { name: 'NOT_FOUND' } },
      verdictLevel: 'critical',
    });
  });

  it('turns what an agent noticed by itself into a message', async () => {
    const site = await protectedSite();
    const event = {
      instance: 'Directory',
      kind: 'gap',
      severity: 'warning',
      message: 'two commits were missed',
    } as const;
    site.machine.agent('SRV-1').emit(event);
    await site.pass(200);
    const [message] = site.snapshot().messages;
    expect(message).toMatchObject({ level: 'warning', source: 'SRV-1/Directory', standing: false });
    expect(site.snapshot().tray).toMatchObject({ warning: 1 });
    await site.api.site.acknowledge({ messageId: message?.id ?? '' });
    expect(site.snapshot().tray.warning).toBe(0);
  });

  it('is removed only when nothing needs it', async () => {
    const site = await protectedSite();
    const { groupId } = await site.api.failover.create({ instanceId: 'SRV-1/Directory', name: 'G1' });
    await site.pass(1_000);
    expect(site.snapshot().instances[0]?.groupId).toBe(groupId);
    expect(await refused(site.api.servers.remove({ name: 'SRV-1' }))).toBe('NOT_SUPPORTED');
    expect(await refused(site.api.instances.release({ instanceId: 'SRV-1/Directory' }))).toBe('NOT_SUPPORTED');
    await site.api.failover.remove({ groupId });
    await site.pass(1_000);
    await site.during(site.api.servers.remove({ name: 'SRV-1' }));
    expect(site.snapshot()).toMatchObject({ servers: [], instances: [] });
    expect(site.machine.agent('SRV-1').running).toBe(false);
  });
});

describe('fencing without an agent', () => {
  it('uses a fence-only agent while none runs, one at a time, and refuses while one runs', async () => {
    const clock = new FakeClock();
    const machine = createFakeMachine(clock);
    const folder = temporaryFolder();
    const catalog = createCatalog(folder, clock.now());
    const servers = createServers({
      store: catalog.servers,
      launcher: machine.launcher,
      clock,
      dataFolder: folder,
      probeMs: () => 1000,
      site: () => ({ name: 'HOLDFAST', organization: 'HOLDFAST' }),
      onStatus() {},
      onEvent() {},
      changed() {},
    });
    await servers.add({ name: 'SRV-1', root: null, lab: true });
    const agent = machine.agent('SRV-1');
    agent.instances.set('Directory', unknownStatus('Directory', '/d.db', '/'));
    expect(await refused(servers.fenceWithoutAgent('SRV-1', 'Directory', 2))).toBe('SERVER_UNREACHABLE');

    await servers.power('SRV-1', false);
    expect(agent.running).toBe(false);
    expect(servers.probeOf('SRV-1')).toMatchObject({ state: 'gone' });
    const results = await Promise.all([2, 3].map((term) => servers.fenceWithoutAgent('SRV-1', 'Directory', term)));
    expect(results).toMatchObject([{ durable: true }, { durable: true }]);
    expect(agent.specs.slice(-2).map((spec) => spec.fenceOnly)).toEqual([true, true]);
    await expect.poll(() => agent.running, { timeout: 15_000 }).toBe(false);

    await servers.power('SRV-1', true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(agent.specs.at(-1)?.fenceOnly).toBe(false);
    expect(servers.probeOf('SRV-1')).toMatchObject({ state: 'online', misses: 0 });
    await servers.stop();
    catalog.close();
  });
});

describe('the start of the engine', () => {
  it('does not call an agent gone while the one of a crashed engine is still ending', async () => {
    const site = await protectedSite();
    await site.during(site.engine.stop());
    const agent = site.machine.agent('SRV-1');
    agent.launchFails = new HoldfastError('SERVER_UNREACHABLE', 'Another process holds the lock');
    const again = await site.restart();
    await again.pass(1_500);
    expect(stateOf(again)).toBe('starting');
    expect(again.snapshot().messages).toEqual([]);
    agent.launchFails = null;
    await again.pass(2_000);
    expect(stateOf(again)).toBe('online');
  });

  it('says that an agent does not start when it never does', async () => {
    const site = await protectedSite();
    await site.during(site.engine.stop());
    site.machine.agent('SRV-1').launchFails = new HoldfastError('NO_PERMISSION', 'no');
    const again = await site.restart();
    await again.pass(12_000);
    expect(stateOf(again)).toBe('offline');
    expect(again.snapshot().messages[0]?.text).toContain('does not answer');
    await again.during(again.api.servers.remove({ name: 'SRV-1' }));
    await again.pass(1_500);
    expect(again.snapshot().tray).toMatchObject({ level: 'ok', critical: 0 });
  });

  it('starts anew beside a damaged catalog: servers and databases are found again', async () => {
    const site = await protectedSite();
    await site.during(site.engine.stop());
    const catalog = path.join(site.folder, 'data', 'catalog.db');
    fs.writeFileSync(catalog, Buffer.alloc(50_000, 'x'));
    const again = await site.restart();
    await again.pass(2_000);
    expect(again.snapshot().instances).toMatchObject([{ id: 'SRV-1/Directory', reachable: true }]);
    const critical = again.snapshot().messages.find((message) => message.level === 'critical');
    expect(critical?.text).toContain('catalog.db.damaged-');
    expect(fs.readdirSync(path.dirname(catalog)).some((name) => name.startsWith('catalog.db.damaged-'))).toBe(true);
  });
});
