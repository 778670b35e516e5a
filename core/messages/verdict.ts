// How well an instance is protected, in one sentence: a pure function of its status and the time.
import type { InstanceStatus } from '../contract/instance.ts';
import type { InstanceView } from '../contract/site.ts';

export type Verdict = Pick<InstanceView, 'verdict' | 'verdictLevel'>;

const STALE_MS = 24 * 3_600_000;

/** Capture is asynchronous: being this little behind the last commit is normal. */
const CAPTURE_LAG_MS = 5_000;

const say = (verdictLevel: Verdict['verdictLevel'], verdict: string): Verdict => ({ verdict, verdictLevel });

export function verdictOf(status: InstanceStatus, reachable: boolean, now: number): Verdict {
  const covered = status.restorableTo;
  const reach = covered === null ? 'nothing to restore' : `restorable to ${ageText(now - covered)} ago`;
  if (!reachable) return say('critical', `agent does not answer; ${reach}`);
  if (status.error) return say('critical', status.error.message);
  if (status.role === 'standby') return standbyVerdict(status, now);
  if (!status.lastFull) return say('critical', 'not protected: no full backup yet');
  if (status.outOfSync)
    return say('critical', `out of sync: ${status.outOfSyncReason ?? 'full backup required'}; ${reach}`);
  if (status.fullRequired) {
    const unprotected = status.logging.on ? '' : 'unprotected, logging is off; ';
    const why = status.fullRequiredReason ?? 'the chain ended';
    return say('warning', `${unprotected}full backup required: ${why}; ${reach}`);
  }
  return primaryVerdict(status, now, reach);
}

function primaryVerdict(status: InstanceStatus, now: number, reach: string): Verdict {
  const { restorableTo: covered, lastCommitAt: last } = status;
  if (covered === null) return say('warning', 'not known what can be restored');
  if (!status.logging.on) return say(now - covered > STALE_MS ? 'warning' : 'ok', `${reach}, without logging`);
  if (last !== null && covered >= last) return say('ok', `restorable to the last commit, ${ageText(now - last)} ago`);
  const behind = last === null ? 0 : last - covered;
  return say(behind > CAPTURE_LAG_MS ? 'warning' : 'ok', reach);
}

function standbyVerdict(status: InstanceStatus, now: number): Verdict {
  if (!status.lastRestore) return say('warning', 'copy never restored: it cannot take over');
  return say('ok', `copy of ${ageText(now - status.lastRestore.dataTime)} ago`);
}

/** `12 s`, `4 min`, `3 h`, `2 days`; a moment ahead of the clock counts as now. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
