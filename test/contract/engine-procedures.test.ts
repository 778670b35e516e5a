// Every procedure of the console's contract is there, and over a port answers its schema or refuses with a catalogue code.
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { consoleContract } from '../../core/contract/console.ts';
import { errorCatalogue, HoldfastError } from '../../core/contract/errors.ts';
import { siteSnapshotSchema } from '../../core/contract/site.ts';
import { createEngine } from '../../core/engine.ts';
import { systemClock } from '../../core/platform/clock.ts';
import { connectConsoleByPort } from '../../core/rpc/connect.ts';
import { servePort } from '../../core/rpc/serve.ts';
import { createFakeMachine } from '../support/fake-agent.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** An input that the schema takes, for something that is not there; whoever adds a procedure adds its input. */
const inputs: Record<string, unknown> = {
  'site.get': {},
  'site.watch': {},
  'site.rename': { name: 'CORP' },
  'site.acknowledge': { messageId: 'none' },
  'files.browse': { server: null, path: '/nowhere' },
  'servers.add': { name: 'SRV-9', root: null },
  'servers.remove': { name: 'SRV-0' },
  'servers.start': { name: 'SRV-0' },
  'servers.stop': { name: 'SRV-0' },
  'instances.inspect': { server: 'SRV-0', path: '/nowhere/x.db' },
  'instances.protect': {
    server: 'SRV-0',
    name: 'Directory',
    path: '/nowhere/x.db',
    backupFolder: null,
    logging: true,
    switchToWal: false,
  },
  'instances.addBackend': { instanceId: 'SRV-0/X', id: 'schema', path: '/nowhere/schema.db' },
  'instances.removeBackend': { instanceId: 'SRV-0/X', id: 'schema' },
  'instances.release': { instanceId: 'SRV-0/X' },
  'instances.getConfig': { instanceId: 'SRV-0/X' },
  'instances.setConfig': { instanceId: 'SRV-0/X', on: true },
  'instances.timeline': { instanceId: 'SRV-0/X' },
  'logging.hazards': { instanceId: 'SRV-0/X' },
  'logging.logs': { instanceId: 'SRV-0/X' },
  'logging.deleteLogs': { instanceId: 'SRV-0/X', logs: ['00000001.log'] },
  'backup.plan': { instanceId: 'SRV-0/X', type: 'full' },
  'backup.start': { instanceId: 'SRV-0/X', type: 'full' },
  'backup.header': { instanceId: 'SRV-0/X', idtag: '00000001' },
  'backup.verify': { instanceId: 'SRV-0/X', idtag: '00000001' },
  'backup.log': { instanceId: 'SRV-0/X' },
  'restore.plan': { instanceId: 'SRV-0/X', target: { kind: 'instance', instanceId: 'SRV-0/X' } },
  'restore.start': { token: 'none' },
  'restore.watch': { jobId: 'none' },
  'restore.finish': { instanceId: 'SRV-0/X', action: 'delete', typed: null },
  'failover.create': { instanceId: 'SRV-0/X', name: 'G' },
  'failover.checkMember': {
    groupId: 'none',
    server: 'SRV-0',
    databaseServer: 'srv-0',
    instance: 'X',
    folder: '/b',
    exceptId: null,
  },
  'failover.apply': {
    groupId: 'none',
    config: {
      enabled: false,
      mode: 'backupAndRestore',
      members: [],
      autoReconnect: false,
      full: { kind: 'off' },
      differential: { kind: 'off' },
      whenConsoleLost: 'keep',
      probeMs: 1000,
      misses: 3,
      leaseMs: 10_000,
    },
  },
  'failover.encrypt': { groupId: 'none', password: null },
  'failover.backupNow': { groupId: 'none', type: 'full' },
  'failover.plan': { groupId: 'none', action: { kind: 'reconnect' } },
  'failover.execute': { token: 'none' },
  'failover.remove': { groupId: 'none' },
  'restore.finishPlan': { instanceId: 'SRV-0/X', action: 'delete' },
  'restore.finishPlanned': { token: 'none' },
  'restore.retry': { jobId: 'none' },
  'restore.decide': { jobId: 'none', decision: 'leave' },
  'restore.answer': { jobId: 'none', server: 'SRV-9', replica: 'X', vector: '' },
  'restore.recovery': { jobId: 'none' },
  'restore.recoveryPlan': { jobId: 'none', wayId: 'none' },
  'restore.recover': { token: 'none' },
  'otherFiles.settings': { instanceId: 'SRV-0/X' },
  'otherFiles.setSettings': { instanceId: 'SRV-0/X', preferred: null },
  'otherFiles.defineEncryption': { instanceId: 'SRV-0/X', name: 'vault', password: 'twelve letters', kept: false },
  'otherFiles.forgetEncryption': { instanceId: 'SRV-0/X', name: 'vault' },
  'otherFiles.select': { instanceId: 'SRV-0/X', securityFiles: true, include: null },
  'otherFiles.place': {
    instanceId: 'SRV-0/X',
    file: '/nowhere/x.bak',
    security: false,
    included: true,
  },
  'otherFiles.openClosed': { instanceId: 'SRV-0/X' },
  'library.open': { server: 'SRV-0', folders: ['/nowhere'] },
  'library.commits': { instanceId: 'SRV-0/X', around: null },
  'library.ways': { instanceId: 'SRV-0/X' },
  'restore.choices': { jobId: 'none' },
  'jobs.list': {},
  'jobs.log': { jobId: 'none' },
  'jobs.cancel': { jobId: 'none' },
  'jobs.again': { jobId: 'none' },
  'schedules.list': {},
  'schedules.save': {
    id: null,
    instanceId: 'SRV-0/X',
    name: 'Nightly',
    enabled: true,
    type: 'full',
    when: { kind: 'off' },
    folder: null,
    namePattern: null,
    options: {},
    fullWhenNoBase: true,
    notifySuccess: false,
    keep: null,
  },
  'schedules.remove': { id: 'none' },
  'schedules.runNow': { id: 'none' },
  'schedules.runs': { id: 'none' },
  'retention.getPolicy': { instanceId: 'SRV-0/X' },
  'retention.setPolicy': { instanceId: 'SRV-0/X', policy: null },
  'retention.preview': { instanceId: 'SRV-0/X' },
  'retention.run': { instanceId: 'SRV-0/X' },
  'retention.contingencies': { instanceId: 'SRV-0/X' },
  'retention.removeContingency': { instanceId: 'SRV-0/X', id: 'none', typed: null },
  'drills.list': {},
  'drills.save': {
    instanceId: 'SRV-0/X',
    enabled: true,
    when: { kind: 'off' },
    point: 'last',
    folder: null,
    probes: [],
    timeLimitMs: 1000,
    warnAfterDays: null,
  },
  'drills.remove': { instanceId: 'SRV-0/X' },
  'drills.run': { instanceId: 'SRV-0/X' },
  'drills.reports': { instanceId: 'SRV-0/X' },
  'drills.report': { id: 'none' },
  'notify.channels': {},
  'notify.save': { kind: 'desktop', id: null, name: 'Here', enabled: true, from: 'critical', onSuccess: false },
  'notify.remove': { id: 'none' },
  'notify.test': { id: 'none' },
  'notify.deliveries': {},
  'dsmaster.plan': { servers: [] },
  'dsmaster.fromSite': {},
  'demo.open': {},
  'demo.power': { server: 'SRV-0', on: true },
  'demo.close': {},
};

