// Acts of the administrator that cross services: taking a server out of the site, and running a job again.
import { HoldfastError } from '../contract/errors.ts';
import type { GroupView } from '../contract/failover.ts';
import type { FailoverService } from '../failover/types.ts';
import type { JobService } from '../jobs/job-runner.ts';
import type { Backups } from './backups.ts';
import type { Instances } from './instances.ts';
import { keptOf } from './jobs-again.ts';
import type { Servers } from './servers.ts';

export interface SiteActs {
  /** Refuses while a group or a job needs it. Its databases are forgotten, files stay. */
  removeServer(name: string): Promise<void>;
  /** Starts what a job did again, with the same input; throws NOT_SUPPORTED for one that needs a new decision. */
  again(jobId: string): Promise<string>;
}

export interface SiteActsPorts {
  servers: Servers;
  instances: Instances;
  backups: Backups;
  failover: FailoverService;
  jobs: JobService;
  groups(): GroupView[];
  /** Title of a job that works on an instance of which this is true; null when none does. */
  runningOn(holds: (instanceId: string) => boolean): string | null;
}

export function createSiteActs({
  servers,
  instances,
  backups,
  failover,
  jobs,
  groups,
  runningOn,
}: SiteActsPorts): SiteActs {
  return {
    async removeServer(name) {
      const record = servers.get(name);
      const here = instances.list().filter((instance) => instance.record.server === record.name);
      const group = groups().find((one) => one.members.some((member) => member.server === record.name));
      if (group)
        throw new HoldfastError('NOT_SUPPORTED', `${record.name} has a member of the failover group ${group.name}`, {
          hint: 'Remove it from the group first.',
        });
      const title = runningOn((id) => here.some((instance) => instance.id === id));
      if (title) throw new HoldfastError('BACKUP_ACTIVE', `"${title}" is running on ${record.name}`);
      await servers.switchOff(record.name);
      for (const instance of here) instances.forget(instance.id);
      await servers.remove(record.name);
    },

    async again(jobId) {
      const job = jobs.get(jobId);
      if (!job) throw new HoldfastError('NOT_FOUND', `There is no job ${jobId}`);
      if (job.endedAt === null) throw new HoldfastError('BACKUP_ACTIVE', `"${job.title}" is still running`);
      const stored = keptOf(jobs, jobId);
      if (stored && 'kind' in stored && stored.kind === 'restore')
        throw new HoldfastError(
          'NOT_SUPPORTED',
          `"${job.title}" is not run again without a review of what it will do`,
          {
            hint: 'Open it in the restore wizard by “Run again…”, or use the command that the job shows.',
          },
        );
      if (stored && 'kind' in stored) {
        // The file of the first run is there; without permission to replace it the second gets a name of its own.
        const { file, ...request } = stored.request;
        return await backups.start(request.overwrite && file ? { ...request, file } : request);
      }
      if (stored && job.kind === 'cycle') return (await failover.backupNow(stored.groupId, stored.type)).jobId;
      throw new HoldfastError('NOT_SUPPORTED', `"${job.title}" cannot be run again as it was`);
    },
  };
}
