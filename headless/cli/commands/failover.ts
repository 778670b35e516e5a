// holdfast failover: what a person may do with a failover group, through the plans of the running engine.
import { HoldfastError } from '../../../core/contract/errors.ts';
import type { GroupAction, GroupView, MemberView } from '../../../core/contract/failover.ts';
import type { GroupKeyResult } from '../../../core/contract/group-keys.ts';
import { requireConfirmation } from '../confirmation.ts';
import { followJob, withEngine } from '../engine-client.ts';
import type { CommandResult } from '../output.ts';
import type { ProgressSink } from '../progress.ts';
import { readSecret } from '../secrets.ts';

export interface FailoverFlags {
  confirm?: string;
  settingsOf?: string;
  data?: string;
}

const MEMBER_ACTIONS = ['switch', 'promote', 'fence', 'unfence'] as const;
const KNOWN = `Known: backup-now, reconnect, ${MEMBER_ACTIONS.join(', ')}, restore-contingency, confirm, encrypt.`;

/** `failover GROUP ACTION [WHAT]`; what needs a confirmation is only described unless `--confirm` gives it. */
export async function failoverCommand(
  groupName: string,
  action: string,
  what: string | undefined,
  flags: FailoverFlags,
  progress: ProgressSink,
): Promise<CommandResult> {
  refuseUnknown(action, what);
  return await withEngine(flags.data, async (engine) => {
    const { groups } = await engine.site.get({});
    const group = groups.find((one) => one.name === groupName || one.id === groupName);
    if (!group)
      throw notFound(
        `There is no failover group ${groupName}`,
        'groups',
        groups.map((one) => one.name),
      );
    if (action === 'encrypt') {
      const password = what === 'off' ? null : await readSecret(what ?? true, `the key of ${group.name}`);
      return encrypted(group, await engine.failover.encrypt({ groupId: group.id, password }), password === null);
    }
    const start = async () => {
      if (action === 'backup-now')
        return await engine.failover.backupNow({ groupId: group.id, type: what === 'full' ? 'full' : 'incremental' });
      const plan = await engine.failover.plan({ groupId: group.id, action: toAction(group, action, what, flags) });
      // A refused plan is refused again when it is executed, under its own name.
      if (!plan.refusal) requireConfirmation(plan, flags.confirm);
      return await engine.failover.execute({
        token: plan.token,
        typed: plan.typedName ? (flags.confirm ?? null) : null,
      });
    };
    const { jobId } = await start();
    const job = await followJob(engine, jobId, progress);
    return { json: { job }, text: [job.verdict ?? job.status] };
  });
}

function encrypted(group: GroupView, { members }: GroupKeyResult, off: boolean): CommandResult {
  if (off) return { json: { members }, text: [`Cycles of ${group.name} are not encrypted any more.`] };
  const lines = members.map(({ server, problem }) => `  ${server}: ${problem ?? 'has the key'}`);
  const text = [`Cycles of ${group.name} are encrypted.`, ...lines];
  const lacking = members.filter(({ problem }) => problem !== null).map(({ server }) => server);
  if (lacking.length === 0) return { json: { members }, text };
  const message = `${lacking.join(', ')} ${lacking.length === 1 ? 'does' : 'do'} not have the key of ${group.name}`;
  return { json: { members }, text, error: new HoldfastError('PASSWORD_REQUIRED', message).report() };
}

function refuseUnknown(action: string, what: string | undefined): void {
  const wrong = (message: string, hint: string) => new HoldfastError('INVALID_INPUT', message, { hint });
  if (action === 'backup-now') {
    if (what !== 'full' && what !== 'differential')
      throw wrong(`backup-now ${what ?? ''}: full or differential is needed`, 'See: holdfast help failover');
  } else if (action === 'reconnect') {
    if (what !== undefined) throw wrong(`reconnect takes nothing after it, not ${what}`, 'It goes back to the master.');
  } else if (action === 'restore-contingency') {
    if (what === undefined)
      throw wrong('restore-contingency needs the id of a kept copy', 'See: holdfast groups --json');
  } else if (action === 'confirm' || action === 'encrypt') return;
  else if (!MEMBER_ACTIONS.some((one) => one === action)) throw wrong(`failover ${action} is not known`, KNOWN);
  else if (what === undefined && !action.endsWith('fence'))
    throw wrong(`${action} needs an instance`, 'Give SERVER/INSTANCE of a member; see: holdfast groups');
}

function toAction(
  group: GroupView,
  action: string,
  what: string | undefined,
  { settingsOf }: FailoverFlags,
): GroupAction {
  if (action === 'confirm') {
    const activeId = what === undefined ? group.review?.proposedId : findMember(group, what)?.id;
    if (activeId) return { kind: 'confirm', activeId, settingsOf: settingsOf ?? null };
    if (what === undefined)
      throw new HoldfastError('INVALID_INPUT', `Say which database of ${group.name} is the active one`, {
        hint: `Give one of: ${group.members.map(memberName).join(', ')}; what was found: holdfast groups`,
      });
    throw notFound(`${what} is not in ${group.name}`, 'members', group.members.map(memberName));
  }
  if (action === 'reconnect') return { kind: 'reconnect' };
  if (action === 'restore-contingency') {
    const kept = group.contingencies.map((one) => one.id);
    if (!what || !kept.includes(what)) throw notFound(`${group.name} has no kept copy ${what}`, 'copies', kept);
    return { kind: 'restoreContingency', contingencyId: what };
  }
  const kind = MEMBER_ACTIONS.find((one) => one === action);
  const member = findMember(group, what);
  if (!kind || !member)
    throw notFound(`${what ?? 'An active member'} is not in ${group.name}`, 'members', group.members.map(memberName));
  return { kind, memberId: member.id };
}

const memberName = (member: MemberView) => `${member.server}/${member.instance}`;

function findMember({ members }: GroupView, what: string | undefined): MemberView | undefined {
  if (what === undefined) return members.find((one) => one.active);
  return members.find((one) => memberName(one) === what || one.server === what);
}

const notFound = (message: string, kind: string, known: string[]) =>
  new HoldfastError('NOT_FOUND', message, { hint: `Known ${kind}: ${known.join(', ') || 'none'}.` });
