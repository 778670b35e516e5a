// The guided recovery on the command line: the list after -6034, restadv --recover, the command that it prints; --wait for a silent server.
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { chinookFolder, holdfast, holdfastJson, sqlite3, start } from '../support/command-line.ts';

/** A full, a change, an incremental that was moved away; the file says that another server holds what is in it. */
async function prepare() {
  const { db, at } = chinookFolder();
  const log = ['-l', at('log')];
  await holdfast(['backup', db, '-f', at('full.bak'), ...log]);
  sqlite3(db, "UPDATE Genre SET Name = 'newer' WHERE GenreId = 1");
  await holdfast(['backup', db, '-f', at('inc.bak'), '-i', ...log]);
  const { vector } = (await holdfastJson(['header', at('inc.bak')])).json;
  const moved = at('moved');
  fs.mkdirSync(moved);
  fs.renameSync(at('inc.bak'), path.join(moved, 'inc.bak'));
  const tell = (held: unknown) =>
    fs.writeFileSync(at('peers.json'), JSON.stringify([{ server: 'SRV-2', replica: 'Directory', vector: held }]));
  sqlite3(db, "UPDATE Genre SET Name = 'newest' WHERE GenreId = 1");
  const restore = [
    'restore',
    '-f',
    at('full.bak'),
    ...log,
    '--to',
    db,
    '-r',
    '-a',
    '-o',
    '-k',
    '--peers',
    at('peers.json'),
  ];
  return { db, log, moved, vector, tell, restore, peers: at('peers.json') };
}

const genre = (db: string) => sqlite3(db, 'SELECT Name FROM Genre WHERE GenreId = 1');

it('lists what is missing and runs again with the incremental that is found', async () => {
  const { db, log, moved, vector, tell, restore, peers } = await prepare();
  tell(vector);
  const failed = await holdfastJson(restore);
  expect(failed.json).toMatchObject({
    ok: false,
    code: -6034,
    recovery: {
      status: 'behind',
      ways: [{ kind: 'accept' }],
      missing: [{ replica: 1, heldBy: ['SRV-2'], commits: 1 }],
    },
  });
  expect(genre(db)).toBe('newest');
  const found = await holdfast(['restadv', '--to', db, ...log, '--recover', '--folder', moved]);
  expect(found.stdout).toContain(`1. Run again with the complete set. Found: inc.bak in ${moved}`);
  expect(found.stdout).toContain('2. Accept the loss');
  const command = found.stdout
    .split('\n')
    .find((line) => line.trim().startsWith('holdfast restore'))!
    .trim()
    .split(' ');
  const again = await holdfast(command.slice(1).map((word) => (word === 'peer.json' ? peers : word)));
  expect(again.code, again.stderr).toBe(0);
  expect(again.stdout).toContain('verification   ok');
  expect(genre(db)).toBe('newer');
});

it('waits for a server whose vector is written into the file later', async () => {
  const { db, tell, restore } = await prepare();
  tell(null);
  const running = start([...restore, '--wait', '5m']);
  await expect
    .poll(() => fs.existsSync(path.join(path.dirname(db), '.holdfast')) && JSON.stringify(findJournal(db)), {
      timeout: 60_000,
    })
    .toContain('unreachable');
  tell(['s00000001 r01 e001']);
  const { code, stdout, stderr } = await running.ended;
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('verification   ok');
});

function findJournal(db: string): unknown {
  const homes = path.join(path.dirname(db), '.holdfast');
  const journals = fs.readdirSync(homes).map((name) => path.join(homes, name, 'journal.json'));
  return journals.filter((file) => fs.existsSync(file)).map((file) => fs.readFileSync(file, 'utf8'));
}
