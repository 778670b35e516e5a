// The number of an error, which opens what it means.
import { createContext, useContext } from 'react';
import type { ErrorReport } from '../../core/contract/errors.ts';

/** How an error's number is looked up; without it the number is only shown. */
const Help = createContext<((name: string) => void) | null>(null);

export const ErrorHelp = Help.Provider;

export function ErrorCode({ error }: { error: Pick<ErrorReport, 'code' | 'name'> }) {
  const open = useContext(Help);
  if (!open)
    return (
      <span className="hf-muted hf-num" title={error.name}>
        ({error.code})
      </span>
    );
  return (
    <button
      type="button"
      className="hf-error-code hf-num"
      title={`${error.name}: what it means`}
      onClick={() => open(error.name)}
    >
      {error.code}
    </button>
  );
}
