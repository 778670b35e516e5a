// A group that came back from its members' files: what was found, what confirming it will do, and the job that takes it over.
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { GroupAction, MemberConfig } from '../contract/failover.ts';
import type { GroupReview } from '../contract/group-review.ts';
import type { JobContext, JobOutcome } from '../jobs/types.ts';
import { spanText } from './at-risk.ts';
import { type Findings, findingsOf, isAnswering, namesOf } from './findings.ts';
import { contingenciesIn } from './found-contingencies.ts';
import { type Group, instanceOf, note, observe, save } from './group.ts';
import { newWatch, type Observations } from './model.ts';
import { stopWriters } from './orders.ts';
import type { PlanDraft } from './plans.ts';
import { takeOver, termAbove } from './take-over.ts';
import type { FailoverPorts } from './types.ts';

type Confirm = Extract<GroupAction, { kind: 'confirm' }>;
type Refusal = PlanDraft['refusal'];

const rowName = (member: MemberConfig) => `${member.server}/${member.instance}`;

/** What was found so far, as it is shown; null when the group needs no confirmation. */
export function reviewOf(ports: FailoverPorts, group: Group): GroupReview | null {
  const { review } = group.memory;
  if (!review) return null;
  const { records, damaged } = group.found;
  const seen = observe(ports, group);
  const { heads, conflicts, proposedId } = findingsOf(group.config, records, seen, damaged);
  const newest = new Set(heads.map(({ record }) => `${record.lineage}/${record.version}`));
  return {
    ...review,
    conflicts,
    proposedId,
    settingsOf: heads.length > 1 ? heads.map(({ server }) => server) : [],
    rows: group.config.members.map((member) => {
      const { server, instance } = member;
      const record = records.find((one) => one.server === server)?.record;
      const status = instanceOf(ports, member);
      const answers = isAnswering(seen, member.id);
      const active = record?.config.members.find((one) => one.id === record.activeId)?.server ?? null;
      return {
        ...{ memberId: member.id, server, instance, answers },
        record: record
          ? {
              ...{ version: record.version, writtenAt: record.writtenAt, active },
              newest: newest.has(`${record.lineage}/${record.version}`),
            }
          : null,
        live:
          answers && status
            ? {
                ...{ role: status.role, writable: status.writable, term: status.term },
                dataTime: status.lastCommitAt ?? status.lastRestore?.dataTime ?? null,
              }
            : null,
      };
    }),
  };
}

interface Look {
  findings: Findings;
  seen: Observations;
  members: MemberConfig[];
}

function lookAt(ports: FailoverPorts, group: Group, settingsOf: string | null): Look {
  const { records, damaged } = group.found;
  const first = findingsOf(group.config, records, observe(ports, group), damaged, settingsOf);
  const config = first.source?.config ?? group.config;
  const seen = observe(ports, { config });
  const findings = findingsOf(config, records, seen, damaged, settingsOf);
  return { findings, seen, members: config.members };
}

