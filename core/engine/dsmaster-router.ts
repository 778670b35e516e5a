// The procedures of the DSMASTER planner, and the site as its input.
import { planDsmaster } from '../advice/dsmaster.ts';
import type { DsmasterInput } from '../contract/dsmaster.ts';
import type { SiteSnapshot } from '../contract/site.ts';
import type { implementConsole } from '../rpc/serve.ts';

export function dsmasterProcedures(console: ReturnType<typeof implementConsole>, snapshot: () => SiteSnapshot) {
  return {
    dsmaster: {
      plan: console.dsmaster.plan.handler(({ input }) => planDsmaster(input)),
      fromSite: console.dsmaster.fromSite.handler(() => siteAsInput(snapshot())),
    },
  };
}

/** Each name of an instance is a partition; where it is active it is the master replica, a copy can only be read. */
export function siteAsInput({ servers, instances, groups, now }: SiteSnapshot): DsmasterInput {
  const members = groups.flatMap((group) => group.members);
  return {
    partitions: [...new Set(instances.map((instance) => instance.status.name))].sort(),
    servers: servers.map(({ name }) => {
      const here = instances.filter((instance) => instance.server === name);
      const fulls = here.map((instance) => instance.status.lastFull?.at ?? null);
      const lastFull = fulls.includes(null) ? null : Math.min(...(fulls as number[]));
      return {
        name,
        dsmaster: false,
        lastFull: here.length === 0 ? null : lastFull,
        replicas: here.map(({ id, status }) => {
          const member = members.find((one) => one.instanceId === id);
          const type = member?.master
            ? 'MASTER'
            : status.role === 'standby'
              ? 'READONLY'
              : member
                ? 'SECONDARY'
                : 'MASTER';
          return { partition: status.name, type } as const;
        }),
      };
    }),
    now,
  };
}
