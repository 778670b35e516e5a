// Between backups: a restore to a time goes to a moment at which no file had a writer, so that the files fit one another.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemFiles } from '../../core/platform/files.ts';
import { appendMark, lastMark } from '../../core/rollforward/barrier-marks.ts';
import { backup, collect, createLab, type Lab } from '../support/agent-lab.ts';
import { createPair, leads, type PairWriter, restoredPair, startPairWriter } from '../support/pair-lab.ts';

let lab: Lab;
const writers: PairWriter[] = [];

beforeEach(() => {
  lab = createLab();
  fs.mkdirSync(lab.path('bak'));
});
afterEach(async () => {
  await Promise.all(writers.splice(0).map((one) => one.stop()));
  await lab.close();
});

it('restores both files to the last moment of both before the wanted time', async () => {
  const pair = createPair(lab);
  const { api } = await lab.agent();
  await api.protect({
    ...{ instance: 'Directory', path: pair.first, replica: 1, logging: true, backendId: 'userRoot' },
    backends: [{ id: 'schema', path: pair.second }],
  });
  for (const [lane, pause] of [2, 5].entries()) writers.push(await startPairWriter(pair, lane, pause));
  const full = lab.path('bak', 'f.bak');
  const { consistentAt } = await backup(api, 'Directory', { file: full });
  const { backends, logging } = (await api.status({})).instances[0]!;
  const marks = path.join(logging.directory, 'barriers.marks');
  const count = () => (fs.existsSync(marks) ? fs.readFileSync(marks, 'utf8').split('\n').filter(Boolean).length : 0);
  await expect.poll(count, { timeout: 20_000 }).toBeGreaterThan(2);
  const until = Date.now();
  await expect.poll(count, { timeout: 20_000 }).toBeGreaterThan(3);
  await Promise.all(writers.splice(0).map((one) => one.stop()));
  await api.captureNow({ instance: 'Directory' });

  const mark = lastMark(logging.directory, consistentAt, until, systemFiles)!;
  const into = restoredPair(lab, 'then');
  const run = await collect(
    await api.restoreToFile({
      path: into.first,
      options: {
        file: full,
        log: lab.path('bak', 'restore.log'),
        logFolder: logging.directory,
        until,
        backends: [{ id: 'schema', path: into.second, logFolder: backends![1]!.logging.directory }],
      },
    }),
  );
  expect(run.error).toBeNull();
  expect(run.result?.lastCommit).toEqual(mark.last.userRoot);
  const found = leads(into);
  expect(found.length).toBe(2);
  expect(
    found.every((lead) => lead === 0 || lead === 1),
    `leads ${found}`,
  ).toBe(true);
});

it('passes over a torn mark and finds none outside the wanted span', () => {
  const folder = lab.path('marks');
  fs.mkdirSync(folder);
  const last = { userRoot: { replica: 1, sec: 5, event: 1, seq: 7 }, schema: null };
  for (const at of [1000, 2000, 3000]) appendMark(folder, { at, last }, systemFiles);
  const file = path.join(folder, 'barriers.marks');
  fs.appendFileSync(file, '\n{"at":3500,"last":{"userRoot":{"repl');
  appendMark(folder, { at: 4000, last }, systemFiles);
  const at = (from: number, until: number) => lastMark(folder, from, until, systemFiles)?.at ?? null;
  expect([at(0, 999), at(0, 2500), at(0, 3600), at(0, 9000), at(2001, 2500)]).toEqual([null, 2000, 3000, 4000, null]);
  fs.renameSync(file, `${file}.old`);
  appendMark(folder, { at: 5000, last }, systemFiles);
  expect([at(0, 4500), at(0, 6000)]).toEqual([4000, 5000]);
});
