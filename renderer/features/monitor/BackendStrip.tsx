// Which file of several is being restored, and how far the others are: all become active together.
import type { BackendStep } from '../../../core/contract/backend.ts';
import { Badge } from '../../ui/index.ts';
import type { RestorePhase } from './restore-phase.ts';
import './backend-strip.css';

const words = {
  waiting: { text: 'waits', tone: 'neutral' },
  running: { text: 'being restored', tone: 'info' },
  ready: { text: 'complete', tone: 'ok' },
  done: { text: 'active', tone: 'ok' },
  failed: { text: 'failed', tone: 'critical' },
} as const;

const notes: Partial<Record<RestorePhase, string>> = {
  running: 'All become active together, or none does.',
  canceling: 'All become active together, or none does.',
  activated: 'All files were exchanged together.',
  held: 'All wait in RST and become active together.',
};

export function BackendStrip({ backend, phase }: { backend: BackendStep; phase: RestorePhase }) {
  return (
    <ol className="mon-backends" aria-label="Files of this restore">
      {backend.all.map((one) => {
        const { text, tone } = words[one.status === 'done' && phase !== 'activated' ? 'ready' : one.status];
        return (
          <li key={one.id} aria-current={one.id === backend.id ? 'step' : undefined} title={one.path}>
            <span className="mon-backend-name">{one.id}</span>
            <Badge tone={tone}>{text}</Badge>
          </li>
        );
      })}
      <li className="mon-backends-note">{notes[phase] ?? 'No file was exchanged: all old ones are active.'}</li>
    </ol>
  );
}
