// holdfast serve: the engine with its web door, until a signal ends it.
import { parseCount } from '../arguments.ts';
import type { CommandResult } from '../output.ts';

export interface ServeFlags {
  port?: string;
  demo?: boolean;
  open: boolean;
  data?: string;
}

/** The result is the address; the engine runs on until SIGINT, SIGTERM or SIGHUP. */
export async function serveCommand(flags: ServeFlags): Promise<CommandResult> {
  const port = flags.port === undefined ? null : parseCount(flags.port, '--port', 65535, 0);
  // A signal during the start must end in an orderly way, too.
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  // Loaded only here: no other command needs the engine.
  const { startServing } = await import('../../serve.ts');
  const serving = await startServing({ data: flags.data ?? null, port, demo: flags.demo ?? false, open: flags.open });
  return {
    json: { url: serving.url, pid: process.pid },
    text: [serving.url],
    async afterwards() {
      await signalled;
      await serving.stop();
    },
  };
}
