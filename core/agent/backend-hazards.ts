// What is seen around several files as one list: what is so for all stands once, what is so for some names them. Pure.
import type { Hazard, HazardReport, WalPin } from '../contract/logging.ts';

export interface OfFile<T> {
  id: string;
  found: T;
}

/** Worst first; `backends` names the files where it is not all of them. */
export function joinHazards(files: readonly OfFile<readonly Hazard[]>[]): Hazard[] {
  const known = new Map<string, { hazard: Hazard; ids: string[] }>();
  for (const { id, found } of files)
    for (const hazard of found) {
      const key = `${hazard.code} ${hazard.message}`;
      const before = known.get(key);
      if (before) before.ids.push(id);
      else known.set(key, { hazard, ids: [id] });
    }
  const order = ['critical', 'warning', 'info'];
  return [...known.values()]
    .map(({ hazard, ids }) => (ids.length === files.length ? hazard : { ...hazard, backends: ids }))
    .sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}

/** Longest first, each with its file. */
export const joinPins = (files: readonly OfFile<readonly WalPin[]>[]): WalPin[] =>
  files.flatMap(({ id, found }) => found.map((pin) => ({ ...pin, backend: id }))).sort((a, b) => a.since - b.since);

/** One report: who has any of the files open, and the facts of each where they are not the same. Throws nothing; `files` is not empty. */
export function joinReports(files: readonly OfFile<HazardReport>[]): HazardReport {
  const openers = new Map(files.flatMap(({ found }) => found.openers).map((opener) => [opener.pid, opener]));
  const labels = [...new Set(files.flatMap(({ found }) => found.facts.map(({ label }) => label)))];
  const facts = labels.flatMap((label) => {
    const own = files.flatMap(({ id, found }) => {
      const fact = found.facts.find((one) => one.label === label);
      return fact ? [{ id, value: fact.value }] : [];
    });
    const values = new Set(own.map(({ value }) => value));
    if (values.size === 1 && own.length === files.length) return [{ label, value: own[0]?.value ?? '' }];
    return own.map(({ id, value }) => ({ label: `${label} of ${id}`, value }));
  });
  return {
    at: Math.min(...files.map(({ found }) => found.at)),
    hazards: joinHazards(files.map(({ id, found }) => ({ id, found: found.hazards }))),
    openers: [...openers.values()],
    facts,
  };
}