/** What confirming will do; with contradictions the name of the group has to be typed. */
export function confirmDraft(ports: FailoverPorts, group: Group, action: Confirm): PlanDraft {
  const { findings, seen, members } = lookAt(ports, group, action.settingsOf);
  const active = members.find((member) => member.id === action.activeId);
  const others = members.filter((member) => member !== active);
  const instance = active && seen[active.id]?.instance;
  const writers = others.filter((member) => isAnswering(seen, member.id) && seen[member.id]?.instance?.writable);
  const silent = others.filter((member) => !isAnswering(seen, member.id));
  const warnings = findings.conflicts.map(({ text }) => `${text}.`);
  if (active && instance && !instance.writable) {
    const age = instanceOf(ports, active)?.lastRestore?.dataTime;
    const old = instance.role === 'standby' && age ? ` Its data is ${spanText(ports.clock.now() - age)} old.` : '';
    warnings.push(`${active.server} accepts no writes now and will be opened.${old}`);
  }
  if (writers.length > 0)
    warnings.push(
      `${namesOf(writers.map(({ server }) => server))} will be fenced: what was written there and is not in ${active?.server ?? '?'} stays in that file only.`,
    );
  if (silent.length > 0)
    warnings.push(
      `It cannot be proved that ${namesOf(silent.map(({ server }) => server))} ${silent.length === 1 ? 'accepts' : 'accept'} no writes. Make sure that ${silent.length === 1 ? 'it is' : 'they are'} switched off or not in use; fences follow when they answer.`,
    );
  const refusal = refusalOf(group, findings, active, seen, writers);
  const typed = findings.conflicts.length > 0 || !instance?.writable;
  return {
    title: `Confirm ${group.name}${active ? ` with ${rowName(active)} as active` : ''}`,
    class: typed ? 'typed' : 'confirm',
    typedName: typed ? group.name : null,
    effects: [
      `${active?.server ?? '?'} is the active database of ${group.name}; no other one may accept writes.`,
      ...(findings.source?.config.enabled
        ? [
            'Cycles, watching and failover begin again, starting with a full backup at once.',
            'Every other copy counts as out of sync until it has received a backup; what it holds is kept as a contingency copy there.',
          ]
        : ['Database failover is off in these settings: nothing is backed up or watched until it is turned on.']),
    ],
    warnings,
    checks: members.map((member) => checkOf(member, seen)),
    command: `holdfast failover ${group.name} confirm${active ? ` ${rowName(active)}` : ''}${action.settingsOf ? ` --settings-of "${action.settingsOf}"` : ''}`,
    refusal,
    facts: ['confirm', action, findings.source && [findings.source.lineage, findings.source.version], liveFacts(seen)],
    run: () => startConfirm(ports, group, action),
  };
}

function checkOf(member: MemberConfig, seen: Observations): PlanDraft['checks'][number] {
  const name = rowName(member);
  if (!isAnswering(seen, member.id)) return { text: `${name} does not answer`, status: 'warning' };
  const instance = seen[member.id]?.instance;
  if (!instance) return { text: `${member.server} does not have ${member.instance}`, status: 'warning' };
  const role = instance.writable ? 'accepts writes' : instance.role === 'primary' ? 'is fenced' : 'is a closed copy';
  return { text: `${name} ${role} (term ${instance.term})`, status: 'ok' };
}

const liveFacts = (seen: Observations) =>
  Object.entries(seen).map(([id, { contact, instance }]) => [id, contact, instance?.role, instance?.writable]);

function refusalOf(
  group: Group,
  findings: Findings,
  active: MemberConfig | undefined,
  seen: Observations,
  writers: MemberConfig[],
): Refusal {
  if (!group.memory.review) return { name: 'INVALID_INPUT', text: `${group.name} needs no confirmation.` };
  if (group.orders.has('confirm')) return { name: 'BACKUP_ACTIVE', text: `${group.name} is being confirmed already.` };
  if (!findings.source)
    return findings.heads.length === 0
      ? { name: 'SERVER_UNREACHABLE', text: 'None of its members has answered yet.' }
      : {
          name: 'INVALID_INPUT',
          text: `Say whose settings count: ${findings.heads.map(({ server }) => server).join(' or ')}.`,
        };
  if (!active) return { name: 'NOT_FOUND', text: `${group.name} has no such database.` };
  const instance = seen[active.id]?.instance;
  if (!isAnswering(seen, active.id)) return { name: 'SERVER_UNREACHABLE', text: `${active.server} does not answer.` };
  if (!instance) return { name: 'NO_ELIGIBLE_COPY', text: `${active.server} does not have ${active.instance}.` };
  if (instance.state === 'Error' || instance.state === 'Offline' || instance.state === 'Restoring')
    return {
      name: 'NO_ELIGIBLE_COPY',
      text: `${active.server} cannot become active: ${instance.problem ?? instance.state}.`,
    };
  if (instance.role === 'standby' && !instance.restored)
    return { name: 'COPY_NEVER_RESTORED', text: `${active.server} was never restored and cannot become active.` };
  if (!instance.writable && writers.length > 0)
    return {
      name: 'NO_ELIGIBLE_COPY',
      text: `${namesOf(writers.map(({ server }) => server))} accepts writes now: confirm the group with that database as active, then switch.`,
    };
  return null;
}

