// What a manual action will do, before it is done: checks, effects, warnings, its class; and the token that starts it, which is good for two minutes and one use.
import { type ErrorName, HoldfastError } from '../contract/errors.ts';
import type { GroupAction, Plan } from '../contract/failover.ts';
import type { Group } from './group.ts';
import { draftOf } from './plan-drafts.ts';
import type { FailoverPorts } from './types.ts';

export const PLAN_MS = 120_000;

/** A plan before it has a token. `facts` is what must be the same at the execution. */
export interface PlanDraft {
  title: string;
  class: Plan['class'];
  typedName: string | null;
  effects: string[];
  warnings: string[];
  checks: Plan['checks'];
  command: string;
  refusal: { name: ErrorName; text: string } | null;
  facts: unknown;
  run(): string;
}

interface IssuedPlan {
  groupId: string;
  action: GroupAction;
  facts: string;
  expiresAt: number;
}

export interface Plans {
  plan(group: Group, action: GroupAction): Plan;
  execute(find: (groupId: string) => Group, token: string, typed: string | null): string;
}

export function createPlans(ports: FailoverPorts): Plans {
  const issued = new Map<string, IssuedPlan>();
  const facts = (draft: PlanDraft) => JSON.stringify([draft.facts, draft.class, draft.typedName, draft.refusal?.name]);

  return {
    plan(group, action) {
      const now = ports.clock.now();
      for (const [token, plan] of issued) if (plan.expiresAt <= now) issued.delete(token);
      const draft = draftOf(ports, group, action);
      const token = crypto.randomUUID();
      const expiresAt = now + PLAN_MS;
      issued.set(token, { groupId: group.id, action, facts: facts(draft), expiresAt });
      const { title, typedName, effects, warnings, checks, command } = draft;
      return {
        token,
        title,
        class: draft.class,
        typedName,
        effects,
        warnings,
        checks,
        command,
        refusal: draft.refusal?.text ?? null,
        expiresAt,
      };
    },

    execute(find, token, typed) {
      const plan = issued.get(token);
      if (!plan || plan.expiresAt <= ports.clock.now()) throw new HoldfastError('PLAN_EXPIRED');
      const group = find(plan.groupId);
      const draft = draftOf(ports, group, plan.action);
      if (draft.refusal) throw new HoldfastError(draft.refusal.name, draft.refusal.text);
      if (facts(draft) !== plan.facts) {
        issued.delete(token);
        throw new HoldfastError('PLAN_EXPIRED', 'The situation has changed since the plan was made');
      }
      if (draft.class === 'typed' && typed !== draft.typedName)
        throw new HoldfastError('CONFIRMATION_REQUIRED', `Type ${draft.typedName} to confirm`);
      issued.delete(token);
      return draft.run();
    },
  };
}
