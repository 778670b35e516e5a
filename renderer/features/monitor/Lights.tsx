// The three lights of a restore. Shape, word and colour say the same; the state comes from the engine alone.
import type { RestoreView } from '../../../core/contract/restore.ts';
import { type LightText, lightTexts } from './light-text.ts';

const bulbs: Record<LightText['state'], React.ReactNode> = {
  off: <circle cx="11" cy="11" r="8.5" className="mon-bulb-off" />,
  working: (
    <>
      <circle cx="11" cy="11" r="8.5" className="mon-bulb-ring" />
      <circle cx="11" cy="11" r="4" className="mon-bulb-working" />
    </>
  ),
  on: (
    <>
      <circle cx="11" cy="11" r="9.5" className="mon-bulb-on" />
      <path d="m6.6 11.3 3 3 5.8-6.4" className="mon-bulb-sign" />
    </>
  ),
  failed: (
    <>
      <path d="M7 1.5h8L20.5 7v8L15 20.5H7L1.5 15V7Z" className="mon-bulb-failed" />
      <path d="m7.5 7.5 7 7m0-7-7 7" className="mon-bulb-sign" />
    </>
  ),
  undecided: (
    <>
      <path d="M11 1.5 21.5 20H.5Z" className="mon-bulb-undecided" />
      <path d="M11 8v5.5m0 3v.4" className="mon-bulb-sign" />
    </>
  ),
};

export function Lights({ view, over, file }: { view: RestoreView; over: boolean; file: boolean }) {
  return (
    <ul className="mon-lights" aria-label="Lights">
      {lightTexts(view, over, file).map((light) => (
        <li key={light.name} className={`mon-light is-${light.state}`}>
          <svg width="26" height="26" viewBox="0 0 22 22" aria-hidden="true" className={`mon-bulb is-${light.state}`}>
            {bulbs[light.state]}
          </svg>
          <span className="mon-light-text">
            <span>
              <span className="mon-light-name">{light.name}</span> <span className="mon-light-word">{light.word}</span>
            </span>{' '}
            <span className="mon-light-detail">{light.detail}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}
