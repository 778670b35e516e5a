// Fails when code that runs in an agent's process opens files by a way that was not looked at. Closing any descriptor of a
// protected database drops every lock that the process holds on it (docs/technical/capture.md), and nothing would notice.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Folders whose code never shares a process with a protected database's connections. */
const ENGINE_ONLY = [
  'core/advice/',
  'core/catalog/',
  'core/contract/',
  'core/demo/',
  'core/drills/',
  'core/engine/',
  'core/failover/',
  'core/jobs/',
  'core/notify/',
  'core/retention/',
  'core/rpc/',
  'core/schedule/',
  'electron/',
  'headless/',
];

/** Files of the agent's process that open by path, and what they open instead of a protected database. */
const OPENS = {
  'core/agent/agent-lock.ts': 'agent.lock in its own root, and /proc',
  'core/agent/agent.ts': 'its own registry and port files in its root',
  'core/agent/bare-waiting.ts': 'waiting.json in a home',
  'core/agent/capture-hashes.ts': 'a -wal file, which carries no locks',
  'core/agent/file-services.ts': 'a probe file that it creates to test a folder',
  'core/agent/group-records.ts': 'files below groups/ in its own root',
  'core/agent/lease.ts': 'lease.json in its own root',
  'core/agent/open-agent.ts': 'agent.lock in its own root',
  'core/agent/page-index.ts': 'pages.idx in a home',
  'core/agent/page-index-changes.ts': 'pages.idx.changes in a home',
  'core/agent/other-files.ts': 'files to take along; asks first what is a protected database or its own',
  'core/agent/place-files.ts': 'files to put back; asks first what is a protected database or its own',
  'core/backup/backup-log.ts': 'backup logs, through the guard',
  'core/backup/block-places.ts': 'backup files that were recognised by their header',
  'core/backup/block-stream.ts': 'backup files that were recognised by their header',
  'core/backup/guarded-open.ts': 'backup files; asks the registry of owned files first',
  'core/backup/receive.ts': 'parts of backup sets that were recognised by their header',
  'core/backup/set-writer.ts': 'backup files that it creates',
  'core/encryption/definitions.ts': 'key files that it wrote itself',
  'core/platform/files.ts': 'temporary files that it creates, and folders',
  'core/platform/page-files.ts': "the files of the console's page",
  'core/platform/process-lock.ts': 'lock files and /proc',
  'core/restore/contingency.ts': 'the notes beside contingency copies',
  'core/restore/journal-file.ts': 'journal.json and set-journal.json in a home',
  'core/restore/set-work.ts': 'parts of backup sets that were recognised by their header',
  'core/rollforward/barrier-marks.ts': 'barriers.marks beside roll-forward logs',
  'core/rollforward/log-scan.ts': 'roll-forward logs, recognised by their header',
  'core/rollforward/log-writer.ts': 'roll-forward logs, recognised by their header',
  'core/sqlite/library-version.ts': 'programs and libraries that are mapped as code; asks the registry first',
  'core/sqlite/closed-file.ts': 'files that nobody owns; asks the registry first',
  'core/sqlite/fence.ts': 'the -wal file, which carries no locks',
  'core/sqlite/mounts.ts': '/proc',
  'core/sqlite/open-file.ts': 'the one descriptor of an owned file',
  'core/sqlite/page-file.ts': 'private files; asks the registry first',
  'core/sqlite/probe.ts': 'files that nobody owns; asks the registry first',
  'core/sqlite/read-marks.ts': '/proc/self/mem',
  'core/sqlite/wal-file.ts': 'the -wal file, which carries no locks',
};

/** Who may load the SQLite library, and for which databases. */
const LOADS_SQLITE = {
  'core/agent/agent.ts': 'asks for the version of the library',
  'core/agent/state-store.ts': "state.db, the agent's own",
  'core/catalog/open-catalog.ts': "the engine's own catalogue",
  'core/demo/client.ts': 'a process of its own: the demo client',
  'core/demo/directory.ts': 'creates the demo database before any agent runs',
  'core/sqlite/connections.ts': 'the owner of protected files',
  'core/sqlite/integrity.ts': 'private files; asks the registry first',
  'core/sqlite/measure.ts': 'restored copies; asks the registry first',
};

const OPENER = /\b(openSync|openAsBlob|readFileSync|createReadStream|createWriteStream|copyFileSync|cpSync)\(/;
const PROMISES = /from '(node:)?fs\/promises'|\bfs\.promises\b/;
const SQLITE = /(?:^import (?!type\b).* from|resolve\(|require\(|import\()\s*\(?'better-sqlite3'/m;

export function findings(file, text) {
  const found = [];
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  if (/'node:sqlite'/.test(code))
    found.push('uses node:sqlite: a second SQLite library in one process breaks the locks of the first');
  if (SQLITE.test(code) && !(file in LOADS_SQLITE))
    found.push('loads better-sqlite3 outside the modules that own a database');
  if (ENGINE_ONLY.some((folder) => file.startsWith(folder))) return found;
  const opener = OPENER.exec(code)?.[1] ?? (PROMISES.test(code) ? 'fs/promises' : null);
  if (opener && !(file in OPENS))
    found.push(`opens files by path (${opener}) and is not on the list of those that may`);
  return found;
}

function sources(folder) {
  return readdirSync(path.join(root, folder), { recursive: true })
    .map((name) => `${folder}/${String(name).replaceAll(path.sep, '/')}`)
    .filter((name) => /\.(ts|tsx|mts|mjs|js)$/.test(name));
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const lines = ['core', 'electron', 'headless']
    .flatMap(sources)
    .flatMap((file) => findings(file, readFileSync(path.join(root, file), 'utf8')).map((text) => `${file}: ${text}`));
  for (const line of lines) console.error(line);
  if (lines.length > 0) {
    console.error(
      '\nLook at what each opens. If it can never be a protected database, add it to scripts/check-protected-reads.mjs with the reason.',
    );
    process.exit(1);
  }
}
