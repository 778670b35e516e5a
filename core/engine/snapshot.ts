// Builds the one snapshot that the console draws from, out of what is in memory: no call, no file, no query.
import type { GroupView } from '../contract/failover.ts';
import type { Job } from '../contract/jobs.ts';
import type { DemoView, InstanceView, Message, ServerView, SiteSnapshot } from '../contract/site.ts';
import { attentionOf } from '../messages/attention.ts';
import { trayOf } from '../messages/tray.ts';

export interface SnapshotParts {
  seq: number;
  now: number;
  site: SiteSnapshot['site'];
  servers: ServerView[];
  instances: InstanceView[];
  groups: GroupView[];
  jobs: Job[];
  messages: Message[];
  notices: SiteSnapshot['notices'];
  demo: DemoView;
}

export const CLOSED_DEMO: DemoView = { open: false, servers: [], client: null };

export function buildSnapshot(parts: SnapshotParts): SiteSnapshot {
  const attention = attentionOf(parts);
  return { ...parts, attention, tray: trayOf(parts.messages, attention) };
}
