// A machine of agents in memory: the agent's contract answered without files, processes or databases, and told to misbehave.
import type { AgentLauncher, AgentSpec } from '../../core/agent/types.ts';
import type { AgentEvent, AgentStatus } from '../../core/contract/agent.ts';
import type { BackupFileInfo, CatalogView, LogFileInfo } from '../../core/contract/backup.ts';
import { HoldfastError } from '../../core/contract/errors.ts';
import type { InstanceStatus } from '../../core/contract/instance.ts';
import type { BackupSettings } from '../../core/contract/other-files.ts';
import type { RestoreEvent } from '../../core/contract/restore.ts';
import { unknownStatus } from '../../core/contract/unknown-status.ts';
import type { Clock } from '../../core/platform/clock.ts';
import { initialView } from '../../core/restore/steps.ts';
import { implementAgent, inProcessAgent } from '../../core/rpc/serve.ts';

/** One server's agent: its memory outlives its processes, as the real one's state file does. */
export interface FakeAgent {
  name: string;
  instances: Map<string, InstanceStatus>;
  backups: BackupFileInfo[];
  /** What some process of another door reads. */
  readings: { file: string; by: string }[];
  logs: LogFileInfo[];
  specs: AgentSpec[];
  calls: string[];
  /** What it was asked to look at last. */
  asked: { catalogFolders: string[]; logs: string[] };
  running: boolean;
  /** Answers nothing until set to false. */
  hangs: boolean;
  /** Holds each backup after its first progress until resolved. */
  gate: Promise<void> | null;
  /** Set to make the next launches fail. */
  launchFails: HoldfastError | null;
  /** What the next restore ends with instead of a result. */
  restoreFails: HoldfastError | null;
  emit(event: Omit<AgentEvent, 'at'>): void;
  /** The process dies by itself. */
  crash(): void;
}

export interface FakeMachine {
  launcher: AgentLauncher;
  agent(name: string): FakeAgent;
}

export function createFakeMachine(clock: Clock): FakeMachine {
  const agents = new Map<string, FakeAgent>();
  let pids = 1000;

  function agent(name: string): FakeAgent {
    const known = agents.get(name);
    if (known) return known;
    const made: FakeAgent = {
      name,
      instances: new Map(),
      backups: [],
      readings: [],
      logs: [],
      specs: [],
      calls: [],
      asked: { catalogFolders: [], logs: [] },
      running: false,
      hangs: false,
      gate: null,
      launchFails: null,
      restoreFails: null,
      emit() {},
      crash() {},
    };
    agents.set(name, made);
    return made;
  }

  return {
    agent,
    launcher: {
      async launch(spec) {
        const one = agent(spec.name);
        one.specs.push(spec);
        if (one.launchFails) throw one.launchFails;
        if (one.running)
          throw new HoldfastError('SERVER_UNREACHABLE', `Another process holds the lock of ${spec.root}`);
        const ended = Promise.withResolvers<void>();
        const pid = pids++;
        const end = () => {
          one.running = false;
          ended.resolve();
        };
        one.running = true;
        one.crash = end;
        const router = routerOf(one, spec, clock, pid, end, ended.promise);
        return { api: inProcessAgent(router as never), pid, exited: ended.promise, kill: end };
      },
    },
  };
}

