// Keeps the picture of a running restore and gives it out, at most ten times a second; the last one always.
import type { Stamp } from '../contract/common.ts';
import type { RestoreStep, RestoreView, Verification } from '../contract/restore.ts';
import { expectedPace, measuredPace, PACED, type PacedPhase, type RestorePace } from './restore-pace.ts';
import type { SetProgress } from './restore-set.ts';
import { type BlockMap, createBlockMap, initialView, type RestoreAction, reduceRestore } from './steps.ts';
import type { RestoreContext } from './types.ts';

const EVERY_MS = 100;
/** While SQLite checks, nothing is reported; the time left goes on falling. */
const BEAT_MS = 1_000;

const PHASE_NAMES = { pages: 'Restoring', logs: 'Replaying logs', back: 'Reading back' };
export interface Picture {
  readonly map: BlockMap;
  readonly progress: SetProgress;
  view(): RestoreView;
  step(step: number, status: RestoreStep['status'], detail?: string): void;
  sets(change: { nds?: Partial<RestoreView['nds']>; rst?: Partial<RestoreView['rst']> }): void;
  restored(restoredTo: number, lastCommit: Stamp | null, bytes: number): void;
  verification(verification: Verification): void;
  flush(): void;
}

export function createPicture(
  context: Pick<RestoreContext, 'clock' | 'emit'>,
  nds: string,
  ndsBytes: number | null,
  rst: string,
): Picture {
  const { clock, emit } = context;
  let view = initialView(nds, ndsBytes, rst);
  let shownAt = -EVERY_MS;
  let pace: RestorePace | null = null;
  let [phaseSince, toldAt] = [0, 0];
  let cpuSince: NodeJS.CpuUsage | undefined;
  let beat: NodeJS.Timeout | undefined;
  const map = createBlockMap(0);
  const planAt = (phase: PacedPhase) =>
    pace ? { plan: { current: PACED.indexOf(phase), work: [...pace.work] } } : undefined;
  const show = () => {
    const { map: cells, pagesPerCell } = map.cells();
    view = { ...view, blockMap: cells, pagesPerCell };
    shownAt = clock.monotonic();
    emit({ kind: 'view', view });
  };
  const apply = (action: RestoreAction, now: boolean) => {
    view = reduceRestore(view, action);
    if (now || clock.monotonic() - shownAt >= EVERY_MS) show();
  };
  return {
    map,
    progress: {
      sources: (sources) => apply({ kind: 'sources', sources }, true),
      source: (index, status, done, total) =>
        apply({ kind: 'source', index, status, done, ...(total === undefined ? {} : { total }) }, false),
      plan: (bytes) => {
        pace = expectedPace({ ...bytes, integrity: bytes.back });
        phaseSince = clock.monotonic();
        toldAt = phaseSince;
        cpuSince = process.cpuUsage();
        apply({ kind: 'progress', done: 0, total: bytes.pages, phase: PHASE_NAMES.pages, ...planAt('pages') }, true);
      },
      progress: (phase, done, total) => {
        const changed = view.progress.phase !== PHASE_NAMES[phase];
        const now = clock.monotonic();
        // A phase begins when the one before it has ended, not with its own first figure.
        if (changed) {
          phaseSince = toldAt;
          cpuSince = process.cpuUsage();
        }
        toldAt = now;
        // The system's own share is that of the disk: it grows with what waits to be written.
        const { user } = process.cpuUsage(cpuSince);
        pace &&= measuredPace(pace, phase, done / total, now - phaseSince, user / 1000);
        // The last figure of a phase is shown as well as the first of the next.
        apply(
          { kind: 'progress', done, total, phase: PHASE_NAMES[phase], ...planAt(phase) },
          changed || done === total,
        );
      },
      map: () => {
        if (clock.monotonic() - shownAt >= EVERY_MS) show();
      },
    },
    view: () => view,
    step: (step, status, detail) => {
      apply({ kind: 'step', step, status, at: clock.now(), ...(detail === undefined ? {} : { detail }) }, true);
      clearInterval(beat);
      if (step !== 6 || status !== 'running' || !pace) return;
      const checking = () => apply({ kind: 'progress', done: 0, total: null, ...planAt('integrity') }, true);
      checking();
      beat = setInterval(checking, BEAT_MS).unref();
    },
    sets: (change) => apply({ kind: 'sets', ...change }, true),
    restored: (restoredTo, lastCommit, bytes) => {
      apply({ kind: 'restored', restoredTo, lastCommit }, false);
      apply({ kind: 'sets', rst: { bytes } }, false);
    },
    verification: (verification) => {
      // How long servers will stay silent cannot be foreseen.
      if (verification.integrity !== 'running') {
        clearInterval(beat);
        apply({ kind: 'progress', done: 0, total: null }, false);
      }
      apply({ kind: 'verification', verification }, true);
    },
    flush: () => {
      clearInterval(beat);
      show();
    },
  };
}
