// The agent's side of the contract: each procedure handed to the agent, an instance, or a file service.
import { HoldfastError } from '../contract/errors.ts';
import { type AgentRouter, implementAgent } from '../rpc/serve.ts';
import type { Agent } from './agent.ts';
import { readingsOf, sourcesOf, whileReading } from './backup-readers.ts';
import { openClosed } from './cold-backup.ts';
import { changeSettings, defineEncryption, describeSettings, forgetEncryption } from './encryption-settings.ts';
import { addBackend, attachStandby, protect, removeBackend } from './enrol.ts';
import { catalog, checkFolder, header, inspect, readBackupLog, receive, verify } from './file-services.ts';
import { commitsOf, findFiles } from './find-files.ts';
import { groupKeyRecipe, keepGroupKey, useGroupKey } from './group-keys.ts';
import { forgetGroupRecord, keepGroupRecord, listGroupRecords } from './group-records.ts';
import { answerPeers, decidePeers, verifyRst, waitingRst } from './instance-verification.ts';
import { deleteLogs, listLogStandings, lookForHazards } from './log-housekeeping.ts';
import { measureCopies } from './measure-copies.ts';
import { streamOperation } from './operation-stream.ts';
import { selectFiles } from './other-files.ts';
import { checkFiles, placeFiles } from './place-files.ts';
import { removeBackups } from './remove-backups.ts';
import { removeContingency } from './remove-contingency.ts';
import { restoreToFile } from './restore-to-file.ts';

