// Remembers where the window was, and puts it back only where a screen still shows it.
import { readFileSync } from 'node:fs';
import { screen } from 'electron';
import { z } from 'zod';
import { systemFiles, writeFileDurably } from '../core/platform/files.ts';

export const MINIMUM = { width: 1024, height: 700 };
const DEFAULT = { width: 1280, height: 800 };

const stateSchema = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().min(MINIMUM.width),
  height: z.number().int().min(MINIMUM.height),
  maximized: z.boolean(),
});
export type WindowState = z.infer<typeof stateSchema>;

/** The stored state; a default without a position when there is none, it is damaged, or no screen shows it any more. */
export function loadWindowState(file: string): Partial<WindowState> & { width: number; height: number } {
  const state = readState(file);
  if (state === null) return DEFAULT;
  const visible = screen.getAllDisplays().some(({ workArea }) => {
    const right = Math.min(state.x + state.width, workArea.x + workArea.width);
    const left = Math.max(state.x, workArea.x);
    // Enough of the title bar to take hold of.
    return right - left >= 100 && state.y >= workArea.y && state.y < workArea.y + workArea.height - 50;
  });
  return visible ? state : DEFAULT;
}

export function saveWindowState(file: string, state: WindowState): void {
  writeFileDurably(systemFiles, file, JSON.stringify(state));
}

function readState(file: string): WindowState | null {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // A window's place is not worth a failed start, whatever is wrong with the file.
    return null;
  }
}
