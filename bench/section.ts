// What one section of the bench gets and what it reports.
import type { AgentUnderTest } from './agent-under-test.ts';
import type { Comparison, Series } from './measure.ts';

export interface Section {
  id: string;
  title: string;
  series: Series[];
  comparisons: Comparison[];
  facts: Record<string, number | string>;
}

export interface Bench {
  megabytes: number;
  /** Folder of the bundled programs. */
  programs: string;
  rounds: number;
  folder: string;
  database: string;
  agent: AgentUnderTest;
  /** A full backup that the other sections build on. */
  full: string;
}
