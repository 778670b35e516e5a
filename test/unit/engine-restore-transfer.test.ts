// Backup sets that the target's agent cannot read where they lie are copied to it; everything else is left where it is.
import { expect, it } from 'vitest';
import { HoldfastError } from '../../core/contract/errors.ts';
import { restoreOptionsSchema } from '../../core/contract/restore.ts';
import { bringOver } from '../../core/engine/restore-transfer.ts';
import type { AgentApi } from '../../core/rpc/types.ts';

const options = restoreOptionsSchema.parse({ file: '/a/full', incrementals: ['/a/one', '/a/two'], log: '/l' });

function agent(unreadable: Record<string, HoldfastError>) {
  const calls: string[] = [];
  const api = {
    header: async ({ file }: { file: string }) => {
      if (unreadable[file]) throw unreadable[file];
      return {};
    },
    checkFolder: async ({ folder, create }: { folder: string; create: boolean }) => {
      calls.push(`folder ${folder} ${create}`);
      return { writable: true, freeBytes: null, problem: null };
    },
    receive: async ({ files, folder }: { files: string[]; folder: string }) => {
      calls.push(`receive ${files.join()}`);
      return (async function* () {
        yield { kind: 'progress', progress: { phase: 'Copying', phaseIndex: 1, phaseCount: 1, done: 1, total: 2 } };
        yield { kind: 'result', files: [`${folder}/${files[0]?.split('/').at(-1)}`] };
      })();
    },
  };
  return { api: api as unknown as AgentApi, calls };
}

const job = () => {
  const said: string[] = [];
  const note = { log: (_: string, text: string) => void said.push(text), report: () => void said.push('progress') };
  return { said, job: { ...note, signal: new AbortController().signal } as never };
};

it('copies only what cannot be read, and restores from the copy', async () => {
  const { api, calls } = agent({ '/a/one': new HoldfastError('NO_PERMISSION', 'not for you') });
  const { said, job: context } = job();
  const brought = await bringOver(api, '/root', options, context);
  expect([brought.file, brought.incrementals]).toEqual(['/a/full', ['/root/incoming/one', '/a/two']]);
  expect(calls).toEqual(['folder /root/incoming true', 'receive /a/one']);
  expect(said).toEqual([expect.stringContaining('not for you'), 'progress']);
});

it('does not copy what is damaged, and says so', async () => {
  const { api, calls } = agent({ '/a/two': new HoldfastError('BACKUP_DAMAGED', 'a block is wrong') });
  await expect(bringOver(api, '/root', options, job().job)).rejects.toMatchObject({ name: 'BACKUP_DAMAGED' });
  expect(calls).toEqual([]);
});
