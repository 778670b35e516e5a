// The field's own example of a failed verification, from its own numbers, through a real restore: r02 and r04 behind, four equal,
// -6034, and the old set active again.
import fs from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeBackup } from '../../core/backup/writer.ts';
import type { Vector } from '../../core/contract/common.ts';
import { systemFiles } from '../../core/platform/files.ts';
import { formatStamp, parseStamp } from '../../core/vectors/stamp.ts';
import { createDatabase, createLab, type Lab, restore, sql } from '../support/agent-lab.ts';
import { identity, options } from '../unit/backup-support.ts';

const SERVER = '\\T=LONE_RANGER\\O=novell\\CN=CHIP';
const REPLICA = '\\T=LONE_RANGER\\O=novell';
/** As printed: local, remote. */
const table = [
  ['s3D35F377 r02 e002', 's3D35F3C4 r02 e002'],
  ['s3D35F370 r01 e001', 's3D35F370 r01 e001'],
  ['s3D35F363 r03 e001', 's3D35F363 r03 e001'],
  ['s3D35F31E r04 e004', 's3D35F372 r04 e002'],
  ['s3D35F2EE r05 e001', 's3D35F2EE r05 e001'],
  ['s3D35F365 r06 e003', 's3D35F365 r06 e003'],
] as const;
const column = (index: 0 | 1): Vector =>
  table.map((row) => parseStamp(row[index])).sort((a, b) => a.replica - b.replica);

let lab: Lab;
beforeEach(() => {
  lab = createLab();
});
afterEach(() => lab.close());

/** A full backup of a SQLite file whose header holds the vector of the example. */
async function backupWith(vector: Vector, source: string, file: string): Promise<void> {
  const bytes = fs.readFileSync(source);
  const pageSize = bytes.readUInt16BE(16);
  const pageCount = bytes.length / pageSize;
  const pages = {
    pageSize,
    expectedPages: pageCount,
    async *batches() {
      yield { numbers: Uint32Array.from({ length: pageCount }, (_, index) => index + 1), data: Buffer.from(bytes) };
      return {
        at: 'start' as const,
        pageCount,
        consistentAt: Date.UTC(2002, 6, 17, 22, 45, 11),
        vector,
        currentLog: '00000001.log',
      };
    },
  };
  await writeBackup(identity(), pages, options(file), systemFiles);
}

it('is reproduced exactly', async () => {
  const db = lab.path('directory.db');
  createDatabase(db, 20);
  const old = lab.path('old.db');
  sql(
    old,
    "CREATE TABLE entry (id INTEGER PRIMARY KEY, name TEXT NOT NULL, body BLOB); INSERT INTO entry VALUES (1, 'restored', NULL)",
  );
  fs.mkdirSync(lab.path('bak'));
  await backupWith(column(0), old, lab.path('bak', 'full.bak'));
  const { api } = await lab.agent();
  await api.protect({ instance: 'Directory', path: db, replica: 1, logging: false });
  const peers = [{ server: SERVER, replica: REPLICA, vector: column(1) }];
  const run = await restore(api, 'Directory', { file: lab.path('bak', 'full.bak'), peers });

  expect(run.error).toMatchObject({ name: 'VERIFICATION_BEHIND', code: -6034 });
  const [server] = run.view.verification.servers;
  const rows = server?.rows.map(({ replica, local, remote, status }) => [
    replica,
    local && formatStamp(local),
    remote && formatStamp(remote),
    status,
  ]);
  expect(rows).toEqual([
    [1, 's3D35F370 r01 e001', 's3D35F370 r01 e001', 'equal'],
    [2, 's3D35F377 r02 e002', 's3D35F3C4 r02 e002', 'behind'],
    [3, 's3D35F363 r03 e001', 's3D35F363 r03 e001', 'equal'],
    [4, 's3D35F31E r04 e004', 's3D35F372 r04 e002', 'behind'],
    [5, 's3D35F2EE r05 e001', 's3D35F2EE r05 e001', 'equal'],
    [6, 's3D35F365 r06 e003', 's3D35F365 r06 e003', 'equal'],
  ]);
  // 0x3C4 − 0x377, and 0x372 − 0x31E.
  expect(server?.rows.map((row) => row.behindSec)).toEqual([0, 77, 0, 84, 0, 0]);

  const log = fs.readFileSync(lab.path('bak', 'restore.log'), 'utf8');
  expect(log).toContain(`Server: ${SERVER}\n   Replica: ${REPLICA}\n      Status: ERROR = -6034\n`);
  expect(log).toContain('         Local TV             Remote TV\n');
  for (const [local, remote] of table) expect(log).toContain(`         ${local}   ${remote}\n`);
  expect(log.trimEnd().split('\n').at(-1)).toBe('Restore failed, error -6034');

  // NDS is active again; the restored set waits.
  expect(run.view.nds.state).toBe('active');
  const [status] = (await api.status({})).instances;
  expect(status).toMatchObject({ state: 'Online', writable: true, hasRst: true });
  expect(sql(db, "INSERT INTO entry (name) VALUES ('goes on'); SELECT count(*) FROM entry")).toBe('21');
});
