// What an agent keeps of its groups: replaced durably, never by a state that does not know it, and never lost with a damaged file.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Agent } from '../../core/agent/agent.ts';
import { forgetRecordsOf, keepGroupRecord, listGroupRecords } from '../../core/agent/group-records.ts';
import { type GroupRecord, knows } from '../../core/contract/group-records.ts';
import { withToldState } from '../../core/failover/group-record.ts';
import { newMemory } from '../../core/failover/model.ts';
import { type Files, systemFiles } from '../../core/platform/files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const config = {
  enabled: true,
  mode: 'backupAndRestore',
  members: [{ id: 'a', server: 'SRV-1', databaseServer: 'srv-1', instance: 'Directory', folder: '/b' }],
  autoReconnect: false,
  full: { kind: 'off' },
  differential: { kind: 'off' },
  whenConsoleLost: 'keep',
  probeMs: 1000,
  misses: 3,
  leaseMs: 10_000,
} as const satisfies GroupRecord['config'];

const record = (change: Partial<GroupRecord> = {}): GroupRecord => ({
  ...{ format: 1, groupId: 'g1', name: 'Main', memberId: 'a', instance: 'Directory', active: true, activeId: 'a' },
  ...{ term: 3, config, replicas: { a: 1 }, heldFenced: [], unproved: [], outOfSync: null },
  ...{ lineage: 'one', version: 5, takenOver: [], writtenAt: 0 },
  ...change,
});

function agentOn(files: Files = systemFiles, root = temporaryFolder()) {
  const agent = { spec: { name: 'SRV-1', root }, deps: { files } } as unknown as Agent;
  return { agent, root, file: path.join(root, 'groups', 'g1.json') };
}

describe('records of groups', () => {
  test('are read back as they were written, and replaced by what knows them', () => {
    const { agent } = agentOn();
    keepGroupRecord(agent, record());
    expect(listGroupRecords(agent)).toEqual({ records: [record()], damaged: [] });
    keepGroupRecord(agent, record({ version: 6 }));
    const next = record({ lineage: 'two', version: 1, takenOver: [{ lineage: 'one', version: 6 }] });
    keepGroupRecord(agent, next);
    expect(listGroupRecords(agent).records).toEqual([next]);
  });

  test.each([
    ['an older version', record({ version: 4 })],
    ['another lineage', record({ lineage: 'two', version: 9 })],
    ['a lineage that knows an older one', record({ lineage: 'two', takenOver: [{ lineage: 'one', version: 4 }] })],
  ])('are not replaced by %s', (_, older) => {
    const { agent } = agentOn();
    keepGroupRecord(agent, record());
    expect(() => keepGroupRecord(agent, older)).toThrowError(expect.objectContaining({ name: 'STALE_TERM' }));
    expect(listGroupRecords(agent).records).toEqual([record()]);
  });

  test('are durable before the name is theirs, and stay when the disk refuses', () => {
    const steps: string[] = [];
    let refuse = false;
    const files: Files = {
      ...systemFiles,
      fsyncSync(fd) {
        if (refuse) throw Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'fsync' });
        steps.push(fs.fstatSync(fd).isDirectory() ? 'sync folder' : 'sync file');
        fs.fsyncSync(fd);
      },
      renameSync(from, to) {
        steps.push('rename');
        fs.renameSync(from, to);
      },
    };
    const { agent } = agentOn(files);
    keepGroupRecord(agent, record());
    expect(steps).toEqual(['sync file', 'rename', 'sync folder']);
    refuse = true;
    expect(() => keepGroupRecord(agent, record({ version: 6 }))).toThrow();
    expect(listGroupRecords(agent).records).toEqual([record()]);
  });

  test('that cannot be read are named, and set aside before they are replaced', () => {
    const { agent, root, file } = agentOn();
    keepGroupRecord(agent, record());
    fs.writeFileSync(file, '{"format": 1, "groupId"');
    expect(listGroupRecords(agent)).toEqual({ records: [], damaged: [file] });
    keepGroupRecord(agent, record());
    expect(fs.readdirSync(path.join(root, 'groups')).sort()).toEqual(['g1.json', 'g1.json.damaged']);
  });

  test('go with the database that is let go, and with no other', () => {
    const { agent } = agentOn();
    keepGroupRecord(agent, record());
    keepGroupRecord(agent, record({ groupId: 'g2', instance: 'Other' }));
    forgetRecordsOf(agent, 'Directory');
    expect(listGroupRecords(agent).records.map((one) => one.groupId)).toEqual(['g2']);
  });
});

describe('states', () => {
  const group = (memory = newMemory('a', 1, 3), life = 'one') => ({ name: 'Main', config, memory, life });

  test('get a new version only when a member has to be told something', () => {
    const first = withToldState(group());
    expect(first.told).toMatchObject({ lineage: 'one', version: 1 });
    expect(withToldState(group({ ...first, lastFullAt: 9 })).told).toEqual(first.told);
    expect(withToldState(group({ ...first, term: 4 })).told?.version).toBe(2);
  });

  test('of an engine that goes on from an older catalog are never taken for newer ones', () => {
    const old = withToldState(group());
    const newer = withToldState(group({ ...old, term: 4 })).told;
    const setBack = withToldState(group({ ...old, term: 9 }, 'two')).told;
    if (!newer || !setBack) throw new Error('no state');
    expect(knows(setBack, newer)).toBe(false);
    expect(knows(newer, setBack)).toBe(false);
    if (!old.told) throw new Error('no state');
    expect(knows(setBack, old.told)).toBe(true);
  });
});
