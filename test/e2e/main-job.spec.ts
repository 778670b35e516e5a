// The main job, end to end, in the browser console: what a newcomer does in the first five minutes.
import { expect, expectAccessible, takeScreenshots, test } from './support/console.ts';
import { doTheMainJob } from './support/main-job.ts';

test('protects, backs up, fails over, reconnects and restores', async ({ page, console }) => {
  test.setTimeout(240_000);
  expect(console.url).toContain('#token=');
  const ledTook = await doTheMainJob({
    page,
    shot: (name) => takeScreenshots(page, `web-${name}`),
    check: () => expectAccessible(page),
  });
  // What the product promises of itself: the light moves within five seconds of the outage, and all of it takes less than five minutes
  // (the limit of this test).
  expect(ledTook).toBeLessThan(5_000);
});
