// The decision over a set that waits in RST: what activating or deleting it will do, and doing it after the confirmation.
import { type ErrorName, HoldfastError } from '../contract/errors.ts';
import type { Plan } from '../contract/failover.ts';
import type { FinishRequest } from '../contract/finish.ts';
import type { WaitingRst } from '../contract/verification.ts';
import type { Clock } from '../platform/clock.ts';
import { momentText } from '../platform/time-text.ts';
import { commitsBetween } from '../vectors/feed.ts';
import { logFileOf } from './backups.ts';
import { quoted } from './command-line.ts';
import type { Instance, Instances } from './instances.ts';
import { createPlanTokens } from './plan-tokens.ts';
import type { Servers } from './servers.ts';

export interface RestoreFinish {
  plan(request: FinishRequest): Promise<Plan>;
  /** Returns where the replaced set is kept. Throws PLAN_EXPIRED, CONFIRMATION_REQUIRED, NO_RST. */
  execute(token: string, typed: string | null): Promise<string | null>;
}

interface Draft {
  request: FinishRequest;
  instance: Instance;
  plan: Omit<Plan, 'token' | 'expiresAt'>;
  refusal: HoldfastError | null;
  fingerprint: string;
}

export function createRestoreFinish(ports: { servers: Servers; instances: Instances; clock: Clock }): RestoreFinish {
  const { servers, instances } = ports;
  const tokens = createPlanTokens<Draft>(ports.clock);

  async function draftOf(request: FinishRequest): Promise<Draft> {
    const { server } = instances.get(request.instanceId).record;
    // What a restore that has only just failed left behind may be newer than the last probe.
    await servers.refresh(server);
    const instance = instances.get(request.instanceId);
    const rst = await servers.use(server, (api) => api.waitingRst({ instance: instance.record.name }));
    const refusal = refusalFor(request, instance, rst);
    const remove = request.action === 'delete';
    return {
      request,
      instance,
      refusal,
      plan: {
        title: remove ? `Delete the restored set of ${instance.id}` : `Activate the restored set of ${instance.id}`,
        class: remove ? 'confirm' : 'typed',
        typedName: remove ? null : instance.record.name,
        effects: rst ? effectsOf(request, instance, rst) : [],
        warnings: rst && !remove ? warningsOf(request, instance, rst) : [],
        checks: rst && !remove ? checksOf(rst) : [],
        command: commandOf(request, instance),
        refusal: refusal?.message ?? null,
      },
      fingerprint: JSON.stringify([
        rst?.idtag,
        rst?.restoredTo,
        rst?.verified,
        instance.status.role,
        instance.status.term,
      ]),
    };
  }

  return {
    async plan(request) {
      const draft = await draftOf(request);
      return { ...draft.plan, ...tokens.issue(draft) };
    },

    async execute(token, typed) {
      const planned = tokens.redeem(token);
      const { instance, request, plan, refusal, fingerprint } = await draftOf(planned.request);
      if (fingerprint !== planned.fingerprint) throw new HoldfastError('PLAN_EXPIRED');
      if (refusal) throw refusal;
      if (plan.typedName !== null && typed !== plan.typedName)
        throw new HoldfastError('CONFIRMATION_REQUIRED', `Type ${plan.typedName} to activate the restored set over it`);
      const { server, name } = instance.record;
      const { action, override, open, clearLock } = request;
      const log = logFileOf(instance);
      const { contingency } = await servers.use(server, (api) =>
        api.finishRst({ instance: name, action, override, open, clearLock, log }),
      );
      await servers.refresh(server);
      return contingency;
    },
  };
}

function refusalFor(request: FinishRequest, instance: Instance, rst: WaitingRst | null): HoldfastError | null {
  const refuse = (name: ErrorName, text: string) => new HoldfastError(name, text);
  if (!rst) return refuse('NO_RST', `No restored set of ${instance.id} waits in RST`);
  if (instance.status.state === 'Restoring') return refuse('RESTORE_ACTIVE', `A restore of ${instance.id} is running`);
  if (instance.status.state === 'BackingUp') return refuse('BACKUP_ACTIVE', `A backup of ${instance.id} is running`);
  if (request.action === 'activate' && !rst.verified && !request.override)
    return refuse(
      'CONFIRMATION_REQUIRED',
      `The set was not verified: ${rst.reason}. Override (-v) activates it all the same`,
    );
  return null;
}

function effectsOf({ action, open, clearLock }: FinishRequest, { status }: Instance, rst: WaitingRst): string[] {
  const what = `The set of backup ${rst.idtag}, up to ${momentText(rst.restoredTo)},`;
  if (action === 'delete')
    return [`${what} is deleted`, `${status.path} stays as it is; the backups and logs that it was made from stay`];
  return [
    `${what} becomes ${status.path}`,
    'The database that is active now is kept as a contingency copy',
    open ? 'It is opened, and protection goes on' : 'It stays closed until it is opened (-o)',
    clearLock
      ? 'The lock is cleared: clients may write'
      : 'It stays locked: clients can read, and not write (-k unlocks it)',
    'Roll-forward logging is as the restore was told; a full backup is required afterwards',
  ];
}

function warningsOf({ override }: FinishRequest, { status }: Instance, rst: WaitingRst): string[] {
  const warnings: string[] = [];
  if (override && !rst.verified) warnings.push(`Not verified: ${rst.reason}`);
  const behind = rst.verification?.servers.filter((server) => server.status === 'behind') ?? [];
  for (const server of behind) {
    const rows = server.rows.filter((row) => row.status === 'behind');
    const commits = rows.reduce((sum, row) => sum + row.behindCommits, 0);
    const seconds = Math.max(0, ...rows.map((row) => row.behindSec));
    warnings.push(
      `${server.server} holds ${commits} commits more, of up to ${seconds} s later; they stay missing here`,
    );
  }
  const silent = rst.verification?.servers.filter((server) => server.status === 'unreachable') ?? [];
  if (silent.length > 0) warnings.push(`Not asked: ${silent.map((server) => server.server).join(', ')}`);
  const loss = commitsBetween(rst.vector, status.vector);
  if (loss !== null && loss > 0)
    warnings.push(`${loss} commits of the active database are not in the set; they remain in the contingency copy`);
  return warnings;
}

function checksOf({ verification, verified }: WaitingRst): Plan['checks'] {
  const sound = verification?.integrity === 'ok';
  return [
    {
      text: sound ? 'The set passed the integrity check' : 'The integrity check did not pass',
      status: sound ? 'ok' : 'warning',
    },
    {
      text: verified ? 'Nothing that other servers hold is missing' : 'The verification did not pass',
      status: verified ? 'ok' : 'warning',
    },
  ];
}

function commandOf({ action, override, open, clearLock }: FinishRequest, instance: Instance): string {
  const words = ['holdfast', 'restadv', '--to', instance.id];
  if (action === 'delete') return [...words, '-m'].map(quoted).join(' ');
  const switches = [...(override ? ['-v'] : []), ...(open ? ['-o'] : []), ...(clearLock ? ['-k'] : [])];
  return [...words, ...switches, '--confirm', instance.record.name].map(quoted).join(' ');
}
