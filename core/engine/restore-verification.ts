// A verification that is not over: asking silent servers again, deciding over them, taking an answer by hand.
import { HoldfastError } from '../contract/errors.ts';
import type { Peer, RestoreResult, RestoreView, Verification } from '../contract/restore.ts';
import type { PeerDecision, WaitingRst } from '../contract/verification.ts';
import type { JobService } from '../jobs/job-runner.ts';
import type { Clock } from '../platform/clock.ts';
import { initialView, reduceRestore } from '../restore/steps.ts';
import { verificationError } from '../restore/verify-step.ts';
import { parseStamp } from '../vectors/stamp.ts';
import { advance } from '../vectors/vector.ts';
import { instanceKey, logFileOf } from './backups.ts';
import type { Instance, Instances } from './instances.ts';
import { answerIn, askPeers, type PeerPorts } from './peers.ts';
import type { LiveRestore } from './restores.ts';

export interface RestoreVerificationPorts extends PeerPorts {
  instances: Instances;
  jobs: JobService;
  clock: Clock;
  live(jobId: string): LiveRestore | null;
}

export interface RestoreVerification {
  /** Asks at once while step 6 waits; afterwards starts a check of the set in RST. Returns the job to follow. Throws NO_RST. */
  retry(jobId: string): Promise<string>;
  /** Throws NOT_SUPPORTED when nothing waits, CONFIRMATION_REQUIRED for `goOn` without the name. */
  decide(jobId: string, decision: PeerDecision, typed: string | null): Promise<void>;
  /** `vector` as text, of the named file of several. Throws INVALID_INPUT for what is no vector. Returns the job to follow. */
  answer(jobId: string, given: Omit<Peer, 'vector'> & { vector: string }): Promise<string>;
}

const VERIFICATION_STEP = 6;

export function createRestoreVerification(ports: RestoreVerificationPorts): RestoreVerification {
  const { servers, instances, jobs, clock } = ports;

  async function verifyAgain(jobId: string, byHand: Peer[]): Promise<string> {
    const job = jobs.get(jobId);
    if (job?.kind !== 'restore' || job.instanceId === null)
      throw new HoldfastError('NOT_FOUND', `There is no restore job ${jobId}`);
    if (job.endedAt === null)
      throw new HoldfastError('RESTORE_ACTIVE', `${job.title} has not come to its verification`);
    const instance = instances.get(job.instanceId);
    const { record } = instance;
    const rst = await servers.use(record.server, (api) => api.waitingRst({ instance: record.name }));
    if (!rst || job.target !== instance.id)
      throw new HoldfastError('NO_RST', `No restored set of ${instance.id} waits in RST`);
    const before = jobs.outcome(jobId).view as RestoreView | null;
    const start = viewOf(instance, rst, before);
    return jobs.run(
      {
        kind: 'restore',
        title: `Verify the restored set of ${instance.id}`,
        target: instance.id,
        instanceId: instance.id,
        groupId: job.groupId,
        request: null,
        cancelability: 'no',
        exclusive: { key: instanceKey(instance.id), busyError: 'RESTORE_ACTIVE' },
      },
      async (context) => {
        let view = step(start, 'running');
        context.attach(view);
        context.report(view.progress);
        const asked = await askPeers(ports, instance);
        const peers = [...byHand, ...namedByHand(rst.verification, asked), ...asked];
        const log = logFileOf(instance);
        const began = clock.monotonic();
        const found = await servers.use(record.server, (api) => api.verifyRst({ instance: record.name, peers, log }));
        await servers.refresh(record.server);
        view = reduceRestore(view, { kind: 'verification', verification: found });
        const error = failureOf(found, instance);
        view = step(view, error ? 'failed' : 'done', error?.message ?? found.status);
        context.attach(view);
        if (error) throw error;
        const result: RestoreResult = {
          steps: view.steps.map(({ step: number, status }) => ({ step: number, status })),
          restoredTo: rst.restoredTo,
          lastCommit: view.lastCommit,
          verify: found,
          activated: false,
          contingency: null,
          target: view.rst.path,
          vector: rst.vector,
          durationMs: Math.round(clock.monotonic() - began),
        };
        return { verdict: 'The set in RST is verified: nothing is missing. It can be activated', result };
      },
    );
  }

  function step(view: RestoreView, status: 'running' | 'done' | 'failed', detail = ''): RestoreView {
    return reduceRestore(view, { kind: 'step', step: VERIFICATION_STEP, status, at: clock.now(), detail });
  }

  return {
    async retry(jobId) {
      const live = ports.live(jobId);
      if (!live) return await verifyAgain(jobId, []);
      if (!live.asker.waits()) throw new HoldfastError('NOT_SUPPORTED', 'The verification does not wait for a server');
      live.asker.wake();
      return jobId;
    },

    async decide(jobId, decision, typed) {
      const live = ports.live(jobId);
      if (!live?.asker.waits()) throw new HoldfastError('NOT_SUPPORTED', 'The verification does not wait for a server');
      if (decision === 'goOn' && typed !== live.name)
        throw new HoldfastError('CONFIRMATION_REQUIRED', `Type ${live.name} to activate it without the silent servers`);
      await servers.use(live.server, (api) => api.decidePeers({ target: live.target, decision }));
    },

    async answer(jobId, given) {
      const stamps = given.vector.split(/[\n,;]+/).filter((line) => line.trim() !== '');
      if (stamps.length === 0)
        throw new HoldfastError('INVALID_INPUT', 'A vector has at least one stamp, such as s3D35F377 r02 e002');
      const peer = { ...given, vector: stamps.map(parseStamp).reduce(advance, []) };
      const live = ports.live(jobId);
      if (!live) return await verifyAgain(jobId, [peer]);
      live.asker.answer(peer);
      return jobId;
    },
  };
}

/** Peers of the former verification that are no members of the group: what was said for them by hand still counts. */
function namedByHand(before: Verification | null, asked: Peer[]): Peer[] {
  const known = new Set(asked.map((peer) => peer.server.toLowerCase()));
  return (before?.servers ?? []).filter((one) => !known.has(one.server.toLowerCase())).map(answerIn);
}

/** The picture of the restore that left the set, or where there is none (a command line's) what is known of it. */
function viewOf({ status }: Instance, rst: WaitingRst, before: RestoreView | null): RestoreView {
  const made = before?.rst.state === 'complete, disabled' ? before : null;
  const base = made ?? initialView(status.path, status.size, `${status.path}.rst`);
  const steps = base.steps.map((one) =>
    one.step < VERIFICATION_STEP
      ? made
        ? one
        : { ...one, status: 'done' as const, detail: 'by the restore before' }
      : { ...one, status: 'waiting' as const, startedAt: null, durationMs: null, detail: '' },
  );
  return {
    ...base,
    steps,
    lights: { data: 'on', verified: 'off', active: 'off' },
    nds: { ...base.nds, state: status.size > 0 ? 'active' : 'absent' },
    rst: { ...base.rst, state: 'complete, disabled' },
    verification: { status: 'running', code: 0, integrity: 'running', servers: [] },
    restoredTo: rst.restoredTo,
  };
}

function failureOf(found: Verification, instance: Instance): HoldfastError | null {
  if (found.integrity === 'failed')
    return new HoldfastError('INTEGRITY_FAILED', `The set in RST of ${instance.id} is not sound`);
  const { status, code, servers } = found;
  return status === 'behind' || status === 'unreachable' ? verificationError({ status, code, servers }) : null;
}
