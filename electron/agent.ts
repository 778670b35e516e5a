// Entry of an agent's utility process: the same agent as everywhere, over the channel that Electron gives to its children.
import { SPEC_VARIABLE } from '../core/agent/launch-child.ts';
import { runAgent } from '../core/agent/run-agent.ts';
import type { AgentSpec } from '../core/agent/types.ts';
import { toErrorReport } from '../core/contract/errors.ts';
import type { MessagePortLike } from '../core/rpc/ports.ts';

const spec = JSON.parse(process.env[SPEC_VARIABLE] ?? 'null') as AgentSpec | null;
if (spec === null) throw new Error(`${SPEC_VARIABLE} is not set: this program is started by the desktop app`);

const { parentPort } = process;
// A utility process ends with its parent, so this channel has no close of its own.
const port: MessagePortLike = {
  on(event, callback) {
    if (event === 'message') parentPort.on('message', ({ data }) => callback({ data }));
  },
  postMessage: (data) => parentPort.postMessage(data),
};

// The app decides when an agent ends; a terminal's Ctrl+C reaches both and must not cut a flush short.
process.on('SIGINT', () => {});

try {
  await runAgent(spec, port);
  process.exit(0);
} catch (error) {
  process.stderr.write(`${JSON.stringify(toErrorReport(error))}\n`);
  process.exit(1);
}