/** Those that answer on an empty site; all the others must refuse. */
const answering = new Set([
  'site.get',
  'site.watch',
  'site.rename',
  'servers.add',
  'jobs.list',
  'schedules.list',
  'drills.list',
  'notify.channels',
  'notify.save',
  'notify.deliveries',
  'dsmaster.plan',
  'dsmaster.fromSite',
]);

const procedures = Object.entries(consoleContract).flatMap(([area, verbs]) =>
  Object.keys(verbs).map((verb) => `${area}.${verb}`),
);

async function connect() {
  const engine = createEngine({
    dataFolder: temporaryFolder(),
    host: 'headless',
    launcher: createFakeMachine(systemClock).launcher,
  });
  await engine.start();
  const { port1, port2 } = new MessageChannel();
  servePort(engine.router, port1 as never);
  port1.start();
  onTestFinished(async () => {
    port1.close();
    port2.close();
    await engine.stop();
  });
  return connectConsoleByPort(port2 as never);
}

type AnyApi = Record<string, Record<string, (input: unknown) => Promise<unknown>>>;

async function call(api: unknown, procedure: string, input: unknown): Promise<unknown> {
  const [area, verb] = procedure.split('.') as [string, string];
  const answer = await (api as AnyApi)[area]![verb]!(input);
  if (typeof answer !== 'object' || answer === null || !(Symbol.asyncIterator in answer)) return answer;
  const stream = answer as AsyncIterableIterator<unknown>;
  const { value } = await stream.next();
  await stream.return?.();
  return value;
}

/** They take anything. */
const withoutInput = new Set([
  ...['site.get', 'site.watch', 'demo.open', 'demo.close', 'jobs.list'],
  ...['notify.channels', 'notify.deliveries', 'dsmaster.fromSite'],
]);

describe('the console contract', () => {
  it('has an input here for each of its procedures', () => {
    expect(Object.keys(inputs).sort()).toEqual([...procedures].sort());
  });

  it.each(procedures)('%s answers, or refuses with a catalogue code', async (procedure) => {
    const api = await connect();
    const outcome = await call(api, procedure, inputs[procedure]).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    if (answering.has(procedure)) {
      expect(outcome).toHaveProperty('value');
      return;
    }
    const { error } = outcome as { error?: unknown };
    expect(error).toBeInstanceOf(HoldfastError);
    const report = (error as HoldfastError).report();
    expect(errorCatalogue[report.name].code).toBe(report.code);
    expect(report.name).not.toBe('INTERNAL');
    expect(report.message).not.toBe('');
  });

  it.each(procedures.filter((one) => !withoutInput.has(one)))(
    '%s refuses input outside its schema as INVALID_INPUT',
    async (procedure) => {
      const api = await connect();
      const error = await call(api, procedure, { instanceId: 7, name: '(local)', path: 7 }).catch((e: unknown) => e);
      expect((error as HoldfastError).name).toBe('INVALID_INPUT');
    },
  );

  it('gives a snapshot that its schema takes', async () => {
    const api = await connect();
    const snapshot = await api.site.get({});
    expect(siteSnapshotSchema.parse(snapshot)).toEqual(snapshot);
    expect(snapshot.site.firstStart).toBe(true);
  });
});