function startConfirm(ports: FailoverPorts, group: Group, action: Confirm): string {
  group.orders.add('confirm');
  return ports.jobs.run(
    {
      kind: 'failover',
      title: `Confirm ${group.name}`,
      target: group.name,
      instanceId: null,
      groupId: group.id,
      request: null,
      cancelability: 'no',
      exclusive: null,
    },
    async (job) => {
      try {
        return await confirm(ports, group, action, job);
      } finally {
        group.orders.delete('confirm');
        ports.changed();
      }
    },
  );
}

/** Proves or notes for every other database that it accepts no writes, and only then lets the group go on. */
async function confirm(ports: FailoverPorts, group: Group, action: Confirm, job: JobContext): Promise<JobOutcome> {
  const { findings, seen, members } = lookAt(ports, group, action.settingsOf);
  const { source } = findings;
  const active = members.find((member) => member.id === action.activeId);
  if (!source || !active) throw new HoldfastError('PLAN_EXPIRED', 'What was found has changed since the plan was made');
  const others = members.filter((member) => member !== active);
  const silent = others.some((member) => !isAnswering(seen, member.id));
  const { records } = group.found;
  const term = termAbove(group.memory, records, seen, silent);
  const unproved: string[] = [];
  for (const other of others) if (!(await isStopped(ports, group, other, seen, term, job))) unproved.push(other.id);
  const life = crypto.randomUUID();
  const now = ports.clock.now();
  const given = { source, activeId: active.id, term, unproved, found: records, lineage: life, seen, now };
  const next = takeOver(group.memory, given);
  const { roleChangedAt } = group.watch;
  Object.assign(group, { ...next, life, watch: { ...newWatch(now), roleChangedAt } });
  group.found = { records: [], damaged: [] };
  group.acknowledged.clear();
  save(ports, group);
  const left = namesOf(others.filter(({ id }) => unproved.includes(id)).map(({ server }) => server));
  note(ports, group, {
    ...{ kind: 'confirmed', from: null, to: active.server, durationMs: null, dataAgeMs: null },
    why: `by the administrator, from the files of its members, in term ${term}`,
    atRisk: unproved.length > 0 ? `It was not proved that ${left} accepted no more writes.` : null,
  });
  const listed = await contingenciesIn(ports, group, job);
  group.memory = { ...group.memory, contingencies: listed };
  save(ports, group);
  return {
    verdict: `${group.name} is confirmed; ${active.server} is active.`,
    result: { active: active.server, term },
  };
}

/** Throws when a database that accepts writes now cannot be stopped with proof; false when nobody can be asked. */
async function isStopped(
  ports: FailoverPorts,
  group: Group,
  member: MemberConfig,
  seen: Observations,
  term: number,
  job: JobContext,
): Promise<boolean> {
  const answers = isAnswering(seen, member.id);
  const instance = seen[member.id]?.instance;
  if (answers && (!instance || instance.role === 'standby')) return true;
  const gone = seen[member.id]?.contact === 'gone';
  if (!answers && !gone) return false;
  const why = 'another database was confirmed as active';
  try {
    await stopWriters(ports, group, member, { proof: answers ? 'agent' : 'withoutAgent', term, why });
    job.log('info', `${member.server} accepts no writes`);
    return true;
  } catch (error) {
    if (instance?.writable && answers) throw error;
    const { name, message } = toErrorReport(error);
    job.warn({ name, message });
    return false;
  }
}
