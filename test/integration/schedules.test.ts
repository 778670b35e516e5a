// Unattended backups in a whole engine under a fake clock: a week by schedule, runs that were missed, failures and their end.
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { HoldfastError } from '../../core/contract/errors.ts';
import type { BackupScheduleInput } from '../../core/contract/schedules.ts';
import { type FakeSite, startFakeSite } from '../support/fake-site.ts';

const HOUR = 3_600_000;
const FRIDAY = new Date(2026, 0, 9, 12).getTime();
/** The local hour, as the calendar of a schedule has it: `2026-01-09 22`. */
const hourOf = (ms: number) => new Date(ms).toLocaleString('sv-SE').slice(0, 13);

const input = (more: Partial<BackupScheduleInput>): BackupScheduleInput => ({
  ...{ id: null, instanceId: 'SRV-1/Directory', name: 'Friday full', enabled: true, type: 'full' },
  ...{ when: { kind: 'cron', expression: '0 22 * * 5' }, folder: null, namePattern: null, options: {} },
  ...{ fullWhenNoBase: true, notifySuccess: false, keep: null },
  ...more,
});

async function protectedSite(): Promise<FakeSite> {
  const site = await startFakeSite();
  // Noon on a Friday.
  site.clock.advance(FRIDAY - site.clock.now());
  await site.during(site.api.servers.add({ name: 'SRV-1', root: null }));
  await site.during(
    site.api.instances.protect({
      ...{ server: 'SRV-1', name: 'Directory', path: site.database('directory.db'), backupFolder: null },
      ...{ logging: true, switchToWal: false },
    }),
  );
  return site;
}

async function hours(site: FakeSite, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    // The fake agents write nothing; an incremental whose base is not there would become a full.
    for (const { file } of site.machine.agent('SRV-1').backups) {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, '');
    }
    site.clock.advance(HOUR);
    await site.pass(3_000);
  }
}

const made = (site: FakeSite) => site.machine.agent('SRV-1').backups.map((one) => `${one.type} ${hourOf(one.time)}`);

it('takes fulls on Friday and incrementals on the days after, named after their schedules, and makes up for a stop once', async () => {
  const site = await protectedSite();
  await site.api.schedules.save(input({}));
  await site.api.schedules.save(
    input({ name: 'weekday incremental', type: 'incremental', when: { kind: 'cron', expression: '0 22 * * 1-4' } }),
  );
  await site.api.schedules.save(input({ name: 'off', enabled: false, when: { kind: 'every', minutes: 1 } }));
  await hours(site, 5 * 24);
  expect(made(site)).toEqual(['full 2026-01-09 22', 'incremental 2026-01-12 22', 'incremental 2026-01-13 22']);
  const jobs = (await site.api.jobs.list({})).filter((job) => job.kind === 'backup');
  expect(jobs.map((job) => job.title)).toEqual(['weekday incremental', 'weekday incremental', 'Friday full']);
  const view = site.snapshot().instances[0];
  expect(hourOf(view!.nextBackup!)).toBe('2026-01-14 22');

  // Off from Wednesday noon to Sunday noon: Wednesday, Thursday and Friday were missed; one full makes up for all.
  await site.during(site.engine.stop());
  site.clock.advance(4 * 24 * HOUR);
  const again = await site.restart();
  await again.pass(10_000);
  expect(made(again).slice(3)).toEqual(['full 2026-01-18 12']);
  const list = await again.api.schedules.list({});
  expect(list.find((one) => one.name === 'weekday incremental')?.last).toMatchObject({
    status: 'covered',
    verdict: 'Friday full took a full backup at the same time',
  });
  await hours(again, 36);
  expect(made(again).slice(4)).toEqual(['incremental 2026-01-19 22']);
  await again.during(again.engine.stop());
}, 120_000);

it('waits for a silent agent, falls back to a full with a warning, tells of a failure once and of its end', async () => {
  const site = await protectedSite();
  const { id } = await site.api.schedules.save(
    input({ name: 'hourly', type: 'incremental', when: { kind: 'every', minutes: 60 } }),
  );
  await site.api.notify.save({
    ...{ kind: 'desktop', id: null, name: 'Here', enabled: true, from: 'critical', onSuccess: false },
  });
  await site.during(site.api.servers.stop({ name: 'SRV-1' }));
  await hours(site, 2);
  expect((await site.api.schedules.list({}))[0]).toMatchObject({
    state: 'due',
    stateText: 'Waits for the agent to answer',
  });
  expect(made(site)).toEqual([]);
  await site.during(site.api.servers.start({ name: 'SRV-1' }));
  await site.pass(10_000);
  expect(site.machine.agent('SRV-1').backups.map((one) => one.type)).toEqual(['full']);
  const [job] = await site.api.jobs.list({});
  expect(job).toMatchObject({
    status: 'succeededWithWarnings',
    warnings: [{ message: 'A full backup instead: there is no full backup yet' }],
  });

  // No base and no permission to take a full: it fails, is told once, and is over with the next good run.
  const schedule = (await site.api.schedules.list({}))[0]!;
  const { nextAt: _, state: _s, stateText: _t, last: _l, createdAt: _c, ...kept } = schedule;
  await site.api.schedules.save({ ...kept, fullWhenNoBase: false });
  const agent = site.machine.agent('SRV-1');
  const good = agent.instances.get('Directory')!;
  agent.instances.set('Directory', { ...good, fullRequired: true, fullRequiredReason: 'logging was turned on' });
  await site.pass(3_000);
  await hours(site, 3);
  const told = () => site.snapshot().notices!.map((notice) => notice.kind);
  expect(told()).toEqual(['failure']);
  expect((await site.api.schedules.runs({ id })).filter((run) => run.status === 'failed').length).toBeGreaterThan(1);
  expect(site.snapshot().messages.filter((one) => one.standing && one.level === 'critical')).toHaveLength(1);
  await site.api.schedules.save({ ...kept, fullWhenNoBase: true });
  await hours(site, 1);
  expect(told()).toEqual(['failure', 'recovery']);
  expect(site.snapshot().messages.filter((one) => one.standing && one.level === 'critical')).toEqual([]);

  // Two backups of one database never run at once: by hand and by schedule.
  const gate = Promise.withResolvers<void>();
  agent.gate = gate.promise;
  const byHand = await site.api.backup.start({ instanceId: 'SRV-1/Directory', type: 'full' });
  await hours(site, 1);
  expect((await site.api.schedules.list({}))[0]).toMatchObject({
    state: 'due',
    stateText: 'Waits for "Full backup" to end',
  });
  const before = agent.calls.filter((call) => call === 'backup').length;
  agent.gate = null;
  gate.resolve();
  await site.ended(byHand.jobId);
  await site.pass(5_000);
  expect(agent.calls.filter((call) => call === 'backup').length).toBe(before + 1);
  expect(await site.api.schedules.save(kept).catch((error: HoldfastError) => error.name)).toMatchObject({ id });
  await site.during(site.engine.stop());
}, 120_000);
