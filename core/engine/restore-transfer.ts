// Brings backup sets that the target's agent cannot read where they lie into a folder of its own server, checked while they are copied.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import type { RestoreOptions } from '../contract/restore.ts';
import type { JobContext } from '../jobs/types.ts';
import type { AgentApi } from '../rpc/types.ts';

/** Where copies are put on the target's server; one that is there already is not copied again. */
const INCOMING = 'incoming';

/** The options with every backup readable for the target's agent. Throws what stands in the way of copying one. */
export async function bringOver(
  api: AgentApi,
  root: string,
  options: RestoreOptions,
  job: Pick<JobContext, 'log' | 'report' | 'signal'>,
): Promise<RestoreOptions> {
  const folder = path.join(root, INCOMING);
  const reachable = async (file: string): Promise<string> => {
    try {
      await api.header({ file });
      return file;
    } catch (error) {
      if (!(error instanceof HoldfastError) || !UNREACHABLE.has(error.name)) throw error;
      job.log('info', `${file} cannot be read from the target's server (${error.message}): it is copied to ${folder}`);
    }
    await api.checkFolder({ folder, create: true });
    for await (const event of await api.receive({ files: [file], folder }, { signal: job.signal })) {
      if (event.kind === 'result') return event.files[0] ?? file;
      job.report(event.progress);
    }
    throw new HoldfastError('INTERNAL', `Copying ${file} ended without a result`);
  };
  const incrementals: string[] = [];
  const file = await reachable(options.file);
  for (const one of options.incrementals ?? []) incrementals.push(await reachable(one));
  return { ...options, file, incrementals: options.incrementals ? incrementals : null };
}

const UNREACHABLE = new Set(['NOT_FOUND', 'NO_PERMISSION', 'OUTSIDE_ROOT', 'IO_ERROR']);
