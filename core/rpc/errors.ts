// Carries expected failures across a process boundary whole: HoldfastError → wire → HoldfastError.
import { ORPCError } from '@orpc/server';
import { type ErrorReport, HoldfastError, toErrorReport } from '../contract/errors.ts';

const WIRE_CODE = 'HOLDFAST';

/** Any thrown value as what the wire carries; input that its schema refuses becomes INVALID_INPUT. */
export function toWire(thrown: unknown): ORPCError<string, ErrorReport> {
  if (thrown instanceof ORPCError) {
    if (thrown.code === WIRE_CODE) return thrown as ORPCError<string, ErrorReport>;
    const name =
      thrown.code === 'BAD_REQUEST' ? 'INVALID_INPUT' : thrown.code === 'NOT_FOUND' ? 'NOT_FOUND' : 'INTERNAL';
    const issues = (thrown.data as { issues?: { path?: unknown[]; message: string }[] } | undefined)?.issues;
    const detail = issues?.map((issue) => `${(issue.path ?? []).join('.')}: ${issue.message}`).join('; ');
    const report = new HoldfastError(name, detail ?? thrown.message, { cause: thrown }).report();
    return new ORPCError(WIRE_CODE, { status: 500, message: report.message, data: report });
  }
  const report = toErrorReport(thrown);
  return new ORPCError(WIRE_CODE, { status: 500, message: report.message, data: report });
}

/** The other direction; an abort stays what it is. */
export function fromWire(thrown: unknown): unknown {
  if (thrown instanceof ORPCError && thrown.code === WIRE_CODE)
    return HoldfastError.fromReport(thrown.data as ErrorReport);
  if (thrown instanceof ORPCError) return new HoldfastError('INTERNAL', thrown.message, { cause: thrown });
  return thrown;
}
