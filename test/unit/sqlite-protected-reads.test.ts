import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

/** Runs the script's own function in plain Node, as the check does. */
function findings(file: string, text: string): string[] {
  const script = pathToFileURL(path.resolve('scripts/check-protected-reads.mjs')).href;
  const code = `import { findings } from '${script}'; console.log(JSON.stringify(findings(...JSON.parse(process.argv[1]))))`;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', code, JSON.stringify([file, text])]);
  return JSON.parse(out.toString());
}

test('an opener in the agent is found, one in the engine is not, a comment is none', () => {
  expect(findings('core/backup/new.ts', "const fd = files.openSync(path, 'r');")).toEqual([
    expect.stringMatching(/opens files/),
  ]);
  expect(findings('core/restore/new.ts', "import { readFile } from 'node:fs/promises';")).toEqual([
    expect.stringMatching(/opens files/),
  ]);
  expect(findings('core/agent/new.ts', 'fs.copyFileSync(a, b);')).toEqual([expect.stringMatching(/opens files/)]);
  expect(findings('core/engine/new.ts', 'fs.readFileSync(a);')).toEqual([]);
  expect(findings('core/backup/new.ts', '// never openSync( here\n/* readFileSync( */')).toEqual([]);
});

test('a second way to SQLite is found everywhere', () => {
  expect(findings('core/engine/new.ts', "import Database from 'better-sqlite3';")).toEqual([
    expect.stringMatching(/better-sqlite3/),
  ]);
  expect(findings('core/engine/new.ts', "import type Database from 'better-sqlite3';")).toEqual([]);
  expect(findings('headless/new.ts', "import { DatabaseSync } from 'node:sqlite';")).toEqual([
    expect.stringMatching(/node:sqlite/),
  ]);
});
