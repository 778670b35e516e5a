// Which changes are missing: for each replica from which stamp to which, how many, and who holds them.
import type { Recovery } from '../../../core/contract/recovery.ts';
import type { Verification } from '../../../core/contract/restore.ts';
import { missingRanges } from './missing-data.ts';
import { commitsText } from './recovery-text.ts';
import { spanText } from './span-text.ts';
import { stampMeaning, stampText } from './stamp-text.ts';
import { shortServer } from './vector-rows.ts';

/** What the engine worked out; until it has, what the table of the verification shows. */
export function MissingRanges({ verification, recovery }: { verification: Verification; recovery: Recovery | null }) {
  const ranges = recovery?.missing ?? missingRanges(verification);
  return (
    <ul className="mon-ranges">
      {ranges.map((range) => (
        <li key={`${range.backend ?? ''} ${range.replica}`} className="mon-range">
          <strong className="mon-range-size">
            {range.backend === undefined ? 'Replica' : `${range.backend}, replica`} {range.replica}:{' '}
            {commitsText(range)}
            {range.seconds === null ? '' : ` over ${spanText(range.seconds)}`}
          </strong>{' '}
          <span className="mon-range-held">held by {range.heldBy.map(shortServer).join(', ')}</span>
          <span className="mon-range-stamps">
            after{' '}
            <span className="hf-mono" title={stampMeaning(range.from)}>
              {range.from ? stampText(range.from) : 'the beginning'}
            </span>{' '}
            up to{' '}
            <span className="hf-mono" title={stampMeaning(range.to)}>
              {stampText(range.to)}
            </span>
          </span>
        </li>
      ))}
    </ul>
  );
}
