// Reads the JSON reports of the test runners into one shape: how many passed, and a line for each failure and each skip.
import { stripVTControlCharacters } from 'node:util';

const firstLine = (text) =>
  stripVTControlCharacters(text ?? '')
    .split('\n', 1)[0]
    .slice(0, 300);

/** Vitest's `json` reporter. A file that failed without a failed test (it could not be loaded) counts as one failure. */
export function readVitestReport(report) {
  const result = { passed: 0, failures: [], skips: [], failedFiles: [] };
  for (const file of report.testResults) {
    const failuresBefore = result.failures.length;
    const name = file.name.replace(`${process.cwd()}/`, '');
    for (const test of file.assertionResults) {
      const title = `${name}: ${test.fullName}`;
      if (test.status === 'passed') result.passed++;
      else if (test.status === 'failed') result.failures.push(`${title}: ${firstLine(test.failureMessages?.[0])}`);
      else result.skips.push(test.meta?.skipReason ? `${title}: ${test.meta.skipReason}` : title);
    }
    if (file.status === 'failed' && result.failures.length === failuresBefore)
      result.failures.push(`${name}: ${firstLine(file.message) || 'failed to run'}`);
    if (result.failures.length > failuresBefore) result.failedFiles.push(name);
  }
  return result;
}

/** Playwright's `json` reporter. Errors outside any test count as one failure each. */
export function readPlaywrightReport(report) {
  const result = { passed: 0, failures: [], skips: [], failedFiles: [] };
  for (const error of report.errors ?? []) result.failures.push(`playwright: ${firstLine(error.message)}`);
  for (const suite of report.suites) readSuite(suite, [], result);
  return result;
}

function readSuite(suite, path, result) {
  const here = suite.title ? [...path, suite.title] : path;
  for (const spec of suite.specs ?? [])
    for (const test of spec.tests) {
      const title = [...here, spec.title].join(' › ');
      const last = test.results.at(-1);
      if (test.status === 'expected') result.passed++;
      else if (test.status === 'skipped') {
        const reason = test.annotations?.find(({ type }) => type === 'skip')?.description;
        result.skips.push(reason ? `${title}: ${reason}` : title);
      } else {
        result.failures.push(`${title}: ${firstLine(last?.error?.message) || test.status}`);
        const file = spec.file ?? suite.file;
        if (file && !result.failedFiles.includes(file)) result.failedFiles.push(file);
      }
    }
  for (const inner of suite.suites ?? []) readSuite(inner, here, result);
}
