// What the tree shows for each task, from the snapshot: states as signs, the newest restore monitors by name.
import type { ServerView, SiteSnapshot } from '../../core/contract/site.ts';
import {
  BackupIcon,
  ChainIcon,
  DatabaseIcon,
  DrillIcon,
  ErrorCodeIcon,
  FailoverIcon,
  FolderIcon,
  InspectIcon,
  Led,
  type LedState,
  LogIcon,
  MonitorIcon,
  PlanIcon,
  RetentionIcon,
  RoleIcon,
  ScheduleIcon,
  ServerIcon,
  type TreeNode,
} from '../ui/index.ts';
import type { Route, Task } from './route.ts';
import { byName, groupStanding, memberOf, standingOf } from './standing.ts';

export const serverLed = (server: Pick<ServerView, 'state'>): LedState =>
  ({ online: 'on', starting: 'off', stopped: 'gone', offline: 'error' })[server.state] as LedState;

const serverState = ({ state }: Pick<ServerView, 'state'>) => (state === 'offline' ? 'does not answer' : state);

/** Null for a task without a tree. */
export function navNodes(task: Task, site: SiteSnapshot, route: Route, go: (route: Route) => void): TreeNode[] | null {
  if (task === 'system') return systemNodes(site, go);
  if (task === 'backup' || task === 'restore') return backupNodes(site, route, go);
  return null;
}

function systemNodes(site: SiteSnapshot, go: (route: Route) => void): TreeNode[] {
  const failover = 'system/directory-manager/database-failover';
  return [
    {
      id: 'system/servers',
      label: 'Servers',
      icon: <ServerIcon />,
      onOpen: () => go({ page: 'system/servers' }),
      children: site.servers.map((server) => ({
        id: `server ${server.name}`,
        label: server.name,
        sign: <Led state={serverLed(server)} label={serverState(server)} />,
        state: serverState(server),
        onOpen: () => go({ page: 'system/servers', server: server.name }),
      })),
    },
    {
      id: 'system/dsmaster',
      label: 'DSMASTER planner',
      icon: <PlanIcon />,
      onOpen: () => go({ page: 'system/dsmaster' }),
    },
    {
      id: 'roles',
      label: 'Roles',
      icon: <RoleIcon />,
      heading: true,
      children: [
        {
          id: 'directory-manager',
          label: 'Directory Manager',
          icon: <FailoverIcon />,
          onOpen: () => go({ page: failover }),
          children: site.groups.map((group) => ({
            id: `group ${group.id}`,
            label: group.name,
            sign: <Led state={groupStanding(group).led} label={`${groupStanding(group).word}. ${group.stateText}`} />,
            state: `${groupStanding(group).word}. ${group.stateText}`,
            onOpen: () => go({ page: failover, groupId: group.id }),
          })),
        },
      ],
    },
  ];
}

function backupNodes(site: SiteSnapshot, route: Route, go: (route: Route) => void): TreeNode[] {
  const about = route.instanceId ? { instanceId: route.instanceId } : {};
  const monitors = site.jobs.filter((job) => job.kind === 'restore').slice(0, 5);
  const leaf = (page: Route['page'], label: string, icon: TreeNode['icon']): TreeNode => ({
    id: page,
    label,
    ...(icon ? { icon } : {}),
    onOpen: () => go({ page, ...about }),
  });
  return [
    {
      id: 'backup/databases',
      label: 'Databases',
      icon: <DatabaseIcon />,
      onOpen: () => go({ page: 'backup/databases' }),
      children: site.instances.toSorted(byName).map((instance) => {
        const standing = standingOf(instance, memberOf(site.groups, instance));
        return {
          id: `instance ${instance.id}`,
          label: instance.id,
          sign: <Led state={standing.led} label={standing.text} />,
          state: standing.text,
          onOpen: () => go({ page: 'backup/chains', instanceId: instance.id }),
        };
      }),
    },
    leaf('backup/back-up', 'Back up', <BackupIcon />),
    leaf('backup/chains', 'Chains', <ChainIcon />),
    leaf('backup/logging', 'Roll-forward logging', <LogIcon />),
    leaf('backup/schedules', 'Schedules', <ScheduleIcon />),
    leaf('backup/drills', 'Restore drills', <DrillIcon />),
    leaf('backup/retention', 'Retention', <RetentionIcon />),
    leaf('restore/wizard', 'Restore', <FolderIcon />),
    ...monitors.map((job) => ({
      id: `monitor ${job.id}`,
      label: `Restore of ${job.target}`,
      icon: <MonitorIcon />,
      onOpen: () => go({ page: 'restore/monitor', jobId: job.id }),
    })),
    leaf('backup/inspector', 'Header inspector', <InspectIcon />),
    leaf('backup/log', 'Backup log', <LogIcon />),
    leaf('backup/errors', 'Error codes', <ErrorCodeIcon />),
  ];
}

/** The node that stands for the open page. */
export function currentNode(route: Route): string {
  if (route.page === 'restore/monitor' && route.jobId) return `monitor ${route.jobId}`;
  if (route.page === 'system/servers' && route.server) return `server ${route.server}`;
  if (route.page.startsWith('system/directory-manager'))
    return route.groupId ? `group ${route.groupId}` : 'directory-manager';
  return route.page;
}
