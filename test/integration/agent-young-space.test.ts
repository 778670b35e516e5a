// The space for young objects in an agent's process: it has a bound, however many of them survive for a while.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AGENT_FLAGS, createChildLauncher } from '../../core/agent/launch-child.ts';
import { createLab, type Lab } from '../support/agent-lab.ts';

let lab: Lab;

beforeEach(() => {
  lab = createLab();
});
afterEach(() => lab.close());

/** Objects that live for long enough to make V8 enlarge the space; prints its bytes. */
const survivors = `
  const ring = new Array(400000);
  for (let i = 0; i < 6e6; i++) ring[i % ring.length] = { i, at: [i] };
  const spaces = require('node:v8').getHeapSpaceStatistics();
  process.stdout.write(String(spaces.find(({ space_name }) => space_name === 'new_space').space_size));`;

it('stays below 20 MB with the flags of an agent, and an agent has them', async () => {
  const size = Number(execFileSync(process.execPath, [...AGENT_FLAGS, '-e', survivors], { encoding: 'utf8' }));
  expect(size).toBeGreaterThan(0);
  expect(size).toBeLessThan(20_000_000);
  if (process.platform !== 'linux') return;
  const entry = path.resolve(import.meta.dirname, '../../headless/agent.ts');
  const child = await createChildLauncher({ entry }).launch(lab.spec('SRV-1'));
  const line = fs.readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').split('\0');
  expect(line).toEqual(expect.arrayContaining([...AGENT_FLAGS]));
  await child.api.shutdown({});
  await child.exited;
});
