// An agent process that ends itself by SIGKILL at the point that HOLDFAST_CRASH_AT names.
import { SPEC_VARIABLE } from '../../core/agent/launch-child.ts';
import { runAgent } from '../../core/agent/run-agent.ts';
import type { AgentSpec } from '../../core/agent/types.ts';
import { portToParent } from '../../core/rpc/ports.ts';

const spec = JSON.parse(process.env[SPEC_VARIABLE] ?? 'null') as AgentSpec;
const point = process.env.HOLDFAST_CRASH_AT;
await runAgent(spec, portToParent(), {
  at(name) {
    if (name === point) process.kill(process.pid, 'SIGKILL');
  },
});
process.exit(0);
