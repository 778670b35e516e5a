// Entry of an agent process: the spec comes in the environment, the calls over the IPC channel.
import { SPEC_VARIABLE } from '../core/agent/launch-child.ts';
import { runAgent } from '../core/agent/run-agent.ts';
import type { AgentSpec } from '../core/agent/types.ts';
import { toErrorReport } from '../core/contract/errors.ts';
import { portToParent } from '../core/rpc/ports.ts';

const text = process.env[SPEC_VARIABLE];
if (!text || !process.send) {
  process.stderr.write(`An agent is started by the engine, with ${SPEC_VARIABLE} and an IPC channel.\n`);
  process.exit(2);
}
// The console decides when an agent ends; a terminal's Ctrl+C reaches both and must not cut a flush short.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => process.disconnect?.());

try {
  await runAgent(JSON.parse(text) as AgentSpec, portToParent());
  process.exit(0);
} catch (error) {
  const report = toErrorReport(error);
  process.stderr.write(`${JSON.stringify(report)}\n`);
  process.exit(1);
}
