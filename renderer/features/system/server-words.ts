// A server's state in words and in its colour.
import type { ServerView } from '../../../core/contract/site.ts';
import type { Level } from '../../ui/index.ts';

export const serverWords: Record<ServerView['state'], { text: string; level: Level }> = {
  online: { text: 'Online', level: 'ok' },
  offline: { text: 'Does not answer', level: 'critical' },
  starting: { text: 'Starting', level: 'neutral' },
  stopped: { text: 'Stopped', level: 'neutral' },
};
