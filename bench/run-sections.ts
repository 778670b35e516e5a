// Runs the sections that were asked for, one after another; one that fails says so and costs none of the others.
import type { Bench, BenchPlace, Section } from './section.ts';

export type BenchEntry =
  | { shared: true; run(bench: Bench): Promise<Section> }
  /** Has servers and databases of its own: needs neither the agent nor the backup that the others share. */
  | { shared: false; run(place: BenchPlace): Promise<Section> };

export type Benches = Record<string, BenchEntry>;

/** The ids of `only`, each once, in the order given; null for all. Throws for one that does not exist. */
export function chosen(only: string | null, known: Benches): string[] {
  const ids = only === null ? Object.keys(known) : only.split(',').map((id) => id.trim().toUpperCase());
  for (const id of ids)
    if (!Object.hasOwn(known, id)) throw new Error(`There is no bench ${id}; there are ${Object.keys(known)}.`);
  return [...new Set(ids)];
}

/** `open` is asked for the shared agent once a section needs it; when it cannot be had, those sections fail with its reason. */
export async function runSections(
  ids: string[],
  known: Benches,
  place: BenchPlace,
  open: () => Promise<Bench>,
  say: (line: string) => void = () => {},
): Promise<Section[]> {
  const sections: Section[] = [];
  let shared: Promise<Bench> | null = null;
  for (const id of ids) {
    const entry = known[id];
    if (!entry) continue;
    say(`${id} …`);
    try {
      if (entry.shared) {
        shared ??= open();
        sections.push(await entry.run(await shared));
      } else sections.push(await entry.run(place));
    } catch (error) {
      const failed = error instanceof Error ? error.message : String(error);
      say(`${id} failed: ${error instanceof Error ? error.stack : failed}`);
      sections.push({ id, title: 'Not measured', series: [], comparisons: [], facts: {}, failed });
    }
  }
  return sections;
}
