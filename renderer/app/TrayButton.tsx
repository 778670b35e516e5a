// The tray: counts of system messages, red, yellow, blue. Quiet when there are none: outlines, not filled signs.
import { CriticalOutlineIcon, InfoOutlineIcon, LevelIcon, useStale, WarningOutlineIcon } from '../ui/index.ts';
import { useApp, useSite } from './app.ts';

const outlines = { critical: <CriticalOutlineIcon />, warning: <WarningOutlineIcon />, info: <InfoOutlineIcon /> };

export function TrayButton() {
  const app = useApp();
  const tray = useSite((snapshot) => snapshot.tray);
  const stale = useStale();
  const attention = useSite((snapshot) => snapshot.attention.length);
  const parts = [
    ['critical', tray.critical],
    ['warning', tray.warning],
    ['info', tray.info],
  ] as const;
  return (
    <button
      type="button"
      className={`app-tray app-tray-${stale ? 'stale' : tray.level}`}
      title={`${stale ? 'Last known. ' : ''}System messages: ${tray.critical} critical, ${tray.warning} warnings, ${tray.info} information${attention > 0 ? `; needs attention: ${attention}, see Home` : ''}`}
      onClick={() => app.openDialog({ kind: 'messages' })}
    >
      <span className="hf-sr">System messages: </span>
      {parts.map(([level, count]) => (
        // What needs attention fills the sign of its level, even without a message.
        <span key={level} className={count === 0 ? 'is-zero' : `hf-tone-${level}`}>
          {count === 0 && tray.level !== level ? (
            <span className="hf-level" role="img" aria-label={level}>
              {outlines[level]}
            </span>
          ) : (
            <LevelIcon level={level} label={level} />
          )}
          <b className="hf-num">{count}</b>
        </span>
      ))}
    </button>
  );
}
