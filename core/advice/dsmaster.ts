// The DSMASTER planner: which servers must be backed up so that a whole tree comes back after the loss of all of them. Pure.
import type { DsmasterInput, DsmasterPlan, DsmasterServer, ReplicaType } from '../contract/dsmaster.ts';
import { coverPartitions } from './cover.ts';

type Partition = DsmasterPlan['partitions'][number];
type Warning = DsmasterPlan['warnings'][number];

const DAY = 86_400_000;
const OLD_BACKUP_MS = 7 * DAY;

/** Only these can be made the master after the loss of all others. */
const USABLE: ReadonlySet<ReplicaType> = new Set(['MASTER', 'SECONDARY']);
/** A subordinate reference holds no objects. */
const EMPTY: ReadonlySet<ReplicaType> = new Set(['SUBREF']);

export function planDsmaster(input: DsmasterInput): DsmasterPlan {
  const servers = merged(input.servers);
  const names = [
    ...new Set([...input.partitions, ...servers.flatMap((server) => server.replicas.map((one) => one.partition))]),
  ].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const partitions = names.map((name) => partitionView(name, servers));
  const marked = servers.filter((server) => server.dsmaster);
  const warnings = warningsOf(partitions, servers, marked, input.now);
  const bad = partitions.filter((partition) => partition.status !== 'covered');
  const ready = marked.length > 0 && names.length > 0 && bad.length === 0;
  return {
    ready,
    verdict: verdictOf(ready, marked, partitions),
    partitions,
    servers: servers.map((server) => serverView(server, partitions)),
    proposal: proposalOf(servers, partitions),
    restoreOrder: restoreOrder(servers, marked, partitions),
    backupOrder: backupOrder(servers, marked, partitions),
    warnings,
  };
}

/** One entry for each name, whatever its case: a table that is typed by hand can name a server twice. */
function merged(servers: readonly DsmasterServer[]): DsmasterServer[] {
  const byName = new Map<string, DsmasterServer>();
  for (const server of servers) {
    const key = server.name.toLowerCase();
    const known = byName.get(key);
    byName.set(
      key,
      known
        ? { ...known, dsmaster: known.dsmaster || server.dsmaster, replicas: [...known.replicas, ...server.replicas] }
        : { ...server, replicas: [...server.replicas] },
    );
  }
  return [...byName.values()];
}

const holds = (server: DsmasterServer, partition: string) =>
  server.replicas.some((replica) => replica.partition === partition && USABLE.has(replica.type));

function partitionView(name: string, servers: readonly DsmasterServer[]): Partition {
  const holders = servers.flatMap((server) =>
    server.replicas
      .filter((replica) => replica.partition === name)
      .map(({ type }) => ({ server: server.name, type, dsmaster: server.dsmaster })),
  );
  const coveredBy = servers.filter((server) => server.dsmaster && holds(server, name)).map((server) => server.name);
  const onMarked = holders.some((holder) => holder.dsmaster && !EMPTY.has(holder.type));
  const status =
    coveredBy.length > 1 ? 'overlap' : coveredBy.length === 1 ? 'covered' : onMarked ? 'readOnly' : 'missing';
  return {
    name,
    master: holders.find((holder) => holder.type === 'MASTER')?.server ?? null,
    holders,
    coveredBy,
    status,
  };
}

function serverView(server: DsmasterServer, partitions: readonly Partition[]): DsmasterPlan['servers'][number] {
  const usable = (partition: Partition) =>
    partition.holders.filter((holder) => USABLE.has(holder.type)).map((holder) => holder.server);
  return {
    name: server.name,
    dsmaster: server.dsmaster,
    partitions: new Set(server.replicas.filter(({ type }) => !EMPTY.has(type)).map(({ partition }) => partition)).size,
    usable: partitions.filter((partition) => usable(partition).includes(server.name)).length,
    only: partitions
      .filter((partition) => {
        const all = usable(partition);
        return all.length > 0 && all.every((name) => name === server.name);
      })
      .map((partition) => partition.name),
  };
}

