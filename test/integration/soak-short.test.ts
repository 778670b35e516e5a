// The short form of `npm run soak`: a few seconds of everything at once. What only half an hour can show is left to the long form.
import { expect, test } from 'vitest';
import { runSoak } from '../support/soak.ts';

const seconds = Number(process.env.HOLDFAST_SOAK_SECONDS ?? 15);

test(`${seconds} s of commits with backups, drills, retention and logs that go`, async () => {
  const report = await runSoak({ seconds, rate: 300, say: () => {} });
  const said = JSON.stringify(report, null, 1);
  // Latency and rate are those of the machine as much as of Holdfast, and logs and backups go only after several fulls: the long form judges them.
  const shape = report.problems.filter((problem) => !/^(p99Ms|logsMaxMB|backupsMaxMB)|commits a second/.test(problem));
  expect(shape, said).toEqual([]);
  const { fulls, incrementals, drills, clearings } = report.counts;
  expect(incrementals, said).toBeGreaterThan(0);
  expect(fulls, 'a full only when one was asked for').toBe(1 + Math.floor((fulls - 1 + incrementals) / 5));
  expect(Math.min(drills, clearings), said).toBeGreaterThan(0);
  expect(report.last.shippedPerChanged, said).toBeLessThan(1.5);
  expect(report.last.walMaxMB, said).toBeLessThan(64);
}, 240_000);
