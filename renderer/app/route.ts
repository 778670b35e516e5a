// Where the console is: a page and what it is about. Kept in memory and in the history entry; never in the address.
import { createStore, type StoreApi } from 'zustand/vanilla';

export const pageIds = [
  'home',
  'system/servers',
  'system/dsmaster',
  'system/directory-manager/properties',
  'system/directory-manager/database-failover',
  'backup/databases',
  'backup/chains',
  'backup/back-up',
  'backup/logging',
  'backup/schedules',
  'backup/drills',
  'backup/retention',
  'backup/inspector',
  'backup/log',
  'backup/errors',
  'restore/wizard',
  'restore/monitor',
  'activity',
  'options',
  'demo',
] as const;
export type PageId = (typeof pageIds)[number];

export interface Route {
  page: PageId;
  instanceId?: string | undefined;
  groupId?: string | undefined;
  server?: string | undefined;
  jobId?: string | undefined;
  /** A restore whose choices the wizard begins with, by its job. */
  again?: string | undefined;
  /** A backup, by its idtag. */
  idtag?: string | undefined;
  /** What the error codes are searched for. */
  search?: string | undefined;
  /** A point in time to restore to, ms. */
  until?: number | undefined;
}

export type Task = 'home' | 'system' | 'backup' | 'restore' | 'activity' | 'options' | 'demo';

export const taskOf = (page: PageId): Task => page.split('/')[0] as Task;

export const pageTitles: Record<PageId, readonly string[]> = {
  home: ['Home'],
  'system/servers': ['System', 'Servers'],
  'system/dsmaster': ['System', 'DSMASTER planner'],
  'system/directory-manager/properties': ['System', 'Roles', 'Directory Manager'],
  'system/directory-manager/database-failover': ['System', 'Roles', 'Directory Manager'],
  'backup/databases': ['Backup and restore', 'Databases'],
  'backup/chains': ['Backup and restore', 'Chains'],
  'backup/back-up': ['Backup and restore', 'Back up'],
  'backup/logging': ['Backup and restore', 'Roll-forward logging'],
  'backup/schedules': ['Backup and restore', 'Schedules'],
  'backup/drills': ['Backup and restore', 'Restore drills'],
  'backup/retention': ['Backup and restore', 'Retention'],
  'backup/inspector': ['Backup and restore', 'Header inspector'],
  'backup/log': ['Backup and restore', 'Backup log'],
  'backup/errors': ['Backup and restore', 'Error codes'],
  'restore/wizard': ['Backup and restore', 'Restore'],
  'restore/monitor': ['Backup and restore', 'Restore monitor'],
  activity: ['Activity'],
  options: ['Options'],
  demo: ['Demo lab'],
};

export type RouteStore = StoreApi<{ route: Route }>;

interface HistoryEntry {
  holdfast: Route;
}

const isRoute = (value: unknown): value is HistoryEntry =>
  typeof value === 'object' && value !== null && 'holdfast' in value;

/** `guard` is asked before the page changes; it returns false and keeps the route when the administrator must decide first. */
export function createRoutes(guard: (next: Route) => boolean): { store: RouteStore; go: (route: Route) => void } {
  const restored = isRoute(window.history.state) ? window.history.state.holdfast : { page: 'home' as const };
  const store = createStore<{ route: Route }>(() => ({ route: restored }));
  const entry = (route: Route): HistoryEntry => ({ holdfast: route });
  window.history.replaceState(entry(restored), '');
  window.addEventListener('popstate', (event) => {
    const next = isRoute(event.state) ? event.state.holdfast : { page: 'home' as const };
    if (guard(next)) store.setState({ route: next });
    else window.history.pushState(entry(store.getState().route), '');
  });
  return {
    store,
    go(route) {
      window.history.pushState(entry(route), '');
      store.setState({ route });
    },
  };
}
