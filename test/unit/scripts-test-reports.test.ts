// The sums behind the last line of `npm test`: nothing that failed may be lost on the way.
import { describe, expect, it } from 'vitest';
import { readPlaywrightReport, readVitestReport } from '../../scripts/test-reports.mjs';

describe('a vitest report', () => {
  const test = (status: string, extra = {}) => ({
    status,
    fullName: `a ${status} test`,
    failureMessages: [],
    ...extra,
  });

  it('counts tests, and keeps the first line of a failure', () => {
    const result = readVitestReport({
      testResults: [
        {
          name: 'a.test.ts',
          status: 'failed',
          assertionResults: [
            test('passed'),
            test('failed', { failureMessages: ['\u001b[31mexpected 1\u001b[39m\nat line 2'] }),
            test('skipped'),
            test('todo'),
          ],
        },
      ],
    });
    expect(result.passed).toBe(1);
    expect(result.failures).toEqual(['a.test.ts: a failed test: expected 1']);
    expect(result.skips).toHaveLength(2);
  });

  it('counts a file that could not be loaded as a failure', () => {
    const result = readVitestReport({
      testResults: [
        { name: 'b.test.ts', status: 'failed', message: 'Cannot find module\nstack', assertionResults: [] },
      ],
    });
    expect(result).toEqual({
      passed: 0,
      failures: ['b.test.ts: Cannot find module'],
      skips: [],
      failedFiles: ['b.test.ts'],
    });
  });
});

describe('a playwright report', () => {
  it('counts specs of nested suites, flaky ones as failures, and keeps the reason of a skip', () => {
    const spec = (title: string, status: string, extra = {}) => ({ title, tests: [{ status, results: [], ...extra }] });
    const result = readPlaywrightReport({
      errors: [{ message: 'the config is broken' }],
      suites: [
        {
          title: 'door.spec.ts',
          specs: [spec('opens', 'expected'), spec('wobbles', 'flaky')],
          suites: [
            {
              title: 'inside',
              specs: [
                spec('breaks', 'unexpected', { results: [{ error: { message: 'no button' } }] }),
                spec('real', 'skipped', { annotations: [{ type: 'skip', description: 'not installed' }] }),
              ],
            },
          ],
        },
      ],
    });
    expect(result.passed).toBe(1);
    expect(result.failures).toEqual([
      'playwright: the config is broken',
      'door.spec.ts › wobbles: flaky',
      'door.spec.ts › inside › breaks: no button',
    ]);
    expect(result.skips).toEqual(['door.spec.ts › inside › real: not installed']);
  });
});
