// What is measured inside the page of the console, by the page's own clock: rows on the screen, frames while scrolling, answers to clicks.
import type { CDPSession, Page } from 'playwright';

/** Processor time of the page's main thread: what is left to compare when the machine does other things, too. */
export class PageProcessor {
  private readonly session: CDPSession;

  private constructor(session: CDPSession) {
    this.session = session;
  }

  static async of(page: Page): Promise<PageProcessor> {
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    return new PageProcessor(session);
  }

  /** ms since it was begun to be counted. */
  async ms(): Promise<number> {
    const { metrics } = await this.session.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) * 1000;
  }

  /** Adds what `work` measures, and the processor time that it took, to a series; `parts` is how many such times it was. */
  async measure<T>(
    series: { runs: number[]; cpu: number[] },
    work: () => Promise<T>,
    of: (result: T) => { ms: number; parts?: number },
  ): Promise<T> {
    const before = await this.ms();
    const result = await work();
    const { ms, parts = 1 } = of(result);
    series.runs.push(ms);
    series.cpu.push(((await this.ms()) - before) / parts);
    return result;
  }
}

export const BACKUPS = '[role="grid"][aria-label="Backups"]';

/** Clicks what `selector` finds and resolves with the ms until `wanted` is drawn; the click happens inside the page. */
export function clickUntil(page: Page, selector: string, wanted: string, timeoutMs: number): Promise<number> {
  return page.evaluate(
    async ([click, want, limit]) => {
      const target = [...document.querySelectorAll<HTMLElement>(click)].at(0);
      if (!target) throw new Error(`There is no ${click}.`);
      const start = performance.now();
      target.click();
      for (;;) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
        if (document.querySelector(want)) return performance.now() - start;
        if (performance.now() - start > limit) throw new Error(`${want} did not come within ${limit} ms.`);
      }
    },
    [selector, wanted, timeoutMs] as const,
  );
}

export interface Scrolling {
  frames: number;
  framesPerSecond: number;
  /** Between two frames, ms. */
  longest: number;
}

/** Scrolls a list by some rows at each frame for so long. */
export function scroll(page: Page, selector: string, ms: number): Promise<Scrolling> {
  return page.evaluate(
    async ([list, duration]) => {
      const scroller = document.querySelector<HTMLElement>(list);
      if (!scroller) throw new Error(`There is no ${list}.`);
      const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));
      const start = await frame();
      let [last, longest, frames] = [start, 0, 0];
      while (last - start < duration) {
        scroller.scrollTop += 95;
        const now = await frame();
        frames++;
        longest = Math.max(longest, now - last);
        last = now;
      }
      return { frames, framesPerSecond: (frames * 1000) / (last - start), longest };
    },
    [selector, ms] as const,
  );
}

/**
 * Clicks the buttons that `selector` finds in turn until told to stop; resolves with the ms from each click until the browser had
 * painted what came of it.
 */
export async function answersWhile(page: Page, selector: string, work: () => Promise<unknown>): Promise<number[]> {
  await page.evaluate((buttons) => {
    const answers: number[] = [];
    const state = { answers, ended: false };
    Object.assign(window, { holdfastAnswers: state });
    const run = async () => {
      for (let n = 0; !state.ended; n++) {
        const found = [...document.querySelectorAll<HTMLElement>(buttons)];
        const start = performance.now();
        found[n % found.length]?.click();
        // The second frame begins when the first one has been painted.
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
        answers.push(performance.now() - start);
        await new Promise((resolve) => setTimeout(resolve, 120));
      }
    };
    void run();
  }, selector);
  await work();
  return page.evaluate(() => {
    const state = (window as unknown as { holdfastAnswers: { answers: number[]; ended: boolean } }).holdfastAnswers;
    state.ended = true;
    return state.answers;
  });
}
