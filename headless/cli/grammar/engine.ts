// Grammar of serve and of the commands that ask the running engine.
import type { Command } from 'commander';
import { HoldfastError } from '../../../core/contract/errors.ts';
import { parseCount } from '../arguments.ts';
import {
  eventsCommand,
  groupsCommand,
  jobCommand,
  jobsCommand,
  serversCommand,
  statusCommand,
} from '../commands/engine.ts';
import { type FailoverFlags, failoverCommand } from '../commands/failover.ts';
import { type ServeFlags, serveCommand } from '../commands/serve.ts';
import { dataOption, type Run } from './shared.ts';

const ACTIONS = `
Actions:
  backup-now full|differential  run a cycle now
  switch INSTANCE               make it active now
  reconnect                     back to the master
  promote INSTANCE              make it the master
  fence [INSTANCE]              accept no writes (default: the active one)
  unfence [INSTANCE]            accept writes again
  restore-contingency ID        bring a kept copy back
  confirm [INSTANCE]            take over a group that came back from the files
                                of its members, with this one as active
  encrypt [@FILE|off]           encrypt the cycles, or give the key again, with
                                the password of the definition; off ends it

INSTANCE is SERVER/INSTANCE, or SERVER. An action that needs a confirmation
only prints its effects until --confirm gives it.`;

export function addEngineCommands(program: Command, run: Run): void {
  program.commandsGroup('Engine:');
  program
    .command('serve')
    .description('run the engine with the console in a browser')
    .option('--port <N>', 'port on the loopback address; 0 picks a free one')
    .option('--demo', 'open the demo lab')
    .option('--no-open', 'do not open a browser')
    .addOption(dataOption())
    .action((flags: ServeFlags) => run(() => serveCommand(flags)));
  const ask = (name: string, description: string) =>
    program.command(name).description(description).addOption(dataOption());
  ask('status', 'what is protected, and what needs attention').action((flags: { data?: string }) =>
    run(() => statusCommand(flags.data)),
  );
  ask('servers', 'servers and their agents').action((flags: { data?: string }) =>
    run(() => serversCommand(flags.data)),
  );
  ask('groups', 'failover groups').action((flags: { data?: string }) => run(() => groupsCommand(flags.data)));
  ask('jobs', 'jobs, newest first; or one with its log and the command to repeat it')
    .argument('[show]', 'the word “show”, for one job')
    .argument('[ID]', 'which one; the beginning of its id is enough')
    .option('--limit <N>', 'how many, 1 to 1000', '20')
    .action((word: string | undefined, id: string | undefined, flags: { data?: string; limit: string }) =>
      run(async () => {
        if (word === undefined) return await jobsCommand(flags.data, parseCount(flags.limit, '--limit', 1000));
        if (word === 'show' && id !== undefined) return await jobCommand(flags.data, id);
        throw new HoldfastError('INVALID_INPUT', 'holdfast jobs takes “show ID”, or nothing.');
      }),
    );
  ask('events', 'system messages').action((flags: { data?: string }) => run(() => eventsCommand(flags.data)));
  ask('failover', 'act on a failover group')
    .argument('<GROUP>', 'name of the group')
    .argument('<ACTION>', 'see below')
    .argument('[WHAT]', 'what the action acts on')
    .option('--confirm <NAME>', 'the typed confirmation, or yes')
    .option('--settings-of <SERVER>', 'with confirm: whose settings count where they differ')
    .addHelpText('after', ACTIONS)
    .action((group: string, action: string, what: string | undefined, flags: FailoverFlags) =>
      run((progress) => failoverCommand(group, action, what, flags, progress)),
    );
  program
    .command('agent', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action(() =>
      run(async () => {
        throw new HoldfastError('NOT_SUPPORTED', 'Agents on other machines are not in this version', {
          hint: 'Servers on this machine are added in the console; holdfast serve runs their agents.',
        });
      }),
    );
}
