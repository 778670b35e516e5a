// A thread that compares pages with the hashes of the last backup.
import { parentPort, workerData } from 'node:worker_threads';
import { toErrorReport } from '../contract/errors.ts';
import type { Answered } from '../platform/asked-thread.ts';
import type { PageBatch } from '../sqlite/types.ts';
import type { CompareData, CompareTask } from './changed-pages.ts';
import { DifferingPages } from './differing-pages.ts';

const { base, pageCount, pageSize } = workerData as CompareData;
const pages = new DifferingPages({ pageCount, bytes: Buffer.from(base) }, pageSize);

function say(said: Answered<PageBatch | null>): void {
  const batch = 'answer' in said ? said.answer : null;
  parentPort?.postMessage(said, batch ? [batch.data.buffer as ArrayBuffer] : []);
}

parentPort?.on('message', (task: CompareTask | 'close') => {
  if (task === 'close') {
    parentPort?.close();
    return;
  }
  const { numbers, data, again } = task;
  try {
    say({ answer: pages.of({ numbers, data: Buffer.from(data) }, again) });
  } catch (error) {
    say({ error: toErrorReport(error) });
  }
  // What came over is this thread's; the next one is on its way.
  data.transfer(0);
});
say({ answer: null });
