// Plans of the engine that need a confirmation: described in full until `--confirm` gives it.
import { HoldfastError } from '../../core/contract/errors.ts';
import type { Plan } from '../../core/contract/failover.ts';

/** Throws CONFIRMATION_REQUIRED with the plan's effects unless `given` is what the plan asks for. */
export function requireConfirmation(plan: Omit<Plan, 'token' | 'expiresAt'>, given: string | undefined): void {
  const wanted = plan.class === 'plain' ? null : (plan.typedName ?? 'yes');
  if (wanted === null || given === wanted) return;
  const { title, effects, warnings, checks } = plan;
  const lines = [title, ...effects, ...warnings.map((warning) => `Warning: ${warning}`)];
  throw new HoldfastError('CONFIRMATION_REQUIRED', lines.join('\n  '), {
    hint: `Run it again with --confirm ${wanted}`,
    details: { title, effects, warnings, checks, confirm: wanted },
  });
}
