// The picture of one restore as a pure function of what happened: seven steps, two sets, block map, verification, lights.
import type { Progress, Stamp } from '../contract/common.ts';
import type { RestoreStep, RestoreView, Verification } from '../contract/restore.ts';

const STEP_NAMES = [
  'Agent closed',
  'Switched to RST',
  'Restoring',
  'RST disabled',
  'Log settings reset',
  'Verification',
  'Activated',
] as const;

/** Most cells that a block map has. */
export const MAP_CELLS = 1000;

export type RestoreAction =
  | { kind: 'step'; step: number; status: RestoreStep['status']; at: number; detail?: string }
  | { kind: 'sets'; nds?: Partial<RestoreView['nds']>; rst?: Partial<RestoreView['rst']> }
  | { kind: 'sources'; sources: RestoreView['sources'] }
  | { kind: 'source'; index: number; status: RestoreStep['status']; done: number; total?: number }
  | { kind: 'size'; pageCount: number }
  | { kind: 'progress'; done: number; total: number | null; phase?: string; plan?: Progress['plan'] }
  | { kind: 'verification'; verification: Verification }
  | { kind: 'restored'; restoredTo: number; lastCommit: Stamp | null };

/** The picture before step 1. */
export function initialView(ndsPath: string, ndsBytes: number | null, rstPath: string): RestoreView {
  return {
    steps: STEP_NAMES.map((name, index) => ({
      step: index + 1,
      name,
      status: 'waiting',
      startedAt: null,
      durationMs: null,
      detail: '',
    })),
    nds: { path: ndsPath, bytes: ndsBytes ?? 0, state: ndsBytes === null ? 'absent' : 'active' },
    rst: { path: rstPath, bytes: 0, state: 'absent' },
    blockMap: '',
    pagesPerCell: 1,
    sources: [],
    progress: { phase: STEP_NAMES[0], phaseIndex: 1, phaseCount: 7, done: 0, total: null, unit: 'bytes' },
    verification: { status: 'waiting', code: 0, integrity: 'waiting', servers: [] },
    lights: { data: 'off', verified: 'off', active: 'off' },
    restoredTo: null,
    lastCommit: null,
  };
}

/** The next picture; never changes the one before. */
export function reduceRestore(view: RestoreView, action: RestoreAction): RestoreView {
  switch (action.kind) {
    case 'step':
      return withLights(onStep(view, action));
    case 'sets':
      return { ...view, nds: { ...view.nds, ...action.nds }, rst: { ...view.rst, ...action.rst } };
    case 'sources':
      return { ...view, sources: action.sources };
    case 'source':
      return {
        ...view,
        sources: view.sources.map((source, index) =>
          index === action.index
            ? { ...source, status: action.status, done: action.done, total: action.total ?? source.total }
            : source,
        ),
      };
    case 'size':
      return { ...view, pagesPerCell: Math.max(1, Math.ceil(action.pageCount / MAP_CELLS)) };
    case 'progress':
      return {
        ...view,
        progress: {
          ...view.progress,
          phase: action.phase ?? view.progress.phase,
          done: action.done,
          total: action.total,
          plan: action.plan,
        },
      };
    case 'verification':
      return withLights({ ...view, verification: action.verification });
    case 'restored':
      return { ...view, restoredTo: action.restoredTo, lastCommit: action.lastCommit };
  }
}

function onStep(view: RestoreView, action: Extract<RestoreAction, { kind: 'step' }>): RestoreView {
  const steps = view.steps.map((step) => {
    if (step.step !== action.step) return step;
    const startedAt = action.status === 'running' ? action.at : step.startedAt;
    const ended = action.status !== 'running' && action.status !== 'waiting' && startedAt !== null;
    return {
      ...step,
      status: action.status,
      startedAt,
      durationMs: ended ? Math.max(0, action.at - startedAt) : null,
      detail: action.detail ?? step.detail,
    };
  });
  if (action.status !== 'running') return { ...view, steps };
  const phase = STEP_NAMES[action.step - 1] ?? '';
  const progress = { ...view.progress, phase, phaseIndex: action.step, done: 0, total: null, plan: undefined };
  return { ...view, steps, progress };
}

const LIGHT_OF = { waiting: 'off', running: 'working', done: 'on', failed: 'failed', skipped: 'off' } as const;

/** Step 6 can be done without a good answer: what was not compared is never shown as verified. */
function verifiedLight(
  view: RestoreView,
  ofStep: RestoreView['lights']['verified'],
): RestoreView['lights']['verified'] {
  if (ofStep !== 'on') return ofStep;
  const { status } = view.verification;
  if (status === 'ok' || status === 'noPeers') return 'on';
  return status === 'skipped' ? 'off' : 'failed';
}

function withLights(view: RestoreView): RestoreView {
  const light = (step: number) => LIGHT_OF[view.steps[step - 1]?.status ?? 'waiting'];
  return { ...view, lights: { data: light(3), verified: verifiedLight(view, light(6)), active: light(7) } };
}

/** What becomes of the pages: bytes `.`, `r` and `v` by page, and the map of them in at most 1,000 cells. */
export interface BlockMap {
  restored(numbers: Uint32Array): void;
  verified(number: number): void;
  resize(pageCount: number): void;
  /** A cell is `v` when all its pages are, `r` when all are at least restored, else `.`. */
  cells(): { map: string; pagesPerCell: number };
}

export function createBlockMap(pageCount: number): BlockMap {
  // 0 to do, 1 restored, 2 verified. Grows in leaps: logs can make a set longer with each of thousands of commits.
  let store = new Uint8Array(pageCount);
  let state = store;
  return {
    restored(numbers) {
      for (const number of numbers) if (number <= state.length) state[number - 1] = 1;
    },
    verified(number) {
      if (number <= state.length) state[number - 1] = 2;
    },
    resize(count) {
      if (count === state.length) return;
      if (count < state.length) state.fill(0, count);
      if (count > store.length) {
        store = new Uint8Array(Math.max(count, Math.ceil(store.length * 1.5)));
        store.set(state);
      }
      state = store.subarray(0, count);
    },
    cells() {
      const pagesPerCell = Math.max(1, Math.ceil(state.length / MAP_CELLS));
      let map = '';
      for (let at = 0; at < state.length; at += pagesPerCell) {
        let least = 2;
        const end = Math.min(state.length, at + pagesPerCell);
        for (let page = at; page < end && least > 0; page++) least = Math.min(least, state[page] ?? 0);
        map += least === 2 ? 'v' : least === 1 ? 'r' : '.';
      }
      return { map, pagesPerCell };
    },
  };
}
