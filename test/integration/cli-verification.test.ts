// restore --peers: data that other servers are ahead of is not activated, and restadv decides what becomes of it.
import fs from 'node:fs';
import { expect, it } from 'vitest';
import { chinookFolder, digest, holdfast, holdfastJson, sqlite3 } from '../support/command-line.ts';

const SERVER = '\\T=LONE_RANGER\\O=novell\\CN=CHIP';
const REPLICA = '\\T=LONE_RANGER\\O=novell';

/** A backup of Chinook, then a change, and what a server holds that saw more. */
async function prepare() {
  const { db, at } = chinookFolder();
  const log = ['-l', at('log')];
  await holdfast(['backup', db, '-f', at('full.bak'), ...log]);
  const vector = (await holdfastJson(['header', at('full.bak')])).json.vector as string[];
  sqlite3(db, "UPDATE Genre SET Name = 'newer' WHERE GenreId = 1");
  const own = vector[0] as string;
  const ahead = ['s3D35F370 r01 e001', 's3D35F3C4 r02 e002', 's3D35F363 r03 e001'];
  const peers = (list: unknown) => {
    fs.writeFileSync(at('peers.json'), JSON.stringify(list));
    return ['restore', '-f', at('full.bak'), ...log, '--to', db, '-r', '-a', '-o', '-k', '--peers', at('peers.json')];
  };
  return { db, at, log, own, ahead, peers };
}

it('fails with -6034 and the table of both vectors, the old database untouched; restadv activates', async () => {
  const { db, at, log, own, ahead, peers } = await prepare();
  const before = digest(db);
  const restore = peers([{ server: SERVER, replica: REPLICA, vector: ahead }]);
  const failed = await holdfastJson(restore);
  expect(failed.code).toBe(1);
  const row = (number: number, local: string | null, remote: string, status: string) =>
    expect.objectContaining({ number, local, remote, status });
  expect(failed.json).toMatchObject({
    ok: false,
    code: -6034,
    name: 'VERIFICATION_BEHIND',
    message: expect.stringContaining(SERVER),
    hint: expect.stringContaining(`restadv --to ${db}`),
    steps: ['done', 'done', 'done', 'done', 'done', 'failed', 'waiting'].map((status, index) => ({
      step: index + 1,
      status,
    })),
    activated: false,
    lastCommit: own,
    verify: {
      status: 'behind',
      integrity: 'ok',
      servers: [
        {
          server: SERVER,
          replica: REPLICA,
          status: 'behind',
          replicas: [
            row(1, own, 's3D35F370 r01 e001', 'ahead'),
            row(2, null, 's3D35F3C4 r02 e002', 'behind'),
            row(3, null, 's3D35F363 r03 e001', 'behind'),
          ],
        },
      ],
    },
  });
  expect(digest(db)).toBe(before);

  const person = await holdfast(restore);
  expect(person.code).toBe(1);
  const lines = person.stdout.split('\n').map((line) => line.trimEnd());
  expect(lines).toContain(
    '  1. Accept the loss. Activates the restored set as it is. Lost: at least 3 commits, everything of a replica.',
  );
  expect(lines.slice(0, lines.indexOf('Missing:'))).toEqual([
    `Server: ${SERVER}`,
    `   Replica: ${REPLICA}`,
    '      Status: ERROR = -6034',
    '         Local TV             Remote TV',
    `         ${own}   s3D35F370 r01 e001`,
    '         -                    s3D35F3C4 r02 e002',
    '         -                    s3D35F363 r03 e001',
  ]);
  expect(person.stderr).toMatch(/VERIFICATION_BEHIND \(-6034\)/);
  expect(fs.readFileSync(at('log'), 'utf8')).toContain('Restore failed, error -6034');
  expect(digest(db)).toBe(before);
  expect(sqlite3(db, 'SELECT Name FROM Genre WHERE GenreId = 1')).toBe('newer');

  expect(await holdfastJson(['restadv', '--to', db, ...log, '-o', '-k'])).toMatchObject({
    code: 3,
    json: { name: 'CONFIRMATION_REQUIRED' },
  });
  expect(digest(db)).toBe(before);
  const activated = await holdfastJson(['restadv', '--to', db, ...log, '-v', '-o', '-k']);
  expect(activated.json, activated.stderr).toMatchObject({ ok: true, action: 'activate' });
  expect(
    sqlite3(db, "SELECT Name FROM Genre WHERE GenreId = 1; UPDATE Genre SET Name = 'mine' WHERE GenreId = 1"),
  ).toBe('Rock');
  expect(fs.existsSync(activated.json.contingency as string)).toBe(true);
}, 120_000);

it('restadv -m deletes the set that waits', async () => {
  const { db, at, log, ahead, peers } = await prepare();
  await holdfastJson(peers([{ server: SERVER, replica: REPLICA, vector: ahead }]));
  const staging = at('.holdfast/chinook.sqlite/staging');
  expect(fs.readdirSync(staging)).toEqual(['chinook.sqlite.rst']);
  const before = digest(db);
  expect(await holdfastJson(['restadv', '--to', db, ...log, '-m'])).toMatchObject({
    code: 0,
    json: { action: 'delete' },
  });
  expect(fs.readdirSync(staging)).toEqual([]);
  expect(digest(db)).toBe(before);
  expect(await holdfastJson(['restadv', '--to', db, ...log, '-m'])).toMatchObject({
    code: 3,
    json: { name: 'NO_RST' },
  });
}, 120_000);

it('activates when the servers hold nothing more, and with -v or -n when they do', async () => {
  const { db, own, ahead, peers } = await prepare();
  const good = await holdfastJson(peers([{ server: 'SRV-2', replica: REPLICA, vector: [own] }]));
  expect(good.json).toMatchObject({
    ok: true,
    activated: true,
    verify: {
      status: 'ok',
      code: 0,
      servers: [{ status: 'ok', replicas: [{ number: 1, local: own, remote: own, status: 'equal' }] }],
    },
  });
  expect(sqlite3(db, 'SELECT Name FROM Genre WHERE GenreId = 1')).toBe('Rock');
  const behind = peers([{ server: SERVER, replica: REPLICA, vector: ahead }]);
  expect((await holdfastJson([...behind, '-v'])).json).toMatchObject({ ok: true, verify: { status: 'overridden' } });
  expect((await holdfastJson([...behind, '-n'])).json).toMatchObject({ ok: true, verify: { status: 'skipped' } });
  const away = await holdfastJson(peers([{ server: 'SRV-3', replica: REPLICA, vector: null }]));
  expect(away).toMatchObject({
    code: 1,
    json: { code: -7034, verify: { servers: [{ status: 'unreachable', replicas: [] }] } },
  });
}, 120_000);
