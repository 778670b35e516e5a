// What came of a restore, as the command line tells it: a result, or how far it came and what waits in RST.
import { formatVerification } from '../../core/backup/backup-log.ts';
import type { ErrorReport } from '../../core/contract/errors.ts';
import type { Recovery } from '../../core/contract/recovery.ts';
import type { RestoreResult, RestoreView } from '../../core/contract/restore.ts';
import { formatStamp } from '../../core/vectors/stamp.ts';
import { formatDuration, formatTime } from './format.ts';
import { failedRestoreForm, restoreForm } from './json-forms.ts';
import type { CommandResult } from './output.ts';
import { recoveryForm, recoveryLines } from './recovery-report.ts';

export type Ran = { result: RestoreResult } | { error: ErrorReport; view: RestoreView | null };

/** `restadv` is the command line that acts on the set in RST, without its switches. */
export function reportRestore(ran: Ran, restadv: string, recovery: Recovery | null = null): CommandResult {
  return 'result' in ran ? summarize(ran.result) : describeFailure(ran.error, ran.view, restadv, recovery);
}

/** A set that only lacks a good verification waits in RST: the table shows why, the hint what can be done. */
function describeFailure(
  error: ErrorReport,
  view: RestoreView | null,
  restadv: string,
  recovery: Recovery | null,
): CommandResult {
  const unproved = error.name === 'VERIFICATION_BEHIND' || error.name === 'VERIFICATION_UNREACHABLE';
  const { details: _, ...report } = error;
  const waits = `The set waits in RST: holdfast ${restadv} with -v -o -k activates it, with -m deletes it.`;
  return {
    json: { ...(view ? failedRestoreForm(view) : {}), ...(recovery ? { recovery: recoveryForm(recovery) } : {}) },
    text: [
      ...(unproved && view ? formatVerification(view.verification.servers) : []),
      ...(recovery ? recoveryLines(recovery) : []),
    ],
    error: unproved ? { ...report, hint: `${report.hint} ${waits}` } : error,
  };
}

function summarize(result: RestoreResult): CommandResult {
  return {
    json: restoreForm(result),
    text: [
      `Restore completed successfully in ${formatDuration(result.durationMs)}.`,
      `  restored to    ${formatTime(result.restoredTo)}${result.lastCommit ? `, last commit ${formatStamp(result.lastCommit)}` : ''}`,
      `  verification   ${result.verify.status}`,
      result.activated
        ? `  active         ${result.target}`
        : '  not activated: the restored set waits in RST (holdfast restadv, or restore again with -a)',
      ...(result.contingency ? [`  replaced set   kept in ${result.contingency}`] : []),
      ...formatVerification(result.verify.servers),
    ],
  };
}
