// Brings a standby forward: a full replaces it by the seven steps, an incremental is written in place under a redo marker.
import path from 'node:path';
import { startRestoreEntry, tolerantEntry } from '../backup/backup-log.ts';
import { openBackup } from '../backup/reader.ts';
import type { OpenedBackup } from '../backup/types.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import { type RestoreEvent, restoreOptionsSchema } from '../contract/restore.ts';
import { releaseBuffer } from '../platform/release-buffer.ts';
import { lockFile } from '../restore/closed-lock.ts';
import { createPicture } from '../restore/picture.ts';
import { createYielder } from '../restore/restore-set.ts';
import { openPageFile } from '../sqlite/page-file.ts';
import { holdersOf } from './closed-set.ts';
import { keysOf } from './encryption-settings.ts';
import { restoreInstance } from './instance-restore.ts';
import type { Emitter, ProtectedInstance } from './protected-instance.ts';

/** Applies one backup file to a standby. Refuses a primary, a file in use, and an incremental that does not follow. */
export async function applyBackup(
  instance: ProtectedInstance,
  given: string,
  givenLog: string,
  out: Emitter<RestoreEvent>,
  signal: AbortSignal,
): Promise<void> {
  const { agent } = instance;
  if (instance.role !== 'standby')
    throw new HoldfastError('ALREADY_ACTIVE', `${instance.name} is the primary and takes no backups of others`);
  const file = agent.allowed(given);
  const log = agent.allowed(givenLog);
  const backup = openBackup(file, agent.deps.files);
  try {
    await backup.unlock(keysOf(agent, null, [instance.home]));
    if (backup.info.type === 'full') {
      const options = restoreOptionsSchema.parse({
        file,
        log,
        incrementals: [],
        skipVerify: true,
        keepLogSettings: true,
        open: false,
        clearLock: false,
      });
      await restoreInstance(instance, options, out, signal);
      return;
    }
    await applyIncremental(instance, backup, log, out, signal);
  } finally {
    backup.close();
  }
}

/** After a crash in the middle: the same file again, in the background; the instance is `Restoring` until then. */
applyBackup.resume = (instance: ProtectedInstance): void => {
  const { applying } = instance.facts;
  if (!applying) return;
  if (instance.activity) {
    instance.fail(halfApplied(instance).report());
    return;
  }
  const silent: Emitter<RestoreEvent> = { emit: () => {}, replace: () => {} };
  void instance
    .exclusively('restore', new AbortController().signal, async (signal) => {
      const backup = openBackup(applying.file, instance.agent.deps.files);
      try {
        await backup.unlock(keysOf(instance.agent, null, [instance.home]));
        const log = path.join(instance.home, 'recovery.log');
        await applyIncremental(instance, backup, log, silent, signal);
        instance.agent.emit('restoreRecovered', 'info', instance.name, `${applying.file} was applied to its end`);
      } finally {
        backup.close();
      }
    })
    .then(
      () => {
        if (!instance.facts.applying) instance.error = null;
        else instance.fail(halfApplied(instance).report());
      },
      (error: unknown) => instance.fail(toErrorReport(error)),
    );
};

const halfApplied = (instance: ProtectedInstance) =>
  new HoldfastError('COPY_NEVER_RESTORED', `${instance.name} holds a backup that is only half applied`, {
    hint: 'Apply the same backup again, or a full backup.',
  });

/** Refuses what does not follow the backup that is in the standby; the same one again is a redo. */
function checkFollows(instance: ProtectedInstance, backup: OpenedBackup): void {
  const { facts } = instance;
  const { info } = backup;
  const last = facts.lastRestore;
  if (!last) throw new HoldfastError('NO_FULL_BACKUP', `${instance.name} was never restored from a full backup`);
  if (facts.applying) {
    if (facts.applying.serial === info.serial) return;
    throw halfApplied(instance);
  }
  if (info.baseIdtag !== last.baseIdtag)
    throw new HoldfastError('SERIAL_MISMATCH', `${info.file} belongs to the full backup ${info.baseIdtag}`);
  if (info.sequence !== last.sequence + 1)
    throw new HoldfastError(
      'INVALID_SEQUENCE',
      `${info.file} is number ${info.sequence} of its chain; ${instance.name} needs number ${last.sequence + 1}`,
    );
  if (info.previousSerial !== last.serial)
    throw new HoldfastError('SERIAL_MISMATCH', `${info.file} does not continue the backup that ${instance.name} holds`);
}