function routerOf(
  agent: FakeAgent,
  spec: AgentSpec,
  clock: Clock,
  pid: number,
  end: () => void,
  ended: Promise<void>,
): unknown {
  const os = implementAgent();
  const instanceOf = (name: string): InstanceStatus => {
    const status = agent.instances.get(name);
    if (!status) throw new HoldfastError('NOT_FOUND', `${agent.name} has no instance ${name}`);
    return status;
  };
  const change = (name: string, patch: Partial<InstanceStatus>) => {
    const next = { ...instanceOf(name), ...patch };
    agent.instances.set(name, next);
    return next;
  };
  const gone = () => new HoldfastError('SERVER_UNREACHABLE', 'The process is gone');
  const enter = async (call: string) => {
    if (!agent.running) throw gone();
    agent.calls.push(call);
    while (agent.hangs && agent.running) await Promise.race([clock.sleep(100), ended]);
    if (!agent.running) throw gone();
  };
  const allowed = [spec.root, ...spec.allowedFolders];
  const check = (path: string) => {
    if (!allowed.some((folder) => path === folder || path.startsWith(`${folder}/`)))
      throw new HoldfastError('OUTSIDE_ROOT', `${path} is outside the folders that this server may use`);
  };
  const status = (): AgentStatus => ({
    server: agent.name,
    root: spec.root,
    version: '0.1.0',
    sqliteVersion: '3.54.1',
    pid,
    at: clock.now(),
    freeBytes: 1e12,
    endpoint: 'http://127.0.0.1:1',
    instances: [...agent.instances.values()],
  });

  async function* restoreEvents(path: string): AsyncGenerator<RestoreEvent> {
    const view = initialView(path, null, `${path}.rst`);
    yield { kind: 'view', view };
    if (agent.restoreFails) {
      yield { kind: 'failed', error: agent.restoreFails.report() };
      return;
    }
    const steps = view.steps.map((step) => ({ ...step, status: 'done' as const }));
    yield { kind: 'view', view: { ...view, steps, restoredTo: clock.now() } };
    yield {
      kind: 'result',
      result: {
        steps,
        restoredTo: clock.now(),
        lastCommit: null,
        verify: view.verification,
        activated: true,
        contingency: null,
        target: path,
        vector: [],
        durationMs: 5,
      },
    };
  }

  let settings: BackupSettings = { securityFiles: [], preferred: null, definitions: [] };

  return os.router({
    status: os.status.handler(async () => {
      await enter('status');
      return status();
    }),
    backupSettings: os.backupSettings.handler(async () => {
      await enter('backupSettings');
      return settings;
    }),
    setBackupSettings: os.setBackupSettings.handler(async ({ input }) => {
      await enter('setBackupSettings');
      if (input.securityFiles) settings = { ...settings, securityFiles: input.securityFiles };
      if (input.preferred !== undefined) settings = { ...settings, preferred: input.preferred };
      return settings;
    }),
    defineEncryption: os.defineEncryption.handler(async ({ input: { name, kept } }) => {
      await enter('defineEncryption');
      const definitions = [...settings.definitions, { name, kept, createdAt: clock.now() }];
      settings = { ...settings, preferred: settings.preferred ?? name, definitions };
      return settings;
    }),
    forgetEncryption: os.forgetEncryption.handler(async ({ input }) => {
      await enter('forgetEncryption');
      const definitions = settings.definitions.filter(({ name }) => name !== input.name);
      settings = { ...settings, preferred: null, definitions };
      return settings;
    }),
    selectFiles: os.selectFiles.handler(async () => {
      await enter('selectFiles');
      return { files: [], bytes: 0 };
    }),
    checkFiles: os.checkFiles.handler(async () => {
      await enter('checkFiles');
      return { files: [] };
    }),
    placeFiles: os.placeFiles.handler(async () => {
      await enter('placeFiles');
      return { files: [] };
    }),
    openClosed: os.openClosed.handler(async ({ input }) => {
      await enter('openClosed');
      return instanceOf(input.instance);
    }),
    inspect: os.inspect.handler(async ({ input }) => {
      await enter('inspect');
      check(input.path);
      return {
        path: input.path,
        realPath: input.path,
        size: 8192,
        pageSize: 4096,
        pageCount: 2,
        journal: 'wal' as const,
        fileSystem: null,
        freeBytes: null,
        refusal: null,
        warnings: [],
      };
    }),
    checkFolder: os.checkFolder.handler(async ({ input }) => {
      await enter('checkFolder');
      check(input.folder);
      return { writable: true, freeBytes: null, problem: null };
    }),
    allowFolders: os.allowFolders.handler(async ({ input }) => {
      await enter('allowFolders');
      allowed.push(...input.folders);
      return {};
    }),
    addBackend: os.addBackend.handler(async ({ input }) => {
      await enter('addBackend');
      check(input.path);
      return instanceOf(input.instance);
    }),
    removeBackend: os.removeBackend.handler(async ({ input }) => {
      await enter('removeBackend');
      return instanceOf(input.instance);
    }),
    protect: os.protect.handler(async ({ input }) => {
      await enter('protect');
      check(input.path);
      const fresh = unknownStatus(input.instance, input.path, `${input.path}.home`);
      const logging = { ...fresh.logging, on: input.logging, directory: `${input.path}.home/nds.rfl` };
      const made: InstanceStatus = { ...fresh, writable: true, state: 'Online', journal: 'wal', size: 8192, logging };
      agent.instances.set(input.instance, made);
      return made;
    }),
    attachStandby: os.attachStandby.handler(async ({ input }) => {
      await enter('attachStandby');
      const made = { ...unknownStatus(input.instance, input.path, input.path), role: 'standby' as const };
      agent.instances.set(input.instance, made);
      return made;
    }),
    release: os.release.handler(async ({ input }) => {
      await enter('release');
      instanceOf(input.instance);
      agent.instances.delete(input.instance);
      return {};
    }),
    backup: os.backup.handler(async function* ({ input, signal }) {
      await enter('backup');
      const before = instanceOf(input.instance);
      const { type, file } = input.options;
      yield {
        kind: 'progress',
        progress: { phase: 'Pages', phaseIndex: 1, phaseCount: 1, done: 4096, total: 8192, unit: 'bytes' },
      } as const;
      const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
      if (agent.gate) await Promise.race([agent.gate, aborted, ended]);
      if (!agent.running) await new Promise(() => {});
      if (signal?.aborted) throw new HoldfastError('CANCELLED');
      const info = backupInfo(agent, input.instance, type, file, clock.now());
      agent.backups.push(info);
      const head = { idtag: info.idtag, at: info.time, file };
      const done = type === 'full' ? { lastFull: head, lastIncremental: null } : { lastIncremental: head };
      change(input.instance, { ...before, ...done, fullRequired: false, restorableTo: info.consistentAt });
      yield { kind: 'log', line: 'Backup completed successfully' } as const;
      yield {
        kind: 'result',
        result: {
          idtag: info.idtag,
          type,
          file,
          files: [file],
          bytesRead: 8192,
          bytesWritten: info.bytes,
          pages: 2,
          changedPages: 2,
          durationMs: 10,
          at: 'start',
          consistentAt: info.consistentAt,
          currentLog: info.currentLog,
          nextIncId: info.nextIncId,
          serial: info.serial,
          vector: [],
          warnings: [],
        },
      } as const;
    }),
    receive: os.receive.handler(async function* ({ input }) {
      await enter('receive');
      yield { kind: 'result', files: input.files } as const;
    }),
    restore: os.restore.handler(async function* ({ input }) {
      await enter('restore');
      yield* restoreEvents(instanceOf(input.instance).path);
    }),
    answerPeers: os.answerPeers.handler(async () => {
      await enter('answerPeers');
      return { taken: true };
    }),
    decidePeers: os.decidePeers.handler(async () => {
      await enter('decidePeers');
      return {};
    }),
    waitingRst: os.waitingRst.handler(async () => {
      await enter('waitingRst');
      return null;
    }),
    verifyRst: os.verifyRst.handler(async ({ input }) => {
      throw new HoldfastError('NO_RST', `${input.instance} has no set in RST`);
    }),
    restoreToFile: os.restoreToFile.handler(async function* ({ input }) {
      await enter('restoreToFile');
      check(input.path);
      yield* restoreEvents(input.path);
    }),
    applyToStandby: os.applyToStandby.handler(async function* ({ input }) {
      await enter('applyToStandby');
      yield* restoreEvents(instanceOf(input.instance).path);
    }),
    finishRst: os.finishRst.handler(async ({ input }) => {
      await enter(`finishRst:${input.action}`);
      change(input.instance, { hasRst: false });
      return { contingency: null };
    }),
    fence: os.fence.handler(async ({ input }) => {
      await enter(`fence:${spec.fenceOnly}`);
      change(input.instance, { writable: false, state: 'Fenced' });
      return { durable: true, holders: [], vector: [] };
    }),
    unfence: os.unfence.handler(async ({ input }) => {
      await enter('unfence');
      return change(input.instance, { writable: true, state: 'Online' });
    }),
    setRole: os.setRole.handler(async ({ input }) => {
      await enter('setRole');
      return change(input.instance, { role: input.role, term: input.term });
    }),
    lease: os.lease.handler(async () => {
      await enter('lease');
      return {};
    }),
    clearOutOfSync: os.clearOutOfSync.handler(async ({ input }) => {
      await enter('clearOutOfSync');
      change(input.instance, { outOfSync: false });
      return {};
    }),
    captureNow: os.captureNow.handler(async ({ input }) => {
      await enter('captureNow');
      const { restorableTo, vector } = instanceOf(input.instance);
      return { restorableTo, vector };
    }),
    getConfig: os.getConfig.handler(async ({ input }) => {
      await enter('getConfig');
      return instanceOf(input.instance).logging;
    }),
    setConfig: os.setConfig.handler(async ({ input }) => {
      await enter('setConfig');
      const { instance, roll: _, ...patch } = input;
      const before = instanceOf(instance).logging;
      const set = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
      return change(instance, { logging: { ...before, ...set } }).logging;
    }),
    hazards: os.hazards.handler(async ({ input }) => {
      await enter('hazards');
      return { at: clock.now(), hazards: instanceOf(input.instance).hazards ?? [], openers: [], facts: [] };
    }),
    listLogs: os.listLogs.handler(async ({ input }) => {
      await enter('listLogs');
      const { currentLog, safeToDelete } = instanceOf(input.instance).logging;
      const row = (log: string, standing: 'safe' | 'current') => ({
        log,
        standing,
        bytes: 1,
        createdAt: null,
        reason: null,
      });
      return [...safeToDelete.map((log) => row(log, 'safe')), row(currentLog, 'current')];
    }),
    deleteLogs: os.deleteLogs.handler(async ({ input }) => {
      await enter(`deleteLogs:${input.logs.join()}`);
      const { logging } = instanceOf(input.instance);
      const safeToDelete = logging.safeToDelete.filter((log) => !input.logs.includes(log));
      change(input.instance, { logging: { ...logging, safeToDelete } });
      return { deleted: input.logs, bytes: input.logs.length };
    }),
    contingencies: os.contingencies.handler(async () => {
      await enter('contingencies');
      return [];
    }),
    header: os.header.handler(async ({ input }) => {
      await enter('header');
      const info = agent.backups.find((one) => one.file === input.file);
      if (!info) throw new HoldfastError('NOT_FOUND', `${input.file} is not there`);
      return { xml: '<backup/>', info };
    }),
    verify: os.verify.handler(async ({ input }) => {
      await enter('verify');
      return { ok: true, files: input.files.map((file) => ({ file, status: 'ok' as const, code: 0, error: null })) };
    }),
    catalog: os.catalog.handler(async ({ input }): Promise<CatalogView> => {
      await enter('catalog');
      agent.asked.catalogFolders = input.folders;
      const fulls = agent.backups.filter((one) => one.type === 'full');
      const chains = fulls.map((full) => ({
        full,
        incrementals: agent.backups.filter((one) => one.type === 'incremental' && one.baseIdtag === full.idtag),
        gaps: [],
      }));
      return { chains, logs: agent.logs, unusable: [] };
    }),
    readings: os.readings.handler(() => ({ readings: agent.readings })),
    removeBackups: os.removeBackups.handler(async ({ input }) => {
      await enter('removeBackups');
      const gone = agent.backups.filter((one) => input.files.includes(one.file));
      agent.backups = agent.backups.filter((one) => !gone.includes(one));
      return { removed: gone.flatMap((one) => one.parts), bytes: gone.reduce((sum, one) => sum + one.bytes, 0) };
    }),
    removeContingency: os.removeContingency.handler(async () => {
      await enter('removeContingency');
      return { bytes: 0 };
    }),
    groupKeyRecipe: os.groupKeyRecipe.handler(async () => {
      throw new HoldfastError('NOT_FOUND', 'There is no definition');
    }),
    keepGroupKey: os.keepGroupKey.handler(async () => ({})),
    useGroupKey: os.useGroupKey.handler(async () => ({})),
    groupRecords: os.groupRecords.handler(async () => ({ records: [], damaged: [] })),
    keepGroupRecord: os.keepGroupRecord.handler(async () => ({})),
    forgetGroupRecord: os.forgetGroupRecord.handler(async () => ({})),
    measure: os.measure.handler(async function* () {
      await enter('measure');
      yield { kind: 'asking', what: 'table entry' } as const;
      yield { kind: 'table', name: 'entry', rows: 3 } as const;
      yield { kind: 'end', bytes: 8192 } as const;
    }),
    findFiles: os.findFiles.handler(async ({ input }) => {
      await enter('findFiles');
      agent.asked.catalogFolders = input.folders;
      for (const folder of [...input.folders, ...input.logFolders]) check(folder);
      return { backups: agent.backups, logs: agent.logs, unusable: [], folders: input.folders.length, cutShort: null };
    }),
    listCommits: os.listCommits.handler(async () => {
      await enter('listCommits');
      return { commits: [], before: 0, after: 0, problem: null };
    }),
    readLog: os.readLog.handler(async ({ input }) => {
      await enter('readLog');
      agent.asked.logs.push(input.file);
      if (agent.backups.length === 0) throw new HoldfastError('NOT_FOUND', `${input.file} is not there`);
      return [];
    }),
    events: os.events.handler(async function* ({ signal }) {
      await enter('events');
      const queue: AgentEvent[] = [];
      let wake = () => {};
      agent.emit = (event) => {
        queue.push({ at: clock.now(), ...event });
        wake();
      };
      while (agent.running && !signal?.aborted) {
        for (let event = queue.shift(); event; event = queue.shift()) yield event;
        await Promise.race([
          new Promise<void>((resolve) => {
            wake = resolve;
          }),
          ended,
        ]);
      }
    }),
    shutdown: os.shutdown.handler(async () => {
      await enter('shutdown');
      queueMicrotask(end);
      return {};
    }),
  });
}

