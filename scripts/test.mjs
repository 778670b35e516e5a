// npm test: installs and builds what is missing, runs the checks and every test, and ends with one line that sums them up.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ensureBuilt } from './build.mjs';
import { check } from './check.mjs';
import { ensureDependencies, root, runTool, say, toolEnvironment } from './runtime.mjs';
import { ensureSystemTools } from './system-tools.mjs';
import { readPlaywrightReport, readVitestReport } from './test-reports.mjs';

const out = path.join(root, 'out');

/** What every part of the run adds to: counts, and a line for each failure and each reason for a skip. */
const total = { passed: 0, failed: 0, skipped: 0, failures: [], skips: [], unsteady: [] };

function add(result) {
  total.passed += result.passed;
  total.failed += result.failures.length;
  total.skipped += result.skips.length;
  total.failures.push(...result.failures);
  total.skips.push(...result.skips);
}

/** A part that must work for the rest to mean anything; its failure ends the run. */
async function mustWork(name, work) {
  try {
    await work();
  } catch (error) {
    add({ passed: 0, failures: [`${name}: ${error.message}`], skips: [] });
    finish();
  }
}

/** Tests of what may never be lost or damaged: one failure in any number of runs is a failure. They get no second run. */
const proofs =
  /(hot-backup|kill|crash|damage|fault|fuzz|simulation|failover-\d|vectors|sqlite-|rollforward|backend-|backup-(replace|encryption|file|chain)|retention|restore-(newest|seed|instance|library))/;

/** Runs one test runner and reads its report; a runner that ends without one, or with one that explains no failure, has failed. */
async function runRunner(name, start, reportFile, readReport) {
  rmSync(reportFile, { force: true });
  const code = await start();
  let result;
  try {
    result = readReport(JSON.parse(readFileSync(reportFile, 'utf8')));
  } catch (error) {
    return {
      passed: 0,
      failures: [`${name} ended with code ${code} and left no report (${error.message})`],
      skips: [],
    };
  }
  if (result.passed + result.failures.length === 0) result.failures.push(`${name} ran no test`);
  if (code !== 0 && result.failures.length === 0) result.failures.push(`${name} ended with code ${code}`);
  return result;
}

/**
 * The files that failed run once more, alone: a busy machine makes tests of timing fail that are right. What passes then is counted
 * as passed and named as unsteady, with the message of its first failure. Proofs, and runs with many failures, stay failed.
 */
async function withSecondRun(name, run) {
  const first = await run([]);
  const files = first.failedFiles ?? [];
  if (first.failures.length === 0 || files.length === 0 || files.length > 3 || files.some((file) => proofs.test(file)))
    return add(first);
  say(`${name}: once more, alone: ${files.join(', ')}`);
  const second = await run(files);
  if (second.failures.length === 0) for (const line of first.failures) total.unsteady.push(line);
  add({
    ...first,
    passed: first.passed + (second.failures.length === 0 ? first.failures.length : 0),
    failures: second.failures,
  });
}

function finish() {
  for (const line of total.skips) say(`skipped: ${line}`);
  for (const line of total.unsteady) say(`UNSTEADY (passed when run again, alone): ${line}`);
  for (const line of total.failures) say(`FAILED: ${line}`);
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  // In place of process.stdout.write + exit: a pipe must have taken the line before the process ends.
  process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`, () =>
    process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0),
  );
  return new Promise(() => {});
}

const hasSpecs = (folder) =>
  existsSync(folder) && readdirSync(folder, { recursive: true }).some((name) => name.toString().endsWith('.spec.ts'));

await mustWork('dependencies', ensureDependencies);
await mustWork('programs', ensureSystemTools);
await mustWork('build', ensureBuilt);
mkdirSync(out, { recursive: true });

const checked = await check();
add({ passed: checked.passed, failures: checked.failed.map((name) => `check: ${name}`), skips: [] });

const vitestReport = path.join(out, 'vitest.json');
await withSecondRun('vitest', (files) =>
  runRunner(
    'vitest',
    () =>
      runTool('vitest', [
        'run',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${vitestReport}`,
        ...files,
      ]),
    vitestReport,
    readVitestReport,
  ),
);

if (hasSpecs(path.join(root, 'test/e2e'))) {
  const playwrightReport = path.join(out, 'playwright.json');
  await withSecondRun('playwright', (files) =>
    runRunner(
      'playwright',
      () =>
        runTool('@playwright/test', ['test', '--reporter=list,json', ...files], {
          bin: 'playwright',
          env: toolEnvironment({ PLAYWRIGHT_JSON_OUTPUT_FILE: playwrightReport }),
        }),
      playwrightReport,
      readPlaywrightReport,
    ),
  );
}
await finish();
