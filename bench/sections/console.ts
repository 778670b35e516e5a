// B10: the console in a real browser: how soon it can be used, how it lists very many backups, how it answers while the disk is busy.
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { type Browser, chromium, type Page } from 'playwright';
import type { ConsoleApi } from '../../core/rpc/types.ts';
import { writeManyBackups } from '../backup-files.ts';
import { EngineUnderTest, jobEnded, pause } from '../engine-under-test.ts';
import { median, processorMs, type Series, withinLimit } from '../measure.ts';
import { answersWhile, BACKUPS, clickUntil, PageProcessor, scroll } from '../page-probes.ts';
import { buildConsole } from '../programs.ts';
import type { BenchPlace, Section } from '../section.ts';

const MANY = 100_000;
const MANY_SHORT = 5_000;
const COLD_START_MS = 2_500;
const FIRST_ROWS_MS = 200;
const FRAMES_PER_SECOND = 55;
const ANSWER_MS = 50;
const LIST_MS = 600_000;
const USABLE = '.app-rail button';

const empty = (name: string): Series => ({ name, runs: [], cpu: [] });

/**
 * B10: an engine with an agent, the built page, the system's Chromium. One database of the size that was asked for is backed up in full
 * while somebody clicks; another one has a folder of 100,000 backups, made up of whole headers without pages.
 */
export async function consoleSpeed({ programs, folder, database, rounds, short }: BenchPlace): Promise<Section> {
  const own = path.join(folder, 'console');
  const data = path.join(own, 'data');
  const many = short ? MANY_SHORT : MANY;
  const started = empty('engine started → address printed');
  const usable = empty('address opened → usable');
  const cold = empty('cold start to usable');
  const first = empty('first rows, page opened first');
  const again = empty('first rows, page opened again');
  const frame = empty('a frame while scrolling');
  const answer = empty('a click during a full, p95');
  let worst = 0;
  await buildConsole(programs);
  const browser = await openBrowser();
  let engine: EngineUnderTest | null = null;
  try {
    engine = await EngineUnderTest.start(programs, data);
    await engine.call((api) => setUp(api, own, database, many));
    for (let round = 0; round < rounds; round++) {
      await engine.stop();
      const start = performance.now();
      engine = await EngineUnderTest.start(programs, data);
      const url = await engine.url;
      const printed = performance.now();
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
      const page = await context.newPage();
      page.setDefaultTimeout(LIST_MS);
      const processor = await PageProcessor.of(page);
      started.runs.push(printed - start);
      started.cpu.push(processorMs([engine.pid, ...engine.children()]));
      const opened = performance.now();
      const seen = () => page.locator(USABLE).first().waitFor({ state: 'attached' });
      await processor.measure(
        usable,
        async () => {
          await page.goto(url);
          await seen();
        },
        () => ({ ms: performance.now() - opened }),
      );
      cold.runs.push(printed - start + performance.now() - opened);
      await agentThere(engine);
      for (const series of [first, again])
        await processor.measure(
          series,
          () => openChains(page),
          (ms) => ({ ms }),
        );
      const scrolled = await processor.measure(
        frame,
        () => scroll(page, BACKUPS, 3_000),
        ({ frames, framesPerSecond }) => ({ ms: 1000 / framesPerSecond, parts: frames }),
      );
      worst = Math.max(worst, scrolled.longest);
      await openChains(page, 'Bench');
      const running = engine;
      await processor.measure(
        answer,
        () => answersDuringFull(running, page),
        (answers) => ({ ms: answers[Math.floor(answers.length * 0.95)] ?? Number.NaN, parts: answers.length }),
      );
      await context.close();
    }
  } finally {
    await browser.close();
    await engine?.stop();
    fs.rmSync(own, { recursive: true, force: true });
  }
  const limit = (one: Series, ms: number) => withinLimit('B10', `${one.name}, ms ÷ ${ms}`, one.runs, ms);
  return {
    id: 'B10',
    title: `Console, ${many} backups of one database`,
    series: [started, usable, cold, first, again, frame, answer],
    comparisons: [
      limit(cold, COLD_START_MS),
      limit(first, FIRST_ROWS_MS),
      limit(again, FIRST_ROWS_MS),
      limit(frame, 1000 / FRAMES_PER_SECOND),
      limit(answer, ANSWER_MS),
    ],
    facts: {
      'frames a second while scrolling': (1000 / median(frame.runs)).toFixed(1),
      'longest frame, ms': Math.round(worst),
    },
  };
}

async function openBrowser(): Promise<Browser> {
  const executablePath = process.env.HOLDFAST_CHROMIUM ?? '/usr/bin/chromium';
  return await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--no-first-run'] });
}

async function setUp(api: ConsoleApi, own: string, database: string, many: number): Promise<void> {
  const [large, small] = [path.join(own, 'large', 'bench.db'), path.join(own, 'small', 'many.db')];
  const folder = path.join(own, 'backups');
  for (const place of [path.dirname(large), path.dirname(small), folder]) fs.mkdirSync(place, { recursive: true });
  fs.copyFileSync(database, large);
  makeSmall(small);
  writeManyBackups({ folder, server: 'BENCH', instance: 'Many', count: many, chain: 100, until: Date.now() - 60_000 });
  await api.servers.add({ name: 'BENCH', root: null });
  const usual = { server: 'BENCH', logging: true, switchToWal: false };
  await api.instances.protect({ ...usual, name: 'Bench', path: large, backupFolder: null });
  await api.instances.protect({ ...usual, name: 'Many', path: small, backupFolder: folder });
  await jobEnded(api, (await api.backup.start({ instanceId: 'BENCH/Bench', type: 'full' })).jobId);
}

function makeSmall(file: string): void {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE entries (id INTEGER PRIMARY KEY, balance REAL)');
  db.close();
}

async function agentThere(engine: EngineUnderTest): Promise<void> {
  await engine.call(async (api) => {
    while (!(await api.site.get({})).instances.every((instance) => instance.reachable)) await pause(50);
  });
}

/** From another page to the chains of a database by the tree; resolves with the ms from the click to the first row. */
async function openChains(page: Page, name = 'Many'): Promise<number> {
  await clickUntil(page, '.app-task-home', '.app-task-home[aria-current="page"]', LIST_MS);
  await clickUntil(page, '.app-task-backup', '.app-task-backup[aria-current="page"]', LIST_MS);
  const node = page.getByRole('treeitem', { name: `BENCH/${name}` }).first();
  await node.waitFor({ state: 'attached' });
  await node.evaluate((element) => element.setAttribute('data-bench', 'chains'));
  return await clickUntil(page, '[data-bench="chains"]', `${BACKUPS} [data-row-index="0"]`, LIST_MS);
}

/** The ms of each answer to clicks from page to page while full backups run, the quickest first. */
async function answersDuringFull(engine: EngineUnderTest, page: Page): Promise<number[]> {
  const answers = await answersWhile(page, '.app-task-home, .app-task-backup, .app-task-activity', () =>
    engine.call(async (api) => {
      for (const type of ['full', 'full'] as const)
        await jobEnded(api, (await api.backup.start({ instanceId: 'BENCH/Bench', type })).jobId);
    }),
  );
  if (answers.length < 3) throw new Error(`There were only ${answers.length} clicks: the backups are too short.`);
  return answers.sort((a, b) => a - b);
}
