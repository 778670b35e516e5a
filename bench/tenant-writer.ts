// A writer of its own that commits so many small transactions a second to each of some databases until its input ends.
// Arguments: transactions a second and file, files.
import Database from 'better-sqlite3';

const [perSecond, ...files] = process.argv.slice(2) as [string, ...string[]];
const writers = files.map((file) => {
  const db = new Database(file);
  db.pragma('busy_timeout = 10000');
  db.pragma('synchronous = NORMAL');
  return db.prepare('UPDATE entries SET balance = balance + 1 WHERE id = ?');
});
let ended = false;
process.stdin.on('end', () => {
  ended = true;
});
process.stdin.resume();
process.stdout.write('writing\n');
for (let n = 0; !ended; n++) {
  writers[n % writers.length]?.run((n % 900) + 1);
  await new Promise((resolve) => setTimeout(resolve, 1000 / (Number(perSecond) * writers.length)));
}
process.exit(0);
