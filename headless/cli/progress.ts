// Progress on stderr: a bar that redraws itself on a terminal, elsewhere a line each time a phase or another tenth begins.
import { formatBytes } from './format.ts';

const BAR_CELLS = 24;

export interface ProgressSink {
  /** `done` and `total` in bytes. */
  show(line: { phase: string; done: number; total: number | null }): void;
  /** Takes the bar away before anything else is written. */
  end(): void;
}

export function createProgress(stream: NodeJS.WriteStream): ProgressSink {
  return stream.isTTY ? createBar(stream) : createLines(stream);
}

const shareOf = (done: number, total: number | null) => (total && total > 0 ? Math.min(1, done / total) : null);

function createBar(stream: NodeJS.WriteStream): ProgressSink {
  let drawn = false;
  return {
    show({ phase, done, total }) {
      const share = shareOf(done, total);
      const filled = Math.round((share ?? 0) * BAR_CELLS);
      const bar = `[${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)}] ${Math.floor((share ?? 0) * 100)} %`;
      stream.write(`\r\u001b[2K${share === null ? phase : `${phase} ${bar} ${formatBytes(done)}`}`);
      drawn = true;
    },
    end() {
      if (drawn) stream.write('\r\u001b[2K');
      drawn = false;
    },
  };
}

function createLines(stream: NodeJS.WriteStream): ProgressSink {
  let last = '';
  return {
    show({ phase, done, total }) {
      const share = shareOf(done, total);
      const key = `${phase} ${share === null ? '' : Math.floor(share * 10)}`;
      if (key === last) return;
      last = key;
      stream.write(share === null ? `${phase}\n` : `${phase}: ${formatBytes(done)} of ${formatBytes(total ?? 0)}\n`);
    },
    end() {},
  };
}