function verdictOf(ready: boolean, marked: readonly DsmasterServer[], partitions: readonly Partition[]): string {
  if (partitions.length === 0) return 'There is no partition to plan for';
  if (marked.length === 0) return 'No server is marked as a DSMASTER server: the loss of all servers has no plan';
  const named = listed(marked.map((server) => server.name));
  if (ready) return `${named} ${marked.length === 1 ? 'holds' : 'together hold'} the whole tree, each partition once`;
  const of = (status: Partition['status']) => partitions.filter((partition) => partition.status === status).length;
  const faults = [
    [of('missing'), 'is missing', 'are missing'],
    [of('readOnly'), 'cannot be written', 'cannot be written'],
    [of('overlap'), 'is held by more than one of them', 'are held by more than one of them'],
  ] as const;
  const list = faults
    .filter(([count]) => count > 0)
    .map(
      ([count, one, many], index) =>
        `${count}${index === 0 ? ` of ${partitions.length}` : ''} ${count === 1 ? one : many}`,
    );
  return `${named} ${marked.length === 1 ? 'does' : 'do'} not hold each partition once and writable: ${list.join(', ')}`;
}

/** `A`, `A and B`, `A, B and C`. */
const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

function proposalOf(servers: readonly DsmasterServer[], partitions: readonly Partition[]): DsmasterPlan['proposal'] {
  const coverable = partitions.filter((one) => one.holders.some((holder) => USABLE.has(holder.type)));
  const missing = partitions.filter((one) => !coverable.includes(one)).map((one) => one.name);
  const chosen = coverPartitions(
    servers.map((server) => ({
      name: server.name,
      marked: server.dsmaster,
      holds: coverable.filter((partition) => holds(server, partition.name)).map((partition) => partition.name),
    })),
    coverable.map((partition) => partition.name),
  );
  const takers = new Map<string, string[]>();
  for (const server of chosen)
    for (const name of server.holds) takers.set(name, [...(takers.get(name) ?? []), server.name]);
  const overlap = [...takers].filter(([, by]) => by.length > 1).map(([name]) => name);
  /** Of several that hold it, the one whose replica is the master keeps it. */
  const keeper = (name: string) => {
    const by = takers.get(name) ?? [];
    const master = partitions.find((partition) => partition.name === name)?.master;
    return by.find((server) => server === master) ?? by[0];
  };
  const changes = [
    ...missing.map((name) =>
      partitions.find((partition) => partition.name === name)?.holders.length
        ? `Make one replica of ${name} read/write, or add one: only copies that cannot be written exist`
        : `Add a read/write replica of ${name}: no server holds it`,
    ),
    ...overlap.flatMap((name) =>
      (takers.get(name) ?? [])
        .filter((server) => server !== keeper(name))
        .map((server) => `Take the replica of ${name} from ${server}: ${keeper(name)} keeps it`),
    ),
  ];
  return {
    servers: chosen.map((server) => ({
      name: server.name,
      takes: server.holds.filter((name) => keeper(name) === server.name),
    })),
    overlap,
    missing,
    changes,
  };
}

function restoreOrder(
  servers: readonly DsmasterServer[],
  marked: readonly DsmasterServer[],
  partitions: readonly Partition[],
): DsmasterPlan['restoreOrder'] {
  const taken = new Set<string>();
  const usable = (server: DsmasterServer) => partitions.filter((one) => holds(server, one.name)).length;
  const first = marked
    .toSorted((a, b) => usable(b) - usable(a))
    .map((server) => {
      const own = partitions.filter((one) => holds(server, one.name)).map((one) => one.name);
      const twice = own.filter((name) => taken.has(name));
      for (const name of own) taken.add(name);
      const makes = own.filter((name) => !twice.includes(name));
      return {
        server: server.name,
        how: 'dsmaster' as const,
        steps: [
          'Restore the newest full backup and its incrementals; its roll-forward logs are lost with its disk',
          ...(makes.length > 0 ? [`Make its replicas of ${makes.join(', ')} the master replicas`] : []),
          ...(twice.length > 0
            ? [
                `Remove its replicas of ${twice.join(', ')}: another DSMASTER server has brought them back from another moment`,
              ]
            : []),
        ],
      };
    });
  const rest = servers
    .filter((server) => !server.dsmaster)
    .toSorted((a, b) => b.replicas.length - a.replicas.length)
    .map((server) => {
      const lost = server.replicas.filter(({ partition, type }) => !EMPTY.has(type) && !taken.has(partition));
      if (server.replicas.length === 0)
        return { server: server.name, how: 'fresh' as const, steps: ['Holds no replica: install it anew'] };
      return {
        server: server.name,
        how: 'recovery' as const,
        steps: [
          'Restore the full backup and its incrementals: the verification will fail with -6034, as it must',
          'Take it out of every replica ring, and turn its replicas into external references',
          'Open it, and add its replicas again from the DSMASTER servers',
          ...(lost.length > 0
            ? [
                `Nobody else brings back ${lost.map((one) => one.partition).join(', ')}: what is not kept from this backup is lost`,
              ]
            : []),
          'Turn roll-forward logging on and take a full backup',
        ],
      };
    });
  return [...first, ...rest].map((entry, index) => ({ position: index + 1, ...entry }));
}

