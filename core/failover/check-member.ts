// Checks a row of the database list before it is taken (G05): names, reachability, duplicates, the folder.
import path from 'node:path';
import { nameSchema } from '../contract/common.ts';
import { toErrorReport } from '../contract/errors.ts';
import { within } from './call.ts';
import { type Group, instanceOf } from './group.ts';
import type { FailoverPorts } from './types.ts';

export interface CandidateRow {
  server: string;
  databaseServer: string;
  instance: string;
  folder: string;
  exceptId: string | null;
}

export interface Problem {
  field: string;
  message: string;
}

/** What is wrong with a row, by field; empty when it can be added. */
export async function checkMember(
  ports: FailoverPorts,
  group: Group,
  others: Group[],
  row: CandidateRow,
): Promise<Problem[]> {
  const problems = [...namesOf(row), ...duplicatesOf(group, others, row)];
  const server = nameSchema.safeParse(row.server).success;
  if (!server) return problems;
  const probe = ports.probeOf(row.server);
  const api = probe.state === 'online' ? ports.agentOf(row.server) : null;
  if (!api) {
    problems.push({ field: 'server', message: `The agent of ${row.server} does not answer.` });
    return problems;
  }
  const known = group.config.members.find((member) => member.id === row.exceptId);
  const unchanged = known?.server === row.server && known.instance === row.instance;
  const there = instanceOf(ports, row);
  if (there?.role === 'primary' && !unchanged)
    problems.push({
      field: 'instance',
      message: `${row.server} has a database ${row.instance} of its own; a copy would overwrite it.`,
    });
  if (path.isAbsolute(row.folder)) {
    try {
      const folder = await within(ports.clock, 10_000, `${row.server} did not look at the folder`, (signal) =>
        api.checkFolder({ folder: row.folder, create: true }, { signal }),
      );
      if (!folder.writable)
        problems.push({
          field: 'folder',
          message: `The folder cannot be written on ${row.server}: ${folder.problem ?? 'unknown reason'}.`,
        });
    } catch (error) {
      problems.push({ field: 'folder', message: toErrorReport(error).message });
    }
  }
  return problems;
}

function namesOf(row: CandidateRow): Problem[] {
  const problems: Problem[] = [];
  for (const field of ['server', 'instance'] as const)
    if (!nameSchema.safeParse(row[field]).success)
      problems.push({ field, message: 'Use 1 to 15 letters, digits and hyphens.' });
  const host = row.databaseServer.trim();
  if (host === '') problems.push({ field: 'databaseServer', message: 'Give the name of the database server.' });
  else if (/^(\(local\)|\.|localhost|127\.\d+\.\d+\.\d+|::1)(\\|$|:)/i.test(host))
    problems.push({
      field: 'databaseServer',
      message: `${host} means another machine on every server; give a name that all servers can reach.`,
    });
  if (!path.isAbsolute(row.folder)) problems.push({ field: 'folder', message: 'Give the full path of a folder.' });
  return problems;
}

function duplicatesOf(group: Group, others: Group[], row: CandidateRow): Problem[] {
  const problems: Problem[] = [];
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  for (const one of [group, ...others.filter((other) => other.id !== group.id)]) {
    for (const member of one.config.members) {
      if (one === group && member.id === row.exceptId) continue;
      if (same(member.server, row.server) && same(member.instance, row.instance))
        problems.push({
          field: 'instance',
          message: `${row.server}/${row.instance} is in the group ${one.name} already.`,
        });
      // Every server has a place of its own, so one path on two servers of one machine would be one folder.
      if (path.isAbsolute(row.folder) && path.resolve(member.folder) === path.resolve(row.folder))
        problems.push({ field: 'folder', message: `${member.server} in ${one.name} uses this folder already.` });
    }
    if (one === group)
      for (const member of one.config.members)
        if (member.id !== row.exceptId && same(member.server, row.server) && !same(member.instance, row.instance))
          problems.push({
            field: 'server',
            message: `${row.server} holds a database of this group already; a second one there would be lost with it.`,
          });
  }
  return problems;
}
