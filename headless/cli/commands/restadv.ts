// holdfast restadv: activates or deletes a restored set that waits in RST.
import path from 'node:path';
import { HoldfastError } from '../../../core/contract/errors.ts';
import { withDirectAgent } from '../direct.ts';
import { findInstance, isInstanceName, withEngine } from '../engine-client.ts';
import type { CommandResult } from '../output.ts';
import { type ByNameFlags, finishByName } from './restore-by-name.ts';

export interface RestadvFlags extends ByNameFlags {
  to: string;
  log?: string;
  override?: boolean;
  open?: boolean;
  clearLock?: boolean;
  verify: boolean;
  delete?: boolean;
}

export async function restadvCommand(flags: RestadvFlags): Promise<CommandResult> {
  // A set that waits in RST is what the command is for.
  const done = opensOnly(flags) ? await openCommand(flags) : null;
  if (done) return done;
  if (isInstanceName(flags.to)) return await finishByName(flags.to, flags);
  if (!flags.log) throw new HoldfastError('INVALID_INPUT', 'restadv needs -l LOG');
  const log = path.resolve(flags.log);
  return await withDirectAgent(flags.to, async ({ api, instance }) => {
    const { contingency } = await api.finishRst({
      instance,
      action: flags.delete ? 'delete' : 'activate',
      override: (flags.override ?? false) || !flags.verify,
      open: flags.open ?? false,
      clearLock: flags.clearLock ?? false,
      log,
    });
    const verdict = flags.delete ? 'The set in RST was deleted.' : 'The set in RST is active now.';
    return {
      json: { contingency, action: flags.delete ? 'delete' : 'activate' },
      text: [verdict, ...(contingency ? [`  replaced set   kept in ${contingency}`] : [])],
    };
  });
}

/** -o or -k alone: the database that a cold backup or a restore left closed or locked, not a set in RST. */
const opensOnly = ({ open, clearLock, override, verify, delete: remove }: RestadvFlags): boolean =>
  (open === true || clearLock === true) && !override && verify && !remove;

async function openCommand(flags: RestadvFlags): Promise<CommandResult | null> {
  if (isInstanceName(flags.to)) {
    const id = flags.to;
    return await withEngine(flags.data, async (engine) => {
      if (findInstance(await engine.site.get({}), id).status.hasRst) return null;
      await engine.otherFiles.openClosed({ instanceId: id, typed: flags.confirm ?? null });
      return opened;
    });
  }
  return await withDirectAgent(flags.to, async ({ api, instance }) => {
    const status = (await api.status({})).instances.find((one) => one.name === instance);
    if (!status || status.hasRst) return null;
    await api.openClosed({ instance, clearLock: flags.clearLock ?? false });
    return opened;
  });
}

const opened: CommandResult = { json: { action: 'open' }, text: ['The database is open.'] };