/** Every procedure of `agentContract`. A fence-only agent answers status, fence and shutdown, and refuses the rest. */
export function createAgentRouter(agent: Agent): AgentRouter {
  const os = implementAgent();
  const full = () => {
    if (agent.spec.fenceOnly)
      throw new HoldfastError('NOT_SUPPORTED', `This agent of ${agent.spec.name} only fences databases`);
    return agent;
  };
  const find = (name: string) => full().instance(name);
  const afterwards = <T>(value: T): T => {
    agent.writeActive();
    return value;
  };

  return os.router({
    status: os.status.handler(() => agent.status()),
    inspect: os.inspect.handler(({ input }) => inspect(full(), input.path)),
    checkFolder: os.checkFolder.handler(({ input }) => checkFolder(full(), input)),
    allowFolders: os.allowFolders.handler(({ input }) => {
      for (const folder of input.folders) if (!agent.roots.includes(folder)) full().roots.push(folder);
      return {};
    }),
    protect: os.protect.handler(({ input }) => protect(full(), input)),
    addBackend: os.addBackend.handler(({ input }) => afterwards(addBackend(full(), input))),
    removeBackend: os.removeBackend.handler(({ input }) => afterwards(removeBackend(full(), input))),
    attachStandby: os.attachStandby.handler(({ input }) => attachStandby(full(), input)),
    release: os.release.handler(async ({ input }) => {
      await full().release(input.instance);
      return {};
    }),
    backup: os.backup.handler(({ input, signal }) =>
      streamOperation(signal, (out, abort) => find(input.instance).backup(input.options, out, abort, input.secrets)),
    ),
    receive: os.receive.handler(({ input, signal }) =>
      streamOperation(signal, (out, abort) =>
        whileReading(agent, 'a copy to another server', input, () => receive(full(), input, out, abort)),
      ),
    ),
    restore: os.restore.handler(({ input, signal }) =>
      streamOperation(signal, (out, abort) =>
        whileReading(
          agent,
          `a restore of ${input.instance}`,
          sourcesOf(input.options),
          () => find(input.instance).restore(input.options, out, abort, input.secrets),
          (line) => out.emit({ kind: 'log', line }),
        ),
      ),
    ),
    restoreToFile: os.restoreToFile.handler(({ input, signal }) =>
      streamOperation(signal, (out, abort) =>
        whileReading(
          agent,
          `a restore into ${input.path}`,
          sourcesOf(input.options),
          () => restoreToFile(full(), input.path, input.options, out, abort, input.secrets),
          (line) => out.emit({ kind: 'log', line }),
        ),
      ),
    ),
    applyToStandby: os.applyToStandby.handler(({ input, signal }) =>
      streamOperation(signal, (out, abort) =>
        whileReading(agent, 'a restore', { files: [input.file] }, () =>
          find(input.instance).applyToStandby(input.file, input.log, out, abort),
        ),
      ),
    ),
    finishRst: os.finishRst.handler(async ({ input }) => afterwards(await find(input.instance).finishRst(input))),
    backupSettings: os.backupSettings.handler(({ input }) => describeSettings(find(input.instance))),
    setBackupSettings: os.setBackupSettings.handler(({ input }) => changeSettings(find(input.instance), input)),
    defineEncryption: os.defineEncryption.handler(({ input }) => defineEncryption(find(input.instance), input)),
    forgetEncryption: os.forgetEncryption.handler(({ input }) =>
      forgetEncryption(find(input.instance), input.name, input.eraseKey),
    ),
    selectFiles: os.selectFiles.handler(({ input }) => {
      const files = selectFiles(find(input.instance), input);
      return { files, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
    }),
    checkFiles: os.checkFiles.handler(async ({ input }) => ({ files: await checkFiles(full(), input) })),
    placeFiles: os.placeFiles.handler(({ input }) =>
      whileReading(agent, 'a restore of other files', { files: [input.file] }, async () => ({
        files: await placeFiles(full(), input, input.log),
      })),
    ),
    openClosed: os.openClosed.handler(({ input }) => {
      const instance = find(input.instance);
      openClosed(instance, input.clearLock);
      return afterwards(instance.status());
    }),
    answerPeers: os.answerPeers.handler(({ input }) => ({ taken: answerPeers(full(), input.target, input.peers) })),
    decidePeers: os.decidePeers.handler(({ input }) => {
      decidePeers(full(), input.target, input.decision);
      return {};
    }),
    waitingRst: os.waitingRst.handler(({ input }) => waitingRst(find(input.instance))),
    verifyRst: os.verifyRst.handler(({ input }) => verifyRst(find(input.instance), input.peers, input.log)),
    fence: os.fence.handler(async ({ input }) => {
      const fencing = agent.instance(input.instance).fenceUntilDurable(input.reason, input.term, input.timeoutMs);
      // Clients must see at once that this is no primary any more: they let go of the file, and the fence becomes durable.
      afterwards(null);
      return afterwards(await fencing);
    }),
    unfence: os.unfence.handler(({ input }) => afterwards(find(input.instance).unfence(input.term))),
    setRole: os.setRole.handler(({ input }) => afterwards(find(input.instance).setRole(input.role, input.term))),
    lease: os.lease.handler(({ input }) => {
      if (!full().lease.renew(input.ms, input.asOf)) agent.tick();
      return {};
    }),
    clearOutOfSync: os.clearOutOfSync.handler(({ input }) => {
      find(input.instance).clearOutOfSync();
      return {};
    }),
    captureNow: os.captureNow.handler(({ input }) => find(input.instance).captureNow()),
    getConfig: os.getConfig.handler(({ input }) => find(input.instance).loggingConfig()),
    setConfig: os.setConfig.handler(({ input }) => find(input.instance).setConfig(input)),
    hazards: os.hazards.handler(({ input }) => lookForHazards(find(input.instance))),
    listLogs: os.listLogs.handler(({ input }) => listLogStandings(find(input.instance), input)),
    deleteLogs: os.deleteLogs.handler(({ input }) => deleteLogs(find(input.instance), input)),
    contingencies: os.contingencies.handler(({ input }) => find(input.instance).contingencies()),
    header: os.header.handler(({ input }) => header(full(), input.file)),
    verify: os.verify.handler(({ input, signal }) =>
      whileReading(agent, 'a verification', input, () => verify(full(), input, signal)),
    ),
    catalog: os.catalog.handler(({ input }) => catalog(full(), input)),
    readings: os.readings.handler(({ input }) => ({ readings: readingsOf(full(), input.files) })),
    removeBackups: os.removeBackups.handler(({ input }) => removeBackups(full(), input.files)),
    removeContingency: os.removeContingency.handler(({ input }) => removeContingency(find(input.instance), input.id)),
    groupKeyRecipe: os.groupKeyRecipe.handler(({ input }) => ({
      recipe: groupKeyRecipe(find(input.instance), input.salt),
    })),
    keepGroupKey: os.keepGroupKey.handler(async ({ input }) => {
      await keepGroupKey(full(), input.recipe, input.password);
      return {};
    }),
    useGroupKey: os.useGroupKey.handler(({ input }) => {
      useGroupKey(find(input.instance), input.salt);
      return {};
    }),
    groupRecords: os.groupRecords.handler(() => listGroupRecords(full())),
    keepGroupRecord: os.keepGroupRecord.handler(({ input }) => {
      keepGroupRecord(full(), input.record);
      return {};
    }),
    forgetGroupRecord: os.forgetGroupRecord.handler(({ input }) => {
      forgetGroupRecord(full(), input.groupId);
      return {};
    }),
    measure: os.measure.handler(({ input, signal }) =>
      streamOperation(signal, (out, abort) => measureCopies(full(), input, out, abort)),
    ),
    findFiles: os.findFiles.handler(({ input }) => findFiles(full(), input)),
    listCommits: os.listCommits.handler(({ input }) => commitsOf(full(), input)),
    readLog: os.readLog.handler(({ input }) => readBackupLog(full(), input.file)),
    events: os.events.handler(({ signal }) => agent.events.listen(signal)),
    shutdown: os.shutdown.handler(() => {
      // Answered first; the port closes with the process.
      setImmediate(() => void agent.stop());
      return {};
    }),
  } as never) as unknown as AgentRouter;
}
