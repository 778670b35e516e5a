// The tasks, always in reach at the left edge.
import type { ReactElement } from 'react';
import {
  ActivityIcon,
  DatabaseTaskIcon,
  HomeIcon,
  LabIcon,
  OptionsIcon,
  RestoreTaskIcon,
  SystemIcon,
} from '../ui/index.ts';
import { useApp, useRoute, useSite } from './app.ts';
import { type PageId, type Task, taskOf } from './route.ts';

const tasks: readonly { task: Task; label: string; page: PageId; icon: ReactElement }[] = [
  { task: 'home', label: 'Home', page: 'home', icon: <HomeIcon /> },
  { task: 'system', label: 'System', page: 'system/directory-manager/database-failover', icon: <SystemIcon /> },
  { task: 'backup', label: 'Backup', page: 'backup/databases', icon: <DatabaseTaskIcon /> },
  { task: 'restore', label: 'Restore', page: 'restore/wizard', icon: <RestoreTaskIcon /> },
  { task: 'activity', label: 'Activity', page: 'activity', icon: <ActivityIcon /> },
  { task: 'demo', label: 'Lab', page: 'demo', icon: <LabIcon /> },
  { task: 'options', label: 'Options', page: 'options', icon: <OptionsIcon /> },
];

export function TaskRail() {
  const app = useApp();
  const current = taskOf(useRoute().page);
  const lab = useSite((snapshot) => snapshot.demo.open);
  return (
    <nav className="app-rail" aria-label="Tasks">
      {tasks.map(({ task, label, page, icon }) =>
        task === 'demo' && !lab ? null : (
          <button
            key={task}
            type="button"
            className={`app-task app-task-${task}`}
            aria-current={task === current ? 'page' : undefined}
            onClick={() => app.navigate({ page })}
          >
            {icon}
            <span>{label}</span>
          </button>
        ),
      )}
    </nav>
  );
}
