// npm run prove:restore-3gb: a restore of a 3 GB database in which each figure of the progress, the time left and each cancel is judged.
import { runTool } from './runtime.mjs';

process.env.HOLDFAST_RESTORE_MB ??= '3000';
process.exit(await runTool('vitest', ['run', 'test/integration/restore-progress.test.ts']));
