// The database that is measured: made-up directory entries with names, text, numbers and some photos; compresses about 2.5 times.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';

/** Changes when the content does, so that an older file is not taken for it. */
const RECIPE = 4;

const given =
  'Ada Ben Cara Dilan Eva Finn Greta Hasan Ines Jonas Kira Liam Mara Noah Olga Paul Rosa Sami Tara Uwe'.split(' ');
const family = 'Albers Brandt Costa Dumas Ekdahl Ferrari Gruber Hansen Ivanov Jensen Keller Lopez Meyer Novak'.split(
  ' ',
);
const words =
  'access account active agent archive audit backup branch building card change clerk contract customer delivery desk door entry field floor group guard guest hall identity keeper ledger level manager member notice office order owner partner permit person phone place plan point policy project record region replica report role room rule schedule sector server service shift site stock store supply system team term ticket unit user visitor warehouse zone'.split(
    ' ',
  );

/** Path of a database of about `megabytes`, made once and kept in the temporary folder. In WAL mode, fully copied back. */
export function dataFile(megabytes: number): string {
  const file = path.join(os.tmpdir(), `holdfast-bench-${RECIPE}-${megabytes}.db`);
  if (fs.existsSync(file)) return file;
  const unfinished = `${file}.new`;
  for (const suffix of ['', '-wal', '-shm']) fs.rmSync(unfinished + suffix, { force: true });
  const db = new Database(unfinished);
  db.pragma('page_size = 4096');
  db.pragma('journal_mode = OFF');
  db.pragma('synchronous = OFF');
  db.exec(`create table entries (
    id integer primary key, dn text not null, given text, family text, mail text, phone text, created integer,
    balance real, description text, photo blob);
    create index entries_by_family on entries (family, given);
    create index entries_by_mail on entries (mail);`);
  const insert = db.prepare('insert into entries values (?,?,?,?,?,?,?,?,?,?)');
  const random = generator(megabytes);
  const pick = <T>(list: T[]): T => list[random() % list.length]!;
  for (let id = 1; ; ) {
    db.exec('begin');
    for (const last = id + 5000; id < last; id++) {
      const [g, f] = [pick(given), pick(family)];
      const text = Array.from({ length: 30 + (random() % 50) }, () => pick(words)).join(' ');
      const photo = id % 6 === 0 ? noise(200 + (random() % 900), random) : null;
      const dn = `cn=${g}.${f}.${id},ou=${pick(words)},ou=${pick(words)},o=example`;
      const mail = `${g}.${f}${id}@${pick(words)}.example`.toLowerCase();
      const phone = `+49 ${random() % 1000} ${random() % 10_000_000}`;
      insert.run(id, dn, g, f, mail, phone, 1_700_000_000 + (random() % 50_000_000), random() / 1000, text, photo);
    }
    db.exec('commit');
    if (fs.statSync(unfinished).size >= megabytes * 1e6) break;
  }
  db.pragma('journal_mode = WAL');
  db.close();
  fs.renameSync(unfinished, file);
  return file;
}

/** Changes rows all over the file until about `share` of its pages have changed, in many small transactions. */
export function changePages(file: string, share: number): void {
  const db = new Database(file);
  db.pragma('busy_timeout = 10000');
  const pages = Number(db.pragma('page_count', { simple: true }));
  const last = Number(db.prepare('select max(id) from entries').pluck().get());
  const update = db.prepare('update entries set balance = balance + 1 where id = ?');
  const rows = Math.max(1, Math.floor(pages * share));
  const step = last / rows;
  for (let row = 0; row < rows; ) {
    db.exec('begin immediate');
    for (let n = 0; n < 50 && row < rows; n++, row++) update.run(Math.floor(row * step) + 1);
    db.exec('commit');
  }
  db.close();
}

/** `changePages` in a process of its own, as another program would write. */
export function changePagesElsewhere(file: string, share: number): void {
  execFileSync(process.execPath, [path.join(import.meta.dirname, 'change-pages.ts'), file, String(share)]);
}

/** xorshift32: the same file every time. */
function generator(seed: number): () => number {
  let state = seed * 2_654_435_761 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function noise(length: number, random: () => number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at++) bytes[at] = random() >>> 11;
  return bytes;
}
