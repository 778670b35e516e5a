// Every verb of the console that is not bound to one page, from the newest snapshot.
import { toErrorReport } from '../../core/contract/errors.ts';
import type { App } from '../app/app.ts';
import type { PageId } from '../app/route.ts';
import type { Command } from './command.ts';

const places: readonly [PageId, string, string][] = [
  ['home', 'Home', 'G H'],
  ['system/servers', 'Servers', 'G S'],
  ['system/dsmaster', 'DSMASTER planner', ''],
  ['system/directory-manager/database-failover', 'Database failover', 'G F'],
  ['backup/databases', 'Databases', 'G D'],
  ['backup/chains', 'Chains', 'G C'],
  ['backup/back-up', 'Back up', 'G B'],
  ['backup/logging', 'Roll-forward logging', 'G L'],
  ['backup/schedules', 'Schedules', ''],
  ['backup/drills', 'Restore drills', ''],
  ['backup/retention', 'Retention', ''],
  ['backup/inspector', 'Header inspector', 'G I'],
  ['backup/log', 'Backup log', ''],
  ['backup/errors', 'Error codes', 'F1'],
  ['restore/wizard', 'Restore', 'G R'],
  ['restore/monitor', 'Restore monitor', 'G N'],
  ['activity', 'Activity', 'G A'],
  ['options', 'Options', 'G O'],
  ['demo', 'Demo lab', 'G M'],
];

/** Runs a call that has no page of its own; its error goes to the bar under the header. */
export function runFor(app: App, work: () => Promise<unknown>): void {
  app.ui.setState({ error: null });
  work().catch((thrown: unknown) => app.ui.setState({ error: toErrorReport(thrown) }));
}

export function commandsOf(app: App): Command[] {
  const { snapshot, live } = app.site.getState();
  const online = () => live || 'There is no connection to the engine';
  const list: Command[] = [];
  const add = (command: Command) => list.push(command);

  for (const [page, label, shortcut] of places) {
    add({
      id: `go.${page}`,
      label,
      group: 'Go to',
      ...(shortcut ? { shortcut } : {}),
      run: () => app.navigate({ page }),
    });
  }
  add({
    id: 'protect',
    label: 'Protect a database',
    group: 'Do',
    shortcut: 'Ctrl+Shift+P',
    words: 'add new file instance',
    enabled: online,
    run: () => app.openDialog({ kind: 'protect' }),
  });
  add({
    id: 'server.add',
    label: 'Add a server',
    group: 'Do',
    enabled: online,
    run: () => app.openDialog({ kind: 'addServer' }),
  });
  if (snapshot && !snapshot.demo.open) {
    add({
      id: 'demo.open',
      label: 'Open the demo lab',
      group: 'Do',
      enabled: online,
      run: () => {
        runFor(app, () => app.api.demo.open({}));
        app.navigate({ page: 'demo' });
      },
    });
  }
  for (const group of snapshot?.groups ?? []) {
    for (const type of ['full', 'incremental'] as const) {
      add({
        id: `group.${group.id}.${type}`,
        label: `${type === 'full' ? 'Full' : 'Differential'} backup now: ${group.name}`,
        group: 'Do',
        words: 'master backup failover',
        enabled: () =>
          live ? group.config.enabled || 'Database failover is off' : 'There is no connection to the engine',
        run: () => runFor(app, () => app.api.failover.backupNow({ groupId: group.id, type })),
      });
    }
  }
  for (const instance of snapshot?.instances ?? []) {
    if (instance.groupId !== null) continue;
    add({
      id: `instance.${instance.id}.full`,
      label: `Full backup now: ${instance.id}`,
      group: 'Do',
      enabled: online,
      run: () => runFor(app, () => app.api.backup.start({ instanceId: instance.id, type: 'full' })),
    });
  }
  add({
    id: 'palette',
    label: 'Find a command',
    group: 'View',
    shortcut: 'Ctrl+K',
    run: () => app.openDialog({ kind: 'palette' }),
  });
  add({
    id: 'shortcuts',
    label: 'Keyboard shortcuts',
    group: 'View',
    shortcut: '?',
    run: () => app.openDialog({ kind: 'shortcuts' }),
  });
  add({
    id: 'messages',
    label: 'System messages',
    group: 'View',
    shortcut: 'Ctrl+M',
    run: () => app.openDialog({ kind: 'messages' }),
  });
  add({
    id: 'dock',
    label: 'Show or hide the jobs dock',
    group: 'View',
    shortcut: 'Ctrl+J',
    run: () => app.ui.setState((state) => ({ dockOpen: !state.dockOpen })),
  });
  for (const theme of ['system', 'light', 'dark', 'contrast'] as const) {
    add({
      id: `theme.${theme}`,
      label: `Theme: ${{ system: 'as the system', light: 'light', dark: 'dark', contrast: 'high contrast' }[theme]}`,
      group: 'View',
      run: () => app.ui.setState({ theme }),
    });
  }
  return list;
}
