// The fewest servers that together hold every partition; among those the ones that share the least. Pure.

export interface Candidate {
  name: string;
  /** Chosen by the administrator already: wins a tie. */
  marked: boolean;
  holds: string[];
}

/** Beyond so many candidates a good answer is looked for, not the best: the search doubles with each. */
const EXACT_UP_TO = 16;

/** Partitions that nobody holds are left out. Deterministic. */
export function coverPartitions(servers: readonly Candidate[], partitions: readonly string[]): Candidate[] {
  const wanted = partitions.filter((name) => servers.some((server) => server.holds.includes(name)));
  const useful = servers.filter((server) => server.holds.some((name) => wanted.includes(name)));
  if (wanted.length === 0) return [];
  return useful.length <= EXACT_UP_TO ? smallest(useful, wanted) : greedy(useful, wanted);
}

function smallest(servers: readonly Candidate[], wanted: readonly string[]): Candidate[] {
  let best: { set: Candidate[]; score: number } | null = null;
  for (let bits = 1; bits < 1 << servers.length; bits++) {
    const set = servers.filter((_, index) => bits & (1 << index));
    if (best && set.length > best.set.length) continue;
    if (!wanted.every((name) => set.some((server) => server.holds.includes(name)))) continue;
    const score = scoreOf(set);
    if (!best || set.length < best.set.length || score < best.score) best = { set, score };
  }
  return best?.set ?? [];
}

/** Shared partitions first, then servers that were not marked. */
const scoreOf = (set: readonly Candidate[]) => {
  const all = set.flatMap((server) => server.holds);
  return (all.length - new Set(all).size) * 1_000 + set.filter((server) => !server.marked).length;
};

function greedy(servers: readonly Candidate[], wanted: readonly string[]): Candidate[] {
  const left = new Set(wanted);
  const chosen: Candidate[] = [];
  while (left.size > 0) {
    const gain = (server: Candidate) =>
      server.holds.filter((name) => left.has(name)).length * 1_000 -
      server.holds.filter((name) => !left.has(name)).length +
      (server.marked ? 0.5 : 0);
    const next = servers.filter((server) => !chosen.includes(server)).toSorted((a, b) => gain(b) - gain(a))[0];
    if (!next) break;
    chosen.push(next);
    for (const name of next.holds) left.delete(name);
  }
  return chosen;
}
