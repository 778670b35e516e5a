// An agent in a process of its own that ends itself by SIGKILL before the n-th call of the file system (`files:N`), or at a point of the
// barrier (`locked`, `released`, `copied`, `beginning`) or while one reader relieves another (`relieving`, `relieved`). Arguments: spec as JSON, the point. A line on its input arms it; the end of
// its input ends it in order.
import { createInterface } from 'node:readline';
import { Agent } from '../../core/agent/agent.ts';
import type { AgentSpec } from '../../core/agent/types.ts';
import { systemClock } from '../../core/platform/clock.ts';
import { Connections } from '../../core/sqlite/connections.ts';
import { faultyFiles } from './faulty-files.ts';

const [specText = '', point = ''] = process.argv.slice(2);
const die = () => process.kill(process.pid, 'SIGKILL');
const faulty = faultyFiles();
let armed = false;
let barrier = false;
const { lockWrites, checkpoint, beginRead, beginRelief, endRelief } = Connections.prototype;
Connections.prototype.lockWrites = function (timeoutMs) {
  const locked = lockWrites.call(this, timeoutMs);
  barrier = locked;
  if (armed && locked && point === 'locked') die();
  return locked;
};
Connections.prototype.checkpoint = function () {
  // The reader has let go, the write lock is held.
  if (armed && point === 'released') die();
  const gauge = checkpoint.call(this);
  if (armed && point === 'copied') die();
  return gauge;
};
Connections.prototype.beginRead = function () {
  if (armed && barrier && point === 'beginning') die();
  beginRead.call(this);
};
Connections.prototype.beginRelief = function () {
  const begun = beginRelief.call(this);
  if (armed && point === 'relieving') die();
  return begun;
};
Connections.prototype.endRelief = function (takeOver) {
  endRelief.call(this, takeOver);
  if (armed && takeOver && point === 'relieved') die();
};

const agent = await Agent.start(JSON.parse(specText) as AgentSpec, { files: faulty.files, clock: systemClock });
const { state, fullRequired, outOfSync } = agent.status().instances[0]!;
process.stdout.write(`${JSON.stringify({ state, fullRequired, outOfSync })}\n`);
const input = createInterface({ input: process.stdin });
input.on('line', () => {
  armed = true;
  const [kind, nth] = point.split(':');
  const logs = (_call: string, file: string) => /nds\.rfl|state|pages|capture/.test(file);
  if (kind === 'files') faulty.arm({ nth: Number(nth), mode: 'once', instead: die }, logs);
});
input.on('close', () => {
  void agent.stop().then(() => process.exit(0));
});
