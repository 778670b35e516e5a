// holdfast status, servers, groups, jobs, events: what the running engine knows.
import { HoldfastError } from '../../../core/contract/errors.ts';
import type { GroupReview, ReviewRow } from '../../../core/contract/group-review.ts';
import { withEngine } from '../engine-client.ts';
import { formatDuration, formatTable, formatTime } from '../format.ts';
import { hazardTexts, pinText } from '../logging-text.ts';
import type { CommandResult } from '../output.ts';

const age = (now: number, time: number | null) => (time === null ? 'never' : formatDuration(Math.max(0, now - time)));

export async function statusCommand(data: string | undefined): Promise<CommandResult> {
  return await withEngine(data, async (engine) => {
    const snapshot = await engine.site.get({});
    return {
      json: { site: snapshot.site, tray: snapshot.tray, instances: snapshot.instances, attention: snapshot.attention },
      text: [
        `${snapshot.site.name}: ${snapshot.tray.critical} critical, ${snapshot.tray.warning} warnings, ${snapshot.tray.info} messages`,
        ...formatTable(
          ['DATABASE', 'STATE', 'LAST FULL', 'LAST INCREMENTAL', 'LOGGING', 'PROTECTION'],
          snapshot.instances.map(({ id, status, verdict, reachable }) => [
            id,
            reachable ? status.state : 'unreachable',
            formatTime(status.lastFull?.at ?? null),
            formatTime(status.lastIncremental?.at ?? null),
            status.logging.on ? 'on' : 'off',
            verdict,
          ]),
        ),
        ...snapshot.attention.map((item) => `${item.level.toUpperCase()}  ${item.text}`),
        ...snapshot.instances.flatMap(({ id, status }) => [
          ...(status.walPins ?? []).map((pin) => `${id}  WAL  ${pinText(pin)}`),
          ...(status.hazards ?? [])
            .filter(({ level }) => level !== 'info')
            .map((one) => `${id}  ${hazardTexts(one)[0]}`),
        ]),
      ],
    };
  });
}

export async function serversCommand(data: string | undefined): Promise<CommandResult> {
  return await withEngine(data, async (engine) => {
    const { servers } = await engine.site.get({});
    return {
      json: { servers },
      text: formatTable(
        ['SERVER', 'STATE', 'PID', 'ENDPOINT', 'ROOT'],
        servers.map((server) => [
          server.name,
          server.state,
          String(server.pid ?? '–'),
          server.endpoint ?? '–',
          server.root,
        ]),
      ),
    };
  });
}

export async function groupsCommand(data: string | undefined): Promise<CommandResult> {
  return await withEngine(data, async (engine) => {
    const { groups, now } = await engine.site.get({});
    return {
      json: { groups },
      text: groups.flatMap((group) => [
        `${group.name}  ${group.state}  ${group.stateText}`,
        ...formatTable(
          ['  ACTIVE', 'SERVER', 'INSTANCE', 'STATE', 'DATA AGE', 'FOLDER'],
          group.members.map((member) => [
            member.active ? '  ●' : '  ○',
            `${member.server}${member.master ? ' (Master)' : ''}`,
            member.instance,
            member.stateText || member.state,
            member.active ? '–' : age(now, member.dataTime),
            member.folder,
          ]),
        ),
        ...reviewLines(group.review),
      ]),
    };
  });
}

/** What was found of a group that waits to be confirmed. */
function reviewLines(review: GroupReview | undefined): string[] {
  if (!review) return [];
  return [
    `  Not confirmed: ${review.why}.`,
    ...formatTable(
      ['  FOUND', 'NOW', 'TERM', 'SETTINGS', 'WRITTEN', 'ACTIVE BY THEN'],
      review.rows.map(({ server, instance, answers, live, record }) => [
        `  ${server}/${instance}`,
        nowOf(answers, live),
        live ? String(live.term) : '–',
        record ? (record.newest ? 'newest' : 'older') : 'none',
        record ? formatTime(record.writtenAt) : '–',
        record?.active ?? '–',
      ]),
    ),
    ...review.conflicts.map(({ text }) => `  ! ${text}.`),
  ];
}

function nowOf(answers: boolean, live: ReviewRow['live']): string {
  if (!answers) return 'does not answer';
  if (!live) return 'not there';
  return live.writable ? 'accepts writes' : live.role === 'primary' ? 'fenced' : 'closed copy';
}

/** As many characters of an id as the list shows; they are enough to name a job. */
const SHORT_ID = 8;
const LOOKED_THROUGH = 1000;

/** One job with its log, and the command that does the same again. `given` can be the beginning of its id. */
export async function jobCommand(data: string | undefined, given: string): Promise<CommandResult> {
  return await withEngine(data, async (engine) => {
    const jobs = await engine.jobs.list({ limit: LOOKED_THROUGH });
    const found = jobs.filter(({ id }) => id.startsWith(given.toLowerCase()));
    if (found.length > 1)
      throw new HoldfastError('INVALID_INPUT', `${found.length} jobs have an id that begins with ${given}`, {
        hint: 'Give more of it.',
      });
    const { job, lines, command = null } = await engine.jobs.log({ jobId: found[0]?.id ?? given });
    const took = job.endedAt === null ? 'still running' : formatDuration(job.endedAt - job.startedAt);
    const outcome = job.verdict ?? job.error?.message;
    return {
      json: { job, lines, command },
      text: [
        `${job.title}  ${job.target}  ${job.status}`,
        `  id       ${job.id}`,
        `  started  ${formatTime(job.startedAt)}, ${took}`,
        ...(outcome ? [`  verdict  ${outcome}`] : []),
        ...(job.error?.hint ? [`  hint     ${job.error.hint}`] : []),
        ...lines.map(({ at, level, text }) => `  ${formatTime(at)}  ${level === 'info' ? '' : `${level}: `}${text}`),
        ...(command
          ? [job.review ? 'To do the same again, once you have looked at it:' : 'To do the same again:', `  ${command}`]
          : []),
      ],
    };
  });
}

export async function jobsCommand(data: string | undefined, limit: number): Promise<CommandResult> {
  return await withEngine(data, async (engine) => {
    const jobs = await engine.jobs.list({ limit });
    return {
      json: { jobs },
      text: formatTable(
        ['ID', 'STARTED', 'JOB', 'TARGET', 'STATUS', 'VERDICT'],
        jobs.map((job) => [
          job.id.slice(0, SHORT_ID),
          formatTime(job.startedAt),
          job.title,
          job.target,
          job.status,
          job.verdict ?? job.error?.message ?? '',
        ]),
      ),
    };
  });
}

export async function eventsCommand(data: string | undefined): Promise<CommandResult> {
  return await withEngine(data, async (engine) => {
    const { messages } = await engine.site.get({});
    return {
      json: { messages },
      text: messages.map(
        (message) => `${formatTime(message.at)}  ${message.level.padEnd(8)}  ${message.source}  ${message.text}`,
      ),
    };
  });
}
