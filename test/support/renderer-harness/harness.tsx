// The console on the in-memory engine, for screenshots and browser tests: `?scenario=`, `?page=`, `?moment=`, `?still`.

import { type ErrorName, HoldfastError } from '../../../core/contract/errors.ts';
import { mountConsole } from '../../../renderer/app/mount.tsx';
import { pageIds, type Route } from '../../../renderer/app/route.ts';
import { createFixtureConsole, type FixtureConsole } from '../fixture-console.ts';
import type { RestoreMomentName } from '../fixture-restore.ts';
import type { Scenario } from '../fixture-snapshot.ts';

declare global {
  interface Window {
    fixture: FixtureConsole;
    /** The next call of this name fails; for tests, which cannot hand an error over the browser's border. */
    failNext: (call: string, name: ErrorName, message: string) => void;
  }
}

const query = new URLSearchParams(window.location.search);
const page = pageIds.find((id) => id === query.get('page'));
if (page) {
  const route: Route = { page };
  for (const key of ['instanceId', 'groupId', 'jobId', 'idtag'] as const) {
    const value = query.get(key);
    if (value) route[key] = value;
  }
  window.history.replaceState({ holdfast: route }, '');
}
const fixture = createFixtureConsole(
  (query.get('scenario') ?? 'normal') as Scenario,
  query.get('moment') as RestoreMomentName | null,
);
window.fixture = fixture;
window.failNext = (call, name, message) => fixture.failNext(call, new HoldfastError(name, message));
if (!query.has('still')) setInterval(fixture.tick, 250);
const root = document.getElementById('root');
if (root) mountConsole(root, fixture.connection);
