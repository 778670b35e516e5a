// Child of the memory test: streams made-up pages into a backup and out again, watching its own resident memory.
import path from 'node:path';
import { openBackup } from '../../core/backup/reader.ts';
import { writeBackup } from '../../core/backup/writer.ts';
import { newMasterKey } from '../../core/encryption/master-key.ts';
import { systemFiles } from '../../core/platform/files.ts';
import { releaseBuffer } from '../../core/platform/release-buffer.ts';
import { identity, makePage, options, sourceOf } from '../unit/backup-support.ts';

const [folder, megabytes] = [process.argv[2]!, Number(process.argv[3])];
// Derived before anything is measured: that takes 32 MiB, which are given back.
const encryption = process.argv[4] === 'encrypted' ? await newMasterKey('a password') : null;
const perBatch = 256;
const template = Buffer.concat(Array.from({ length: perBatch }, (_, i) => makePage(i + 1, 4096)));

let peak = 0;
const watch = () => {
  peak = Math.max(peak, process.memoryUsage.rss());
};
const source = sourceOf([], 4096, megabytes * perBatch);
source.handsOverBuffers = true;
source.batches = async function* () {
  for (let batch = 0; batch < megabytes; batch++) {
    const data = Buffer.allocUnsafeSlow(template.length);
    template.copy(data);
    data.writeUInt32LE(batch, 0);
    watch();
    yield { numbers: Uint32Array.from({ length: perBatch }, (_, i) => batch * perBatch + i + 1), data };
  }
  return { at: 'start', pageCount: megabytes * perBatch, consistentAt: 0, vector: [], currentLog: '00000001.log' };
};

const start = process.memoryUsage.rss();
const file = path.join(folder, `${megabytes}-${process.argv[4]}.bak`);
const written = await writeBackup(identity(), source, options(file, { encryption }), systemFiles);
let read = 0;
const backup = openBackup(file, systemFiles);
await backup.unlock({ candidates: async () => (encryption ? [encryption.key] : []) });
for await (const batch of backup.batches(new AbortController().signal)) {
  read += batch.data.length;
  watch();
  releaseBuffer(batch.data);
}
process.stdout.write(JSON.stringify({ written: written.bytesRead, read, growth: peak - start }));
