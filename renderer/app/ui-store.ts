// What only this window knows: theme, whether the dock is open, which dialog is up. The theme and the dock are remembered.
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { ErrorReport } from '../../core/contract/errors.ts';
import type { Plan } from '../../core/contract/failover.ts';
import type { ThemeChoice } from '../ui/UiProvider.tsx';

/** A plan to be shown and, when confirmed, carried out. */
export interface PlanRequest {
  load: () => Promise<Plan>;
  execute: (plan: Plan, typed: string | null) => Promise<unknown>;
  /** The verb on the button. */
  verb?: string;
}

export type OpenDialog =
  | { kind: 'messages' }
  | { kind: 'palette' }
  | { kind: 'shortcuts' }
  | { kind: 'protect'; server?: string }
  | { kind: 'jobLog'; jobId: string }
  | { kind: 'addServer' }
  | { kind: 'plan'; request: PlanRequest };

export interface UiState {
  theme: ThemeChoice;
  dockOpen: boolean;
  dialog: OpenDialog | null;
  /** An error of a command that has no page of its own to show it on. */
  error: ErrorReport | null;
}
export type UiStore = StoreApi<UiState>;

const KEY = 'holdfast.ui';

function remembered(): Pick<UiState, 'theme' | 'dockOpen'> {
  const fallback = { theme: 'system' as ThemeChoice, dockOpen: true };
  try {
    const saved = JSON.parse(window.localStorage.getItem(KEY) ?? '{}') as Partial<UiState>;
    const theme = (['system', 'light', 'dark', 'contrast'] as const).find((name) => name === saved.theme);
    return { theme: theme ?? 'system', dockOpen: saved.dockOpen ?? true };
  } catch {
    // Storage may be off or hold something else; defaults are right then.
    return fallback;
  }
}

export function createUiStore(): UiStore {
  const store = createStore<UiState>(() => ({ ...remembered(), dialog: null, error: null }));
  store.subscribe((state, before) => {
    if (state.theme === before.theme && state.dockOpen === before.dockOpen) return;
    try {
      window.localStorage.setItem(KEY, JSON.stringify({ theme: state.theme, dockOpen: state.dockOpen }));
    } catch {
      // Not remembered, still in force for this window.
    }
  });
  return store;
}
