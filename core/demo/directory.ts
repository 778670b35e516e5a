// The demo lab's directory database: a made-up security system's configuration, written as any application would write it.
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';

const schema = `
CREATE TABLE entity (
  id INTEGER PRIMARY KEY,
  guid TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  parent INTEGER REFERENCES entity(id),
  state TEXT NOT NULL DEFAULT 'ok',
  fields TEXT NOT NULL DEFAULT '{}',
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL
);
CREATE INDEX entity_by_type ON entity(type, name);
CREATE INDEX entity_by_parent ON entity(parent);
CREATE TABLE membership (member INTEGER NOT NULL REFERENCES entity(id), container INTEGER NOT NULL REFERENCES entity(id), PRIMARY KEY (member, container)) WITHOUT ROWID;
CREATE TABLE audit (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, entity INTEGER NOT NULL REFERENCES entity(id), who TEXT NOT NULL, what TEXT NOT NULL, old TEXT, new TEXT);
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
`;

const firstNames =
  'Ada Ben Carla Deniz Emil Farah Goran Hana Ivo Jana Karim Lena Mateo Nadia Oskar Petra Quinn Rosa Samir Tara Umar Vera Wim Xenia Yara Zoe'.split(
    ' ',
  );
const lastNames =
  'Abel Brandt Costa Dubois Ekberg Fischer Greco Horvat Ivanov Jansen Kowal Lund Moreau Novak Okafor Pavlov Quist Rossi Schmidt Tanaka Urban Vidal Weber Xu Yilmaz Zeman'.split(
    ' ',
  );
const sites = ['North campus', 'South campus', 'Data centre', 'Warehouse', 'Headquarters'];

/** A small repeatable generator: the lab looks the same every time. */
function generator(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * bound);
  };
}

/** Creates the database with about `entities` rows; a file that is there already is left as it is. */
export function createDirectory(file: string, entities = 20_000): void {
  if (fs.existsSync(file)) return;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.creating`;
  fs.rmSync(temporary, { force: true });
  const database = new Database(temporary);
  database.pragma('journal_mode = WAL');
  database.exec(schema);
  const random = generator(20261120);
  const now = Date.now();
  let count = 0;
  const insert = database.prepare(
    'INSERT INTO entity (guid, type, name, description, parent, fields, created, modified) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const join = database.prepare('INSERT OR IGNORE INTO membership VALUES (?, ?)');
  database.transaction(() => {
    const areas: number[] = [];
    for (const site of sites) areas.push(add('Area', site, 'Site', null, {}));
    for (let index = 0; index < 195; index++)
      areas.push(
        add('Area', `Area ${index + 1}`, `Floor ${1 + (index % 9)}`, areas[index % sites.length]!, {
          floor: 1 + (index % 9),
        }),
      );
    for (let index = 0; index < 1800; index++)
      add('Door', `Door ${index + 1}`, 'Two readers, request to exit', areas[random(areas.length)]!, {
        unlock: 5,
        held: 30,
        reader: `R-${1000 + index}`,
      });
    const groups: number[] = [];
    for (let index = 0; index < 60; index++) groups.push(add('Cardholder group', `Group ${index + 1}`, '', null, {}));
    while (count < entities) {
      const person = add(
        'Cardholder',
        `${firstNames[random(firstNames.length)]} ${lastNames[random(lastNames.length)]}`,
        `Employee ${count}`,
        null,
        { card: 10_000_000 + random(89_999_999), phone: `+41 ${random(99)} ${random(999)} ${random(9999)}` },
      );
      join.run(person, groups[random(groups.length)]!);
    }
    database.prepare("INSERT INTO counter VALUES ('writes', 0)").run();
  })();
  database.close();
  fs.renameSync(temporary, file);

  function add(type: string, name: string, description: string, parent: number | null, fields: object): number {
    count++;
    const guid = [8, 4, 4, 4, 12]
      .map((length) => Array.from({ length }, () => random(16).toString(16)).join(''))
      .join('-');
    return Number(insert.run(guid, type, name, description, parent, JSON.stringify(fields), now, now).lastInsertRowid);
  }
}
