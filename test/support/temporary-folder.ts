// A folder of its own for each test, gone afterwards.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

export function temporaryFolder(name = 'holdfast'): string {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), `${name}-`)));
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}
