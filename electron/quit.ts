// Leaving: asks when jobs run, then stops everything in order, once.
import { app, dialog } from 'electron';
import type { Job } from '../core/contract/jobs.ts';

const running: readonly Job['status'][] = ['queued', 'running', 'canceling'];

export interface Leaving {
  /** True from the moment when leaving was decided: windows may close for good. */
  readonly decided: boolean;
  /** Leaves; asks first when jobs run, unless `force`. */
  leave(force?: boolean): Promise<void>;
}

/** `stop` ends the engine in an orderly way; when it fails the app ends with exit code 1 and says why. */
export function createLeaving(currentJobs: () => Job[], stop: () => Promise<void>): Leaving {
  let decided = false;
  let asking = false;
  return {
    get decided() {
      return decided;
    },
    async leave(force = false) {
      if (decided || (asking && !force)) return;
      const jobs = currentJobs().filter((job) => running.includes(job.status));
      if (jobs.length > 0 && !force) {
        asking = true;
        const leaveAnyway = await ask(jobs);
        asking = false;
        if (!leaveAnyway || decided) return;
      }
      decided = true;
      let exitCode = 0;
      try {
        await stop();
      } catch (error) {
        exitCode = 1;
        console.error(error);
      }
      app.exit(exitCode);
    },
  };
}

async function ask(jobs: Job[]): Promise<boolean> {
  const { response } = await dialog.showMessageBox({
    type: 'warning',
    title: 'Holdfast',
    message: jobs.length === 1 ? 'A job is still running.' : `${jobs.length} jobs are still running.`,
    detail: `${jobs.map((job) => `${job.title} · ${job.target}`).join('\n')}\n\nQuitting interrupts them. Nothing that was finished is lost.`,
    buttons: ['Cancel', 'Quit anyway'],
    defaultId: 0,
    cancelId: 0,
  });
  return response === 1;
}
