// npm run soak: outside programs commit for half an hour while a real engine backs up, drills and clears; the report goes to out/soak.
// HOLDFAST_SOAK_SECONDS sets how long, HOLDFAST_SOAK_RATE how many commits a second.
import path from 'node:path';
import { nodeBinary, root, run } from './runtime.mjs';

process.exit(
  await run(nodeBinary(), [path.join(root, 'test', 'support', 'soak-child.ts')], { forward: ['SIGINT', 'SIGTERM'] }),
);
