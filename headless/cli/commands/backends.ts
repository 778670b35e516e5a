// holdfast backends: the files of one instance, and adding or taking out a further one, through the running engine.
import type { BackendStatus } from '../../../core/contract/backend.ts';
import { HoldfastError } from '../../../core/contract/errors.ts';
import { parseBackends } from '../arguments.ts';
import { findInstance, withEngine } from '../engine-client.ts';
import { formatBytes, formatTable } from '../format.ts';
import type { CommandResult } from '../output.ts';

export interface BackendsFlags {
  add?: string;
  remove?: string;
  switchToWal?: boolean;
  data?: string;
}

export async function backendsCommand(name: string, flags: BackendsFlags): Promise<CommandResult> {
  if (flags.add && flags.remove) throw new HoldfastError('INVALID_INPUT', '--add and --remove exclude each other');
  const [added] = parseBackends(flags.add ? [flags.add] : []);
  return await withEngine(flags.data, async (engine) => {
    const { id } = findInstance(await engine.site.get({}), name);
    if (added) await engine.instances.addBackend({ instanceId: id, ...added, switchToWal: flags.switchToWal ?? false });
    if (flags.remove) await engine.instances.removeBackend({ instanceId: id, id: flags.remove });
    const { status } = findInstance(await engine.site.get({}), name);
    const backends = status.backends ?? [];
    const rows = backends.map((one) => [one.id, formatBytes(one.size), pagesOf(one), logsOf(one), one.path]);
    return {
      json: { instance: id, path: status.path, fullRequired: status.fullRequired, backends },
      text: [
        ...(rows.length > 0
          ? formatTable(['FILE', 'SIZE', 'PAGES', 'LOGGING', 'PATH'], rows)
          : [`${id} has one file, ${status.path}.`]),
        ...(status.fullRequired ? [`A full backup is required: ${status.fullRequiredReason ?? ''}`] : []),
      ],
    };
  });
}

const pagesOf = ({ pageCount, pageSize }: BackendStatus) =>
  pageCount === null || pageSize === null ? '–' : `${pageCount} x ${pageSize}`;

const logsOf = ({ logging }: BackendStatus) => (logging.on ? logging.currentLog : 'off');
