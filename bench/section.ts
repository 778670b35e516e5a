// What one section of the bench gets and what it reports.
import type { AgentUnderTest } from './agent-under-test.ts';
import type { Comparison, Series } from './measure.ts';

export interface Section {
  id: string;
  title: string;
  series: Series[];
  comparisons: Comparison[];
  facts: Record<string, number | string>;
  /** What ended it before its numbers were there; absent when nothing did. */
  failed?: string;
}

/** What every section gets. */
export interface BenchPlace {
  megabytes: number;
  /** Folder of the bundled programs. */
  programs: string;
  rounds: number;
  folder: string;
  database: string;
  /** Less of what does not depend on the size of the database: for a first try. */
  short: boolean;
}

/** What the sections about one database get as well. */
export interface Bench extends BenchPlace {
  agent: AgentUnderTest;
  /** A full backup that the other sections build on. */
  full: string;
}
