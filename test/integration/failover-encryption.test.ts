// Encrypted cycles of a group: every member gets the key from the password once; who lacks it is named, and nothing goes unencrypted instead.
import { expect, test } from 'vitest';
import type { FakeServer } from '../support/failover-agents.ts';
import { FailoverLab } from '../support/failover-lab.ts';

const salt = 'ab'.repeat(16);

const made = async () => {
  const lab = new FailoverLab();
  await lab.group();
  lab.server('SRV-1').definition = salt;
  return lab;
};

const backups = (lab: FailoverLab) => [...(lab.disk as FakeServer['disk'])].map(([file, { key }]) => ({ file, key }));
const newest = (lab: FailoverLab) => backups(lab).at(-1);
const key = (lab: FailoverLab, server: string) => lab.messages.get(`${lab.groupId}:key:${server}`);

test('is off until the password is given, and on for every member from the next full backup', async () => {
  const lab = await made();
  expect(backups(lab).every((one) => one.key === null)).toBe(true);
  const { members } = await lab.service.encrypt(lab.groupId, 'right');
  expect(members).toEqual(['SRV-1', 'SRV-2', 'SRV-3'].map((server) => ({ server, problem: null })));
  expect(lab.view().config.encryption).toEqual({ name: 'Archive', salt });
  const before = lab.disk.size;
  lab.server('SRV-1').write();
  await lab.rounds(2);
  const made_ = backups(lab).slice(before);
  expect(made_.length).toBeGreaterThan(0);
  expect(made_.every((one) => one.key === salt)).toBe(true);
  for (const name of ['SRV-2', 'SRV-3']) expect(lab.row(name)).toMatchObject({ state: 'InSync', behindCommits: 0 });
  // Settings that were read before do not turn it off.
  const { encryption: _, ...older } = lab.view().config;
  await lab.service.apply(lab.groupId, { ...older, misses: 5 });
  expect(lab.view().config).toMatchObject({ misses: 5, encryption: { salt } });
});

test('a wrong password, or none to go by, changes nothing', async () => {
  const lab = await made();
  await expect(lab.service.encrypt(lab.groupId, 'wrong')).rejects.toMatchObject({ name: 'WRONG_PASSWORD' });
  lab.server('SRV-1').definition = null;
  await expect(lab.service.encrypt(lab.groupId, 'right')).rejects.toMatchObject({ name: 'NOT_FOUND' });
  expect(lab.view().config.encryption ?? null).toBeNull();
  lab.server('SRV-1').write();
  await lab.jobs.wait((await lab.service.backupNow(lab.groupId, 'full')).jobId);
  expect(newest(lab)?.key).toBeNull();
});

test('a copy that lacks the key says so in its row and in a message, and takes the chain once it has it', async () => {
  const lab = await made();
  lab.server('SRV-3').reachable = false;
  await lab.rounds(4);
  const { members } = await lab.service.encrypt(lab.groupId, 'right');
  expect(members[2]).toMatchObject({ server: 'SRV-3', problem: expect.stringContaining('does not answer') });
  expect(key(lab, 'SRV-3')).toMatchObject({ level: 'critical', standing: true });
  lab.server('SRV-1').write();
  await lab.rounds(2);
  expect(lab.row('SRV-2').state).toBe('InSync');
  lab.server('SRV-3').reachable = true;
  await lab.rounds(3);
  expect(lab.row('SRV-3')).toMatchObject({ state: 'Error', stateText: expect.stringContaining('Give the password') });
  const held = new Set(lab.server('SRV-3').database().content);
  expect(held.size).toBe(3);
  expect((await lab.service.encrypt(lab.groupId, 'right')).members[2]).toEqual({ server: 'SRV-3', problem: null });
  await lab.rounds(3);
  expect(lab.row('SRV-3')).toMatchObject({ state: 'InSync', behindCommits: 0 });
  expect(key(lab, 'SRV-3')).toBeUndefined();
});

test('a backup database that became active without the key makes no backups until it has it', async () => {
  const lab = await made();
  lab.server('SRV-2').reachable = false;
  await lab.rounds(4);
  await lab.service.encrypt(lab.groupId, 'right');
  lab.server('SRV-2').reachable = true;
  lab.server('SRV-1').kill();
  await lab.rounds(6);
  expect(lab.active).toBe('SRV-2');
  const before = lab.disk.size;
  await lab.rounds(40);
  expect(lab.disk.size).toBe(before);
  expect(key(lab, 'SRV-2')).toBeDefined();
  expect(lab.jobs.recent(3)[0]).toMatchObject({ kind: 'contingency', error: { name: 'PASSWORD_REQUIRED' } });
  // The recipe comes from another member that has the key: the master is away.
  await lab.service.encrypt(lab.groupId, 'right');
  await lab.rounds(20);
  const contingencies = backups(lab).filter(({ file }) => file.includes('ContingencyBackups'));
  expect(contingencies.length).toBeGreaterThan(0);
  expect(contingencies.every((one) => one.key === salt)).toBe(true);
  expect(lab.row('SRV-3').state).toBe('InSync');
  expect(key(lab, 'SRV-2')).toBeUndefined();
});

test('a change of the active database hands its last commits over encrypted', async () => {
  const lab = await made();
  await lab.service.encrypt(lab.groupId, 'right');
  await lab.rounds(2);
  const before = lab.disk.size;
  lab.server('SRV-1').write();
  await lab.do({ kind: 'switch', memberId: 'srv-2' });
  await lab.rounds(3);
  expect(lab.writers).toEqual(['SRV-2']);
  expect(lab.server('SRV-2').database().content.size).toBe(4);
  expect(lab.disk.size).toBeGreaterThan(before);
  expect(
    backups(lab)
      .slice(before)
      .every((one) => one.key === salt),
  ).toBe(true);
});

test('turning it off begins a new chain in clear', async () => {
  const lab = await made();
  await lab.service.encrypt(lab.groupId, 'right');
  await lab.rounds(2);
  await lab.service.encrypt(lab.groupId, null);
  lab.server('SRV-1').write();
  await lab.rounds(2);
  expect(newest(lab)?.key).toBeNull();
  expect(lab.row('SRV-2')).toMatchObject({ state: 'InSync', behindCommits: 0 });
});
