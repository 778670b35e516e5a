// Child of the memory test: backs up a database with a large file beside it and puts that file back, watching its own resident memory.
import fs from 'node:fs';
import path from 'node:path';
import { createDatabase, createLab } from '../support/agent-lab.ts';

const megabytes = Number(process.argv[2]);
const MiB = 1024 * 1024;
const lab = createLab();
let timer: NodeJS.Timeout | null = null;
try {
  const db = lab.path('data', 'directory.db');
  createDatabase(db, 20);
  fs.mkdirSync(lab.path('backups'));
  const large = lab.path('large.img');
  // Sparse but for a line in each MiB: no disk is filled by the test, and the pieces differ.
  const fd = fs.openSync(large, 'w');
  for (let at = 0; at < megabytes; at++) fs.writeSync(fd, `MiB ${at}`, at * MiB + 1000);
  fs.ftruncateSync(fd, megabytes * MiB);
  fs.closeSync(fd);
  fs.writeFileSync(lab.path('include'), large);
  const { api } = await lab.agent();
  await api.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
  const start = process.memoryUsage.rss();
  let peak = start;
  const watch = () => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  timer = setInterval(watch, 5);
  const file = lab.path('backups', 'x.bak');
  const log = lab.path('backups', 'log');
  const options = { type: 'full' as const, file, log, include: lab.path('include') };
  for await (const _ of await api.backup({ instance: 'Directory', options })) watch();
  const request = { file, security: false, included: true, folder: lab.path('back'), log };
  const { files } = await api.placeFiles(request);
  watch();
  const { size } = fs.statSync(files[0]?.path ?? '');
  process.stdout.write(JSON.stringify({ size, name: path.basename(files[0]?.path ?? ''), growth: peak - start }));
} finally {
  if (timer) clearInterval(timer);
  await lab.close();
}
