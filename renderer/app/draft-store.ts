// The page's unsaved edits, if any: what Apply and Cancel at the bottom do, and what leaving the page has to ask.
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Route } from './route.ts';

export interface Draft {
  /** Resolves to true when everything was applied; false keeps the page and its edits. */
  apply: () => Promise<boolean>;
  cancel: () => void;
  /** Why Apply is not possible now. */
  problem: string | null;
}

export interface DraftState {
  draft: Draft | null;
  busy: boolean;
  /** Where the administrator wants to go while there are edits. */
  leaving: Route | null;
}
export type DraftStore = StoreApi<DraftState>;

export const createDraftStore = (): DraftStore =>
  createStore<DraftState>(() => ({ draft: null, busy: false, leaving: null }));

/** Applies the draft; true when there is nothing left to save. */
export async function applyDraft(store: DraftStore): Promise<boolean> {
  const { draft, busy } = store.getState();
  if (busy) return false;
  if (draft === null) return true;
  if (draft.problem !== null) return false;
  store.setState({ busy: true });
  try {
    return await draft.apply();
  } finally {
    store.setState({ busy: false });
  }
}
