// What the command line prints: one JSON object or readable text on stdout, errors on stderr, and the exit code.
import { type ErrorReport, errorCatalogue, HoldfastError, toErrorReport } from '../../core/contract/errors.ts';

export interface CommandResult {
  /** Keys of the `--json` object beside `ok`. */
  json: Record<string, unknown>;
  /** Lines for a person, also when the command failed: what it found. */
  text: string[];
  /** Why the command failed although it has something to show (a verification, a restore); it decides the exit code. */
  error?: ErrorReport;
  /** What goes on once the result was printed; the command ends with it. */
  afterwards?(): Promise<void>;
}

export function exitCodeOf(report: ErrorReport): number {
  return errorCatalogue[report.name]?.exit ?? 1;
}

/** Runs a command, prints what came of it, and returns the exit code. */
export async function runAndPrint(json: boolean, work: () => Promise<CommandResult>): Promise<number> {
  let result: CommandResult;
  try {
    result = await work();
  } catch (error) {
    return printFailure(json, error);
  }
  if (!json && result.text.length > 0) process.stdout.write(`${result.text.join('\n')}\n`);
  if (result.error) return printReport(json, result.error, result.json);
  if (json) printJson({ ok: true, ...result.json });
  try {
    await result.afterwards?.();
    return 0;
  } catch (error) {
    // The one object of `--json` is out already.
    return printFailure(false, error);
  }
}

/** Prints anything thrown as a failure and returns the exit code. */
export function printFailure(json: boolean, thrown: unknown): number {
  const report = toErrorReport(thrown);
  if (report.name === 'INTERNAL' && !(thrown instanceof HoldfastError) && process.env.HOLDFAST_DEBUG)
    console.error(thrown);
  return printReport(json, report, {});
}

function printReport(json: boolean, report: ErrorReport, found: Record<string, unknown>): number {
  if (json) printJson({ ok: false, ...report, ...found });
  else process.stderr.write(`holdfast: ${report.message}\n  ${report.name} (${report.code})\n  ${report.hint}\n`);
  return exitCodeOf(report);
}

function printJson(object: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(object)}\n`);
}
