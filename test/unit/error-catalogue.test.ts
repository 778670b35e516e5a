// The error catalogue is one table: what is thrown is in it, what is in it is thrown or says why not, and the documentation is written from it.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorTable, findErrors } from '../../core/contract/error-table.ts';
import { errorCatalogue } from '../../core/contract/errors.ts';
import { errorDocument } from '../../scripts/error-docs.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const table = ['core/contract/errors.ts', 'core/contract/error-table.ts'];

const sources = ['core', 'electron', 'headless', 'renderer'].flatMap((folder) =>
  fs
    .readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((name) => /\.(ts|tsx|mjs)$/.test(name) && !table.includes(name))
    .map((name) => ({ name, text: fs.readFileSync(path.join(root, name), 'utf8') })),
);

describe('the error catalogue', () => {
  it('has a number of its own for each name, a cause and a next step', () => {
    const codes = errorTable.map((entry) => entry.code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const { name, code, hex, cause, hint, field } of errorTable) {
      expect(code, name).toBeLessThan(0);
      expect(Number.parseInt(hex, 16) | 0, name).toBe(code);
      expect(cause, name).toMatch(/\.$/);
      expect(hint.trim(), name).not.toBe('');
      expect(field !== null, name).toBe(code > -7000);
    }
  });

  it('knows every name that is thrown', () => {
    const thrown = sources.flatMap(({ text }) =>
      [...text.matchAll(/new HoldfastError\(\s*'([A-Z_]+)'/g)].map((m) => m[1]!),
    );
    expect(thrown.length).toBeGreaterThan(100);
    expect([...new Set(thrown)].filter((name) => !(name in errorCatalogue))).toEqual([]);
  });

  it('holds nothing that nobody uses, unless it says why', () => {
    const unused = errorTable.filter(({ name }) => !sources.some(({ text }) => text.includes(`'${name}'`)));
    expect(unused.filter((entry) => entry.reserved === null).map((entry) => entry.name)).toEqual([]);
  });

  it('is what the documentation shows (node scripts/error-docs.mjs writes it)', () => {
    expect(fs.readFileSync(path.join(root, 'docs/technical/errors.md'), 'utf8')).toBe(errorDocument());
  });

  it('is searched by number, hex form, name and words', () => {
    const names = (search: string) => findErrors(search).map((entry) => entry.name);
    for (const search of ['-6034', '6034', 'FFFFE86E', 'verification_behind', 'remote vector ahead'])
      expect(names(search), search).toEqual(['VERIFICATION_BEHIND']);
    expect(names('').length).toBe(Object.keys(errorCatalogue).length);
    expect(names('-601')).toEqual(['SERIAL_MISMATCH', 'LOG_DATABASE_MISMATCH']);
    expect(names('no such words')).toEqual([]);
  });
});
