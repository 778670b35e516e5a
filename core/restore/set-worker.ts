// A thread that writes and reads back pages of a set; it does one task after another and answers each.
import { parentPort, workerData } from 'node:worker_threads';
import { toErrorReport } from '../contract/errors.ts';
import { blockCipherOf } from '../encryption/block-cipher.ts';
import type { Answered } from '../platform/asked-thread.ts';
import { systemFiles } from '../platform/files.ts';
import type { CrewData } from './set-crew.ts';
import { type SetTask, SetWork } from './set-work.ts';

const { plan, ciphers } = workerData as CrewData;
// Buffers arrive as plain arrays of bytes.
const blocks = plan.blocks.map((block) => ({ ...block, head: Buffer.from(block.head), list: Buffer.from(block.list) }));
const work = new SetWork(
  { ...plan, blocks },
  ciphers.map((cipher) => cipher && blockCipherOf(cipher.record, cipher.keys)),
  systemFiles,
);
const say = (said: Answered<number>) => parentPort?.postMessage(said);

parentPort?.on('message', (task: SetTask | 'close') => {
  if (task === 'close') {
    work.close();
    parentPort?.close();
    return;
  }
  try {
    say({ answer: work.carryOut(task) });
  } catch (error) {
    say({ error: toErrorReport(error) });
  }
});
say({ answer: 0 });
