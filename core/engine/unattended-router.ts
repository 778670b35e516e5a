// The procedures of schedules, retention and drills, each one line to the service that does it.
import { HoldfastError } from '../contract/errors.ts';
import type { implementConsole } from '../rpc/serve.ts';
import type { Instances } from './instances.ts';
import type { Servers } from './servers.ts';
import type { Unattended } from './unattended.ts';

export interface UnattendedServices {
  servers: Servers;
  instances: Instances;
  unattended: Unattended;
}

export function unattendedProcedures(
  console: ReturnType<typeof implementConsole>,
  { servers, instances, unattended }: UnattendedServices,
) {
  const { schedules, retention, drills } = unattended;
  const nothing = {};
  return {
    schedules: {
      list: console.schedules.list.handler(({ input }) => schedules.list(input.instanceId)),
      save: console.schedules.save.handler(({ input }) => {
        const instanceId = instances.get(input.instanceId).id;
        return { id: schedules.save({ ...input, instanceId }) };
      }),
      remove: console.schedules.remove.handler(({ input }) => {
        schedules.remove(input.id);
        return nothing;
      }),
      runNow: console.schedules.runNow.handler(async ({ input }) => ({ jobId: await schedules.runNow(input.id) })),
      runs: console.schedules.runs.handler(({ input }) => schedules.runs(input.id, input.limit)),
    },
    retention: {
      getPolicy: console.retention.getPolicy.handler(({ input }) => ({
        policy: retention.policy(instances.get(input.instanceId).id),
      })),
      setPolicy: console.retention.setPolicy.handler(({ input }) => {
        retention.setPolicy(instances.get(input.instanceId).id, input.policy);
        return nothing;
      }),
      preview: console.retention.preview.handler(({ input }) =>
        retention.preview(instances.get(input.instanceId).id, input.policy),
      ),
      run: console.retention.run.handler(({ input }) => ({
        jobId: retention.run(instances.get(input.instanceId).id),
      })),
      contingencies: console.retention.contingencies.handler(({ input }) => {
        const { record } = instances.get(input.instanceId);
        return servers.use(record.server, (api) => api.contingencies({ instance: record.name }));
      }),
      removeContingency: console.retention.removeContingency.handler(async ({ input }) => {
        const { record, id } = instances.get(input.instanceId);
        if (input.typed !== record.name)
          throw new HoldfastError('CONFIRMATION_REQUIRED', `Type ${record.name} to delete a kept copy of ${id}`);
        return await servers.use(record.server, (api) =>
          api.removeContingency({ instance: record.name, id: input.id }),
        );
      }),
    },
    drills: {
      list: console.drills.list.handler(({ input }) => drills.list(input.instanceId)),
      save: console.drills.save.handler(({ input }) => {
        drills.save({ ...input, instanceId: instances.get(input.instanceId).id });
        return nothing;
      }),
      remove: console.drills.remove.handler(({ input }) => {
        drills.remove(input.instanceId);
        return nothing;
      }),
      run: console.drills.run.handler(({ input }) => {
        const { id } = instances.get(input.instanceId);
        const how = { ...(input.point ? { point: input.point } : {}), until: input.until ?? null };
        return { jobId: drills.run(id, how) };
      }),
      reports: console.drills.reports.handler(({ input }) =>
        drills.reports(instances.get(input.instanceId).id, input.limit),
      ),
      report: console.drills.report.handler(({ input }) => drills.report(input.id)),
    },
  };
}