async function applyIncremental(
  instance: ProtectedInstance,
  backup: OpenedBackup,
  log: string,
  out: Emitter<RestoreEvent>,
  signal: AbortSignal,
): Promise<void> {
  const { agent } = instance;
  const { files, clock } = agent.deps;
  const { info } = backup;
  checkFollows(instance, backup);
  const holders = holdersOf(agent, instance.path);
  if (holders.length > 0)
    throw new HoldfastError('DATABASE_IN_USE', `${instance.path} is open in other programs`, { details: { holders } });
  const startedAt = clock.now();
  const began = clock.monotonic();
  const emit = (event: RestoreEvent) => (event.kind === 'view' ? out.replace(event) : out.emit(event));
  const picture = createPicture({ clock, emit }, instance.path, files.statSync(instance.path).size, instance.path);
  const entry = tolerantEntry(startRestoreEntry(log, { startedAt, restoreFile: info.file }, files), (error) =>
    out.emit({ kind: 'log', line: `The backup log could not be written: ${toErrorReport(error).message}` }),
  );
  let step = 3;
  try {
    // The whole file is proved before the first page of the standby changes; once begun it is finished, not cancelled.
    const cancel = createYielder(signal);
    picture.step(3, 'running', 'checking the backup');
    picture.progress.sources([
      { name: info.file, kind: 'incremental', status: 'running', done: 0, total: backup.totalBytes },
    ]);
    for await (const { data } of backup.batches(signal)) {
      releaseBuffer(data);
      await cancel();
    }
    instance.update({ applying: { file: info.file, serial: info.serial } });
    agent.deps.at?.('apply.begin');
    const never = new AbortController().signal;
    const breathe = createYielder(never);
    const pages = openPageFile(instance.path, files);
    try {
      if (pages.pageSize !== info.pageSize)
        throw new HoldfastError('SERIAL_MISMATCH', `${info.file} has another page size than ${instance.path}`);
      for await (const batch of backup.batches(never)) {
        pages.writeBatch(batch);
        releaseBuffer(batch.data);
        picture.progress.source(0, 'running', batch.position);
        picture.progress.progress('pages', batch.position, backup.totalBytes);
        agent.deps.at?.('apply.batch');
        await breathe();
      }
      pages.setPageCount(info.pageCount);
      pages.sync();
    } finally {
      pages.close();
    }
    lockFile(files, instance.path);
    agent.deps.at?.('apply.written');
    instance.update({
      applying: null,
      vector: info.vector,
      lastCommitAt: info.consistentAt,
      lastRestore: {
        idtag: info.idtag,
        at: clock.now(),
        dataTime: info.consistentAt,
        serial: info.serial,
        sequence: info.sequence,
        baseIdtag: info.baseIdtag,
      },
    });
    picture.progress.source(0, 'done', backup.totalBytes);
    picture.step(3, 'done', `${info.pageCount} pages`);
    step = 7;
    picture.restored(info.consistentAt, null, info.pageCount * info.pageSize);
    picture.flush();
    const durationMs = Math.round(clock.monotonic() - began);
    entry.succeeded(durationMs);
    const view = picture.view();
    emit({
      kind: 'result',
      result: {
        steps: view.steps.map((one) => ({ step: one.step, status: one.status })),
        restoredTo: info.consistentAt,
        lastCommit: info.vector.reduce<(typeof info.vector)[number] | null>(
          (best, stamp) => (!best || stamp.sec > best.sec ? stamp : best),
          null,
        ),
        verify: view.verification,
        activated: true,
        contingency: null,
        target: instance.path,
        vector: info.vector,
        durationMs,
      },
    });
  } catch (error) {
    const report =
      signal.aborted && !instance.facts.applying ? new HoldfastError('CANCELLED').report() : toErrorReport(error);
    picture.step(step, 'failed', report.message);
    entry.failed(report.code, Math.round(clock.monotonic() - began));
    emit({ kind: 'failed', error: report });
  }
}
