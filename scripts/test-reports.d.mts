// Types of test-reports.mjs, which stays JavaScript because it runs before a Node that strips types is there.
export interface RunnerResult {
  passed: number;
  failures: string[];
  skips: string[];
}
export function readVitestReport(report: object): RunnerResult;
export function readPlaywrightReport(report: object): RunnerResult;
