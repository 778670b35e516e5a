// The agent as it runs in the product: a process of its own, asked over its channel.
import fs from 'node:fs';
import path from 'node:path';
import { createChildLauncher } from '../core/agent/launch-child.ts';
import type { AgentProcess } from '../core/agent/types.ts';
import { type BackupResult, backupOptionsSchema } from '../core/contract/backup.ts';
import { HoldfastError } from '../core/contract/errors.ts';
import { type RestoreStep, restoreOptionsSchema } from '../core/contract/restore.ts';

const INSTANCE = 'Bench';

export class AgentUnderTest {
  readonly root: string;
  /** Where the roll-forward logs are. */
  readonly logFolder: string;
  private readonly agent: AgentProcess;

  private constructor(root: string, logFolder: string, agent: AgentProcess) {
    this.root = root;
    this.logFolder = logFolder;
    this.agent = agent;
  }

  /** Starts the agent of the folder `programs` in `root`; it protects `database`. */
  static async start(programs: string, root: string, database: string, logging = true): Promise<AgentUnderTest> {
    fs.mkdirSync(root, { recursive: true });
    const launcher = createChildLauncher({ entry: path.join(programs, 'agent.js') });
    const agent = await launcher.launch({
      ...{ name: 'BENCH', root, site: 'BENCH', organization: 'BENCH', allowedFolders: [path.dirname(database)] },
      ...{ httpPort: 0, fenceOnly: false },
    });
    await agent.api.protect({ instance: INSTANCE, path: database, replica: 1, logging });
    const { directory } = await agent.api.getConfig({ instance: INSTANCE });
    return new AgentUnderTest(root, directory, agent);
  }

  /** Takes a backup; the file must not exist. */
  async backup(
    type: 'full' | 'incremental',
    file: string,
    compression: 'zstd' | 'none' = 'zstd',
  ): Promise<BackupResult> {
    const options = backupOptionsSchema.parse({ type, file, log: path.join(this.root, 'backup.log'), compression });
    for await (const event of await this.agent.api.backup({ instance: INSTANCE, options })) {
      if (event.kind === 'result') return event.result;
    }
    throw new Error('The backup ended without a result.');
  }

  /** Restores `file` into a new file `target`; returns how long each step took, in ms. */
  async restore(
    file: string,
    target: string,
    { skipVerify, logFolder = null }: { skipVerify: boolean; logFolder?: string | null },
  ): Promise<(step: number) => number> {
    let steps: RestoreStep[] = [];
    const options = restoreOptionsSchema.parse({
      file,
      incrementals: [],
      log: path.join(this.root, 'backup.log'),
      skipVerify,
      logFolder,
    });
    for await (const event of await this.agent.api.restoreToFile({ path: target, options })) {
      if (event.kind === 'failed') throw HoldfastError.fromReport(event.error);
      if (event.kind === 'view') steps = event.view.steps;
      if (event.kind === 'result') return (step) => steps[step - 1]?.durationMs ?? Number.NaN;
    }
    throw new Error('The restore ended without a result.');
  }

  /** Size of all roll-forward logs. */
  logBytes(): number {
    if (!fs.existsSync(this.logFolder)) return 0;
    const sizes = fs.readdirSync(this.logFolder).map((name) => fs.statSync(path.join(this.logFolder, name)).size);
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Waits until nothing new comes to the logs: what was committed is in them. */
  async captured(): Promise<void> {
    for (let same = 0, before = -1; same < 5; before = this.logBytes()) {
      same = before === this.logBytes() ? same + 1 : 0;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  get pid(): number {
    return this.agent.pid;
  }

  /** Peak resident memory of the agent's process, bytes. */
  residentBytes(): number {
    const line = /VmHWM:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${this.agent.pid}/status`, 'utf8'));
    return Number(line?.[1] ?? 0) * 1024;
  }

  async stop(): Promise<void> {
    await this.agent.api.shutdown({});
    await this.agent.exited;
  }
}
