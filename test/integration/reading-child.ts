// Child of the tests of retention: restores straight from backup files, as a command line does that knows no engine. It writes a line for
// each thing that happens. `hold FILE TARGET` stays in the middle of reading until the file TARGET.go is there, with `none` after it for a
// full alone; `each FOLDER COUNT` restores r0.bak, r1.bak, … one after the other.
import fs from 'node:fs';
import path from 'node:path';
import { openDirectAgent } from '../../core/agent/open-agent.ts';
import { failure } from '../support/agent-lab.ts';

const [mode, where = '', given = '', increments] = process.argv.slice(2);
const say = (line: string) => fs.writeSync(1, `${line}\n`);
const sleep = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);

let reading = false;
const agent = await openDirectAgent(null, {
  deps: {
    at(step) {
      if (step !== 'step3.begin') return;
      reading = true;
      if (mode !== 'hold') return;
      say('reading');
      while (!fs.existsSync(`${given}.go`)) sleep();
    },
  },
});

async function restore(file: string, target: string): Promise<string> {
  const incrementals = increments === 'none' ? [] : null;
  const options = { file, incrementals, log: `${target}.log`, skipVerify: true };
  const run = async () => {
    for await (const event of await agent.api.restoreToFile({ path: target, options })) {
      if (event.kind === 'failed') throw Object.assign(new Error(event.error.message), { name: event.error.name });
    }
  };
  try {
    await run();
    return 'restored';
  } catch (error) {
    return (error as Error).name === 'Error' ? await failure(Promise.reject(error)) : (error as Error).name;
  }
}

if (mode === 'hold') say(await restore(where, given));
else
  for (let n = 0; n < Number(given); n++) {
    reading = false;
    const file = path.join(where, `r${n}.bak`);
    say(`begin ${n}`);
    const outcome = await restore(file, path.join(where, `r${n}.db`));
    say(`${outcome} ${reading ? 'after reading' : 'unread'} ${n}`);
  }
await agent.close();