/** A header as the fake writes it; also for tests that need a catalog without an agent. */
export function backupInfo(
  agent: Pick<FakeAgent, 'backups' | 'name'>,
  instance: string,
  type: 'full' | 'incremental',
  file: string,
  at: number,
): BackupFileInfo {
  const number = agent.backups.length + 1;
  const idtag = number.toString(16).toUpperCase().padStart(8, '0');
  const base = type === 'full' ? idtag : (agent.backups.findLast((one) => one.type === 'full')?.idtag ?? idtag);
  return {
    file,
    parts: [],
    bytes: 5000,
    idtag,
    type,
    time: at,
    srvname: `\\T=HOLDFAST\\O=HOLDFAST\\CN=${agent.name}`,
    instance,
    dsversion: '100',
    compression: 'zstd',
    os: 'linux',
    currentLog: '00000001.log',
    incrementalId: type === 'full' ? null : idtag,
    nextIncId: (number + 1).toString(16).toUpperCase().padStart(8, '0'),
    serial: `serial-${number}`,
    previousSerial: type === 'full' ? null : `serial-${number - 1}`,
    sequence: type === 'full' ? 0 : number - 1 - agent.backups.findLastIndex((one) => one.type === 'full'),
    baseIdtag: base,
    pageSize: 4096,
    pageCount: 2,
    vector: [],
    consistentAt: at,
    replicas: [],
  };
}
