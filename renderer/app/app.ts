// The pieces of one open console, put together once and handed down by React context.
import { createContext, useContext, useEffect } from 'react';
import { useStore } from 'zustand';
import type { Plan } from '../../core/contract/failover.ts';
import type { SiteSnapshot } from '../../core/contract/site.ts';
import type { ConsoleApi } from '../../core/rpc/types.ts';
import type { ConsoleConnection } from './connect.ts';
import { createDraftStore, type Draft, type DraftStore } from './draft-store.ts';
import { createRoutes, type Route, type RouteStore } from './route.ts';
import { followSite, type SnapshotStore } from './snapshot-store.ts';
import { createUiStore, type OpenDialog, type UiState, type UiStore } from './ui-store.ts';

export interface App {
  connection: ConsoleConnection;
  api: ConsoleApi;
  site: SnapshotStore;
  ui: UiStore;
  drafts: DraftStore;
  routes: RouteStore;
  /** Opens a page; asks first when the page has unsaved edits. */
  navigate: (route: Route) => void;
  /** Opens a page without asking; for use after the question. */
  leave: (route: Route) => void;
  openDialog: (dialog: OpenDialog) => void;
  closeDialog: () => void;
  /** Shows the engine's plan and, once confirmed, carries it out. */
  confirmPlan: (
    load: () => Promise<Plan>,
    execute: (plan: Plan, typed: string | null) => Promise<unknown>,
    verb?: string,
  ) => void;
}

export function createApp(connection: ConsoleConnection): App {
  const drafts = createDraftStore();
  const ui = createUiStore();
  const guard = (next: Route) => {
    if (drafts.getState().draft === null) return true;
    drafts.setState({ leaving: next });
    return false;
  };
  const { store: routes, go } = createRoutes(guard);
  const openDialog = (dialog: OpenDialog) => ui.setState({ dialog });
  window.addEventListener('beforeunload', (event) => {
    if (drafts.getState().draft !== null) event.preventDefault();
  });
  return {
    connection,
    api: connection.api,
    site: followSite(connection).store,
    ui,
    drafts,
    routes,
    navigate: (route) => guard(route) && go(route),
    leave: go,
    openDialog,
    closeDialog: () => ui.setState({ dialog: null }),
    confirmPlan: (load, execute, verb) =>
      openDialog({ kind: 'plan', request: { load, execute, ...(verb === undefined ? {} : { verb }) } }),
  };
}

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error('drawn outside the console');
  return app;
}

export const useApi = (): ConsoleApi => useApp().api;

/** A part of the newest snapshot. Select narrowly, and something that the snapshot itself holds, so that nothing redraws without need. */
export const useSite = <T>(select: (snapshot: SiteSnapshot) => T): T =>
  useStore(useApp().site, (state) => {
    if (!state.snapshot) throw new Error('drawn before the first snapshot');
    return select(state.snapshot);
  });

/** True while snapshots arrive; actions are off while not. */
export const useLive = (): boolean => useStore(useApp().site, (state) => state.live);

export const useUi = <T>(select: (state: UiState) => T): T => useStore(useApp().ui, select);

export const useRoute = (): Route => useStore(useApp().routes, (state) => state.route);

/** Registers the page's edits while `draft` is not null. Pass a memoised object, or one that changes with the edits. */
export function useDraft(draft: Draft | null): void {
  const { drafts } = useApp();
  useEffect(() => {
    drafts.setState({ draft });
  }, [drafts, draft]);
  useEffect(() => () => drafts.setState({ draft: null }), [drafts]);
}
