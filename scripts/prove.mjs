// npm run prove:…: the long form of a test whose short form runs with npm test; HOLDFAST_RUNS overrides how many rounds.
import { runTool } from './runtime.mjs';

const [test] = process.argv.slice(2);
process.env.HOLDFAST_RUNS ??= '200';
process.exit(await runTool('vitest', ['run', `test/integration/${test}.test.ts`]));
