// Where a restore stands, told from its job, its view and its result together, and said in one sentence.
import type { Job } from '../../../core/contract/jobs.ts';
import type { RestoreResult, RestoreStep, RestoreView } from '../../../core/contract/restore.ts';
import { formatBytesOf } from '../../ui/format-bytes.ts';
import { behindText, shortServer, worstBehind } from './vector-rows.ts';

export interface RestorePicture {
  view: RestoreView;
  result: RestoreResult | null;
  job: Job;
}

/** `held`: complete in RST and not activated, as was asked. `behind` and `unreachable` wait for a decision. */
export type RestorePhase =
  | 'running'
  | 'canceling'
  | 'activated'
  | 'held'
  | 'behind'
  | 'unreachable'
  | 'failed'
  | 'canceled'
  | 'interrupted'
  | 'unknown';

export function phaseOf({ view, result, job }: RestorePicture): RestorePhase {
  switch (job.status) {
    case 'queued':
    case 'running':
      return 'running';
    case 'canceling':
    case 'canceled':
    case 'interrupted':
    case 'unknown':
      return job.status;
    case 'succeeded':
    case 'succeededWithWarnings':
      return result && !result.activated ? 'held' : 'activated';
    case 'failed':
      if (job.error?.name === 'VERIFICATION_BEHIND' || view.verification.status === 'behind') return 'behind';
      if (job.error?.name === 'VERIFICATION_UNREACHABLE' || view.verification.status === 'unreachable')
        return 'unreachable';
      return 'failed';
  }
}

/** The step that runs, or the one that failed, or the last that is done; null before the first. */
export const currentStep = (view: RestoreView): RestoreStep | null =>
  view.steps.find((step) => step.status === 'running' || step.status === 'failed') ??
  view.steps.findLast((step) => step.status === 'done') ??
  null;

/** Percent done of the phase that is running; null when the total is not known. */
export function percentOf(view: RestoreView): number | null {
  const { done, total } = view.progress;
  return total ? Math.min(100, Math.floor((done / total) * 100)) : null;
}

/** `84 of 287 MB` while the pages come in; undefined when the set's own size says it. */
export function writtenText({ rst, progress }: RestoreView): string | undefined {
  if (rst.state !== 'being written' || progress.unit !== 'bytes' || progress.total === null) return undefined;
  return formatBytesOf(progress.done, progress.total);
}

/** The restore writes a new file instead of the database of its instance. */
export const intoFile = ({ job }: Pick<RestorePicture, 'job'>): boolean =>
  job.instanceId !== null && job.target !== job.instanceId;

/** After the exchange RST carries the name NDS, and the pages that were restored are there. */
export const exchanged = (view: RestoreView): boolean => view.lights.active === 'on' && view.rst.state !== 'active';

export type VerdictTone = 'info' | 'ok' | 'warning' | 'critical' | 'neutral';

/** How long the instance's own report may lag behind the end of the job, ms. */
const reportLag = 5_000;

/**
 * The complete set that this restore left in RST is there no more: it was activated or deleted since, or a later restore
 * took its place. Told from what the instance reports now, never from the picture, which is of the end of the job.
 */
export function rstTaken(
  picture: RestorePicture,
  now: { hasRst: boolean; reachable: boolean; newest: boolean; at: number },
): boolean {
  const { view, job } = picture;
  if (job.endedAt === null || intoFile(picture) || view.rst.state !== 'complete, disabled') return false;
  if (!now.newest) return true;
  return now.reachable && !now.hasRst && now.at - job.endedAt > reportLag;
}

const oldSet = (view: RestoreView): string =>
  view.nds.state.startsWith('active') ? ' The old database is still active.' : '';

function runningSentence({ view, job }: RestorePicture): string {
  const step = currentStep(view);
  if (job.status === 'queued') return 'Waits for its turn.';
  if (step?.status !== 'running') return step ? `Step ${step.step} of 7 is done: ${step.name}.` : 'Starting.';
  if (step.step === 3) {
    const percent = percentOf(view);
    const amount = view.progress.unit === 'bytes' ? `, ${formatBytesOf(view.progress.done, view.progress.total)}` : '';
    return `Restoring into RST${percent === null ? '' : `: ${percent} %`}${amount}.`;
  }
  if (step.step === 6) {
    const servers = new Set(view.verification.servers.map((peer) => peer.server));
    const answered = new Set(
      view.verification.servers.filter((peer) => peer.status !== 'waiting').map((peer) => peer.server),
    );
    if (servers.size > 0)
      return `Verifying: ${answered.size} of ${servers.size} ${servers.size === 1 ? 'server' : 'servers'} answered.`;
    return 'Verifying: checking the integrity of the restored data.';
  }
  return `Step ${step.step} of 7: ${step.name}${step.detail ? `, ${step.detail}` : ''}.`;
}

