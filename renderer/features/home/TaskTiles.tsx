// The tasks of the console as small tiles, each with the one number that says how it stands.
import type { ReactElement } from 'react';
import { useApp, useSite } from '../../app/app.ts';
import type { PageId } from '../../app/route.ts';
import {
  ActivityIcon,
  DatabaseTaskIcon,
  FailoverIcon,
  LabIcon,
  OptionsIcon,
  RestoreTaskIcon,
  Section,
  useStale,
} from '../../ui/index.ts';
import { isOver } from '../jobs/job-text.ts';

export function TaskTiles() {
  const app = useApp();
  const servers = useSite((snapshot) => snapshot.servers);
  const instances = useSite((snapshot) => snapshot.instances);
  const groups = useSite((snapshot) => snapshot.groups);
  const jobs = useSite((snapshot) => snapshot.jobs);
  const lab = useSite((snapshot) => snapshot.demo.open);
  const on = groups.filter((group) => group.config.enabled).length;
  const running = jobs.filter((job) => !isOver(job)).length;
  const up = servers.filter((server) => server.state === 'online').length;
  const stale = useStale();
  const tiles: { page: PageId; label: string; text: string; icon: ReactElement; shown?: boolean }[] = [
    {
      page: 'system/directory-manager/database-failover',
      label: 'System',
      text: stale ? 'Not known now' : `${up}/${servers.length} online, failover ${on > 0 ? 'on' : 'off'}`,
      icon: <FailoverIcon />,
    },
    {
      page: 'backup/databases',
      label: 'Backup',
      text: instances.length === 1 ? '1 database' : `${instances.length} databases`,
      icon: <DatabaseTaskIcon />,
    },
    { page: 'restore/wizard', label: 'Restore', text: 'To any moment', icon: <RestoreTaskIcon /> },
    {
      page: 'activity',
      label: 'Activity',
      text: stale ? 'Not known now' : running === 0 ? 'Nothing running' : `${running} running`,
      icon: <ActivityIcon />,
    },
    { page: 'demo', label: 'Demo lab', text: 'Outage switches', icon: <LabIcon />, shown: lab },
    { page: 'options', label: 'Options', text: 'Theme, site name', icon: <OptionsIcon /> },
  ];
  return (
    <Section title="Tasks">
      <div className="home-tiles">
        {tiles
          .filter((tile) => tile.shown !== false)
          .map((tile) => (
            <button
              key={tile.label}
              type="button"
              className="home-tile"
              onClick={() => app.navigate({ page: tile.page })}
            >
              {tile.icon}
              <span>
                <b>{tile.label}</b>
                <span className="hf-muted hf-ellipsis">{tile.text}</span>
              </span>
            </button>
          ))}
      </div>
    </Section>
  );
}
