// Writes docs/technical/errors.md from the error catalogue; with --check only says whether it is current.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { errorTable } from '../core/contract/error-table.ts';

const file = path.join(import.meta.dirname, '..', 'docs', 'technical', 'errors.md');

const exits = { 1: 'failed', 2: 'wrong usage', 3: 'refused', 130: 'cancelled' };
const cell = (text) => text.replaceAll('|', '\\|');

/** The whole document. */
export function errorDocument() {
  const ofField = errorTable.filter((entry) => entry.field !== null);
  const own = errorTable.filter((entry) => entry.field === null);
  const row = ({ code, hex, name, field, cause, hint, exit, reserved }) =>
    [
      `${code}`,
      `\`${hex}\``,
      `\`${name}\`${field ? `<br>${field}` : ''}`,
      cell(cause) + (reserved ? ` *Reserved: ${cell(reserved)}*` : ''),
      cell(hint),
      exits[exit],
    ].join(' | ');
  const table = (entries) => [
    '| code | hex | name | cause | next step | exit |',
    '|---|---|---|---|---|---|',
    ...entries.map((entry) => `| ${row(entry)} |`),
  ];
  return [
    '# Error codes',
    '',
    '<!-- Written by `node scripts/error-docs.mjs` from core/contract/errors.ts; edit that. -->',
    '',
    'Every failure that is expected has a number, a name, a cause and a next step. They stand in one table, which the code throws from and',
    'which `holdfast errors [CODE or NAME]`, the console (*Error codes*; each code in a message opens it there) and this page show. `--json` gives',
    '`code`, `name`, `message` and `hint`. Exit codes of the command line: 1 failed, 2 wrong usage, 3 refused by a rule, 130 canceled.',
    '',
    "## Numbers that are the field's own",
    '',
    'Their meaning is that of the directory whose backup tool this one follows.',
    '',
    ...table(ofField),
    '',
    '## Numbers of Holdfast',
    '',
    ...table(own),
    '',
  ].join('\n');
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const wanted = errorDocument();
  if (!process.argv.includes('--check')) writeFileSync(file, wanted);
  else if (readFileSync(file, 'utf8') !== wanted) {
    console.error('docs/technical/errors.md is not what the catalogue says: run node scripts/error-docs.mjs');
    process.exit(1);
  }
}