/** What happened and which set is active, in one or two sentences; never more than the engine has reported. `taken`: see `rstTaken`. */
export function verdictOf(
  picture: RestorePicture,
  restoredTo: string | null,
  taken = false,
): { tone: VerdictTone; text: string } {
  const { view, result, job } = picture;
  const after = taken ? ' The restored set no longer waits in RST: it was activated or deleted since.' : oldSet(view);
  switch (phaseOf(picture)) {
    case 'running':
      return { tone: 'info', text: runningSentence(picture) };
    case 'canceling':
      return { tone: 'warning', text: `Canceling: the current step is brought to an end.${oldSet(view)}` };
    case 'activated': {
      const checked = {
        ok: 'verified',
        noPeers: 'integrity checked, no other server to compare with',
        skipped: 'not verified',
        overridden: 'activated without a good verification',
      };
      const how = checked[(result?.verify.status ?? view.verification.status) as keyof typeof checked] ?? 'activated';
      const careful = how === 'not verified' || how.startsWith('activated');
      const to = restoredTo ? `Restored to ${restoredTo}` : 'Restored';
      return {
        tone: careful || job.status === 'succeededWithWarnings' ? 'warning' : 'ok',
        text: `${to}, ${how}. ${intoFile(picture) ? `The new database lies in ${job.target}.` : 'The restored database is active.'}`,
      };
    }
    case 'held':
      return {
        tone: 'info',
        text: taken
          ? `The restore was completed without activation, as was asked.${after}`
          : `The restored data is complete and waits in RST. It is not active, as was asked.${after}`,
      };
    case 'behind': {
      const worst = worstBehind(view.verification.servers);
      const code = job.error?.code ?? view.verification.code;
      if (!worst) return { tone: 'critical', text: `Verification failed (${code}).${after}` };
      const how = behindText(worst.seconds, worst.commits, worst.atLeast);
      return {
        tone: 'critical',
        text: `Verification failed (${code}): ${worst.file ?? 'the restored data'} is ${how} compared with ${shortServer(worst.server)}.${after}`,
      };
    }
    case 'unreachable': {
      const silent = view.verification.servers
        .filter((peer) => peer.status === 'unreachable')
        .map((peer) => shortServer(peer.server));
      const who = [...new Set(silent)].join(', ') || 'a server';
      return {
        tone: 'warning',
        text: `Not verified: ${who} could not be reached.${taken ? '' : ' The restored data waits in RST for your decision.'}${after}`,
      };
    }
    case 'failed': {
      const step = view.steps.find((each) => each.status === 'failed');
      const where = step ? `Step ${step.step} failed (${step.name})` : 'The restore failed';
      return {
        tone: 'critical',
        text: `${where}: ${job.error?.message ?? job.verdict ?? 'no reason was reported'}${after}`,
      };
    }
    case 'canceled':
      return { tone: 'neutral', text: `Canceled.${after}` };
    case 'interrupted':
      return { tone: 'warning', text: `Interrupted: the program ended while this was running.${after}` };
    case 'unknown':
      return {
        tone: 'neutral',
        text: 'The agent has not said yet how this ended. It is asked again until it answers.',
      };
  }
}

/** What the Cancel button would do now, in words; null when there is nothing to cancel. */
export function cancelMeaning({ view, job }: RestorePicture): { enabled: boolean; text: string } | null {
  if (job.status === 'canceling') return { enabled: false, text: 'Canceling' };
  if (job.status !== 'running' && job.status !== 'queued') return null;
  const step = currentStep(view);
  if (job.cancelability === 'no') {
    return {
      enabled: false,
      text: `Cannot be stopped ${step ? `in step ${step.step}` : 'now'}: the sets are being exchanged.`,
    };
  }
  // Once every page is restored the set is worth keeping: it waits in RST.
  const complete = view.steps.some((each) => each.step === 3 && each.status === 'done');
  const rst = complete ? 'RST is kept, complete and disabled' : 'RST is discarded';
  const after = intoFile({ job }) ? 'The new file is discarded.' : `${rst}; the old database serves again.`;
  if (job.cancelability === 'afterStep')
    return { enabled: true, text: `Stops after step ${step?.step ?? 1}. ${after}` };
  return { enabled: true, text: `Stops at once. ${after}` };
}