function backupOrder(
  servers: readonly DsmasterServer[],
  marked: readonly DsmasterServer[],
  partitions: readonly Partition[],
): DsmasterPlan['backupOrder'] {
  const views = new Map(servers.map((server) => [server, serverView(server, partitions)]));
  const why = (server: DsmasterServer) => {
    const only = views.get(server)?.only ?? [];
    if (marked.includes(server)) return 'DSMASTER server: the tree comes back from it; keep a copy off this site';
    if (only.length > 0) return `holds the only writable replica of ${only.join(', ')}`;
    return server.replicas.length > 0 ? 'comes back by replication if need be' : 'holds no replica';
  };
  const weight = (server: DsmasterServer) =>
    (marked.includes(server) ? 1_000_000 : 0) + (views.get(server)?.only.length ?? 0) * 1_000 + server.replicas.length;
  return servers
    .toSorted((a, b) => weight(b) - weight(a))
    .map((server, index) => ({ position: index + 1, server: server.name, why: why(server) }));
}

function warningsOf(
  partitions: readonly Partition[],
  servers: readonly DsmasterServer[],
  marked: readonly DsmasterServer[],
  now: number | undefined,
): Warning[] {
  const warnings: Warning[] = [];
  const say = (level: Warning['level'], text: string) => warnings.push({ level, text });
  if (marked.length > 3)
    say(
      'warning',
      `${marked.length} DSMASTER servers: each one more can only be restored to another moment than the rest`,
    );
  for (const { name, status, holders, master, coveredBy } of partitions) {
    if (holders.every((holder) => EMPTY.has(holder.type))) say('critical', `No server holds a replica of ${name}`);
    else if (!holders.some((holder) => USABLE.has(holder.type)))
      say('critical', `${name} has no replica that can be made the master: only ${types(holders)}`);
    else if (marked.length > 0 && status === 'missing') say('critical', `No DSMASTER server holds ${name}`);
    else if (status === 'readOnly')
      say('critical', `The DSMASTER replica of ${name} cannot be written: make it read/write`);
    if (status === 'overlap')
      say('critical', `${name} is on ${listed(coveredBy)}: after a disaster their copies are of different moments`);
    const masters = holders.filter((holder) => holder.type === 'MASTER').map((holder) => holder.server);
    if (masters.length > 1) say('critical', `${name} has ${masters.length} master replicas: ${masters.join(', ')}`);
    if (master === null && holders.some((holder) => USABLE.has(holder.type)))
      say('warning', `${name} has no master replica`);
    const copies = holders.filter((holder) => !EMPTY.has(holder.type)).length;
    if (copies === 1) say('warning', `${name} has one replica only: the loss of ${holders[0]?.server} is felt at once`);
  }
  for (const server of servers) {
    const twice = server.replicas.filter(
      (replica, index) => server.replicas.findIndex((one) => one.partition === replica.partition) !== index,
    );
    if (twice.length > 0) say('warning', `${server.name} is listed with ${twice[0]?.partition} twice`);
    if (!server.dsmaster || server.lastFull === undefined) continue;
    if (server.lastFull === null) say('critical', `${server.name} is a DSMASTER server without a full backup`);
    else if (now !== undefined && now - server.lastFull > OLD_BACKUP_MS)
      say('warning', `The full backup of ${server.name} is ${Math.floor((now - server.lastFull) / DAY)} days old`);
  }
  return warnings.sort((a, b) => (a.level === b.level ? 0 : a.level === 'critical' ? -1 : 1));
}

const types = (holders: Partition['holders']) => [...new Set(holders.map((holder) => holder.type))].join(', ');
