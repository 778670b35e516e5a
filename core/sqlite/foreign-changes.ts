// What happens to an owned file behind its owner: another file in its place, a write in spite of the fence, an older state.
import type { DatabaseHeader } from './header.ts';
import type { OpenFile } from './open-file.ts';

export class ForeignChanges {
  readonly #file: OpenFile;
  /** Null: the next look tells. */
  #counter: number | null;
  /** Modification time of the file after our last raw write to it, to see whether anybody wrote after us. */
  #fencedAt: bigint | null = null;
  #touchReportedAt: bigint | null = null;
  #replacedReported = false;

  constructor(file: OpenFile, changeCounter: number) {
    this.#file = file;
    this.#counter = changeCounter;
  }

  /** What is new since the last look; null when nothing is. `newest` gives the newest header that is known. */
  look(durablyFenced: boolean, newest: () => DatabaseHeader): string | null {
    if (this.#file.isReplaced()) {
      if (this.#replacedReported) return null;
      this.#replacedReported = true;
      return 'Another file stands in the place of the protected one.';
    }
    const modifiedAt = this.#file.modifiedAt();
    if (durablyFenced && this.#fencedAt !== null && this.#fencedAt !== modifiedAt) {
      if (this.#touchReportedAt === modifiedAt) return null;
      this.#touchReportedAt = modifiedAt;
      return 'The file was modified although it is fenced.';
    }
    const { changeCounter } = newest();
    const before = this.#counter ?? changeCounter;
    this.#counter = changeCounter;
    if (changeCounter < before)
      return `The change counter went back from ${before} to ${changeCounter}: an older state.`;
    return null;
  }

  /** Somebody was told already. */
  noteReplaced(): void {
    this.#replacedReported = true;
  }

  noteFenced(): void {
    this.#fencedAt = this.#file.modifiedAt();
  }

  /** Nobody wrote since `noteFenced`. */
  get untouched(): boolean {
    return this.#fencedAt !== null && this.#fencedAt === this.#file.modifiedAt();
  }

  noteUnfenced(): void {
    this.#fencedAt = null;
    this.#counter = null;
  }
}
