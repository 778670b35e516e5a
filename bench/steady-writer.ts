// A writer of its own that commits so many small transactions a second until its input ends; then says how long they took.
// Arguments: file, transactions a second, and `moments` for when each was made.
import Database from 'better-sqlite3';

const [file, perSecond] = [process.argv[2]!, Number(process.argv[3])];
const db = new Database(file);
db.pragma('busy_timeout = 10000');
db.pragma('synchronous = NORMAL');
const last = Number(db.prepare('select max(id) from entries').pluck().get());
const update = db.prepare('update entries set balance = balance + 1 where id = ?');
const took: number[] = [];
const moments: number[] | null = process.argv[4] === 'moments' ? [] : null;
let ended = false;
process.stdin.on('end', () => {
  ended = true;
});
process.stdin.resume();
process.stdout.write('writing\n');
const start = performance.now();
const used = process.cpuUsage();
while (!ended) {
  // What is late is not made up for in a burst: each commit waits for its own moment or follows at once.
  const due = start + (took.length / perSecond) * 1000;
  const early = due - performance.now();
  if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
  else if (took.length % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  const from = performance.now();
  update.run(((took.length * 7919) % last) + 1);
  const done = performance.now();
  took.push(done - from);
  moments?.push(performance.timeOrigin + done);
}
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(used);
took.sort((a, b) => a - b);
const at = (share: number) => took[Math.floor(took.length * share)] ?? 0;
process.stdout.write(
  JSON.stringify({
    p50: at(0.5),
    p99: at(0.99),
    max: took.at(-1),
    perSecond: took.length / seconds,
    processorUs: (user + system) / took.length,
    ...(moments && { moments }),
  }),
);
db.close();
