// Overwriting a backup: whichever call fails, and wherever the process ends, a whole set is there, the old one or the new one.
import fs from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { faultyFiles } from '../support/faulty-files.ts';
import { readPages, temporaryFolder, writeFull } from './backup-support.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = temporaryFolder();
  file = path.join(folder, 'x.bak');
});

const OLD_PAGES = 300;
const NEW_PAGES = 20;
const inParts = { partBytes: 300_000, compression: 'none' as const };

async function writeOld(): Promise<void> {
  await writeFull(file, { pages: OLD_PAGES }, { options: inParts });
  expect(fs.readdirSync(folder).length).toBeGreaterThan(2);
}

/** How many pages the whole set at this name has; null when there is none, or when it is not whole. */
const pagesAt = (name: string): Promise<number | null> =>
  readPages(name).then(
    (pages) => pages.size,
    () => null,
  );

for (const mode of ['once', 'lasting'] as const)
  it(`leaves the old set or the new one in its place when a call fails ${mode}`, async () => {
    let survived = 0;
    for (let nth = 1; ; nth++) {
      fs.rmSync(folder, { recursive: true });
      fs.mkdirSync(folder);
      await writeOld();
      const faulty = faultyFiles();
      faulty.arm({ nth, mode, pick: nth });
      const done = await writeFull(file, { pages: NEW_PAGES }, { options: { overwrite: true } }, faulty.files).then(
        () => true,
        () => false,
      );
      const { struck } = faulty;
      const place = `${mode} ${nth}: ${faulty.calls.at(-1)}`;
      faulty.disarm();
      const found = [await pagesAt(file), await pagesAt(`${file}.replaced`)];
      if (done) expect(found[0], place).toBe(NEW_PAGES);
      else if (mode === 'once') expect(found[0], place).toBe(OLD_PAGES);
      else expect(found, place).toContain(OLD_PAGES);
      if (!struck) break;
      if (!done) survived++;
    }
    expect(survived).toBeGreaterThan(5);
  });

it('leaves a whole set wherever the process ends', async () => {
  class Ended extends Error {}
  const seen = new Set<string>();
  for (let nth = 1; ; nth++) {
    fs.rmSync(folder, { recursive: true });
    fs.mkdirSync(folder);
    await writeOld();
    const faulty = faultyFiles();
    let ended = false;
    const stop = () => {
      ended = true;
      throw new Ended();
    };
    // From the n-th rename or removal on nothing more happens to the folder.
    faulty.arm({ nth, mode: 'lasting', instead: stop }, (call) => call === 'renameSync' || call === 'unlinkSync');
    await writeFull(file, { pages: NEW_PAGES }, { options: { overwrite: true } }, faulty.files).catch(() => {});
    const [own, aside] = [await pagesAt(file), await pagesAt(`${file}.replaced`)];
    expect(own === OLD_PAGES || own === NEW_PAGES || aside === OLD_PAGES, `${nth}: ${own} ${aside}`).toBe(true);
    seen.add(own === NEW_PAGES ? 'new' : 'old');
    if (!ended) break;
  }
  expect([...seen].sort()).toEqual(['new', 'old']);
});

it('does not touch what an interrupted replacement left aside', async () => {
  await writeOld();
  fs.writeFileSync(`${file}.replaced`, 'of an earlier time');
  await writeFull(file, { pages: NEW_PAGES }, { options: { overwrite: true } });
  expect(await pagesAt(file)).toBe(NEW_PAGES);
  expect(fs.readdirSync(folder).sort()).toEqual(['x.bak', 'x.bak.replaced']);
  expect(fs.readFileSync(`${file}.replaced`, 'utf8')).toBe('of an earlier time');
});
