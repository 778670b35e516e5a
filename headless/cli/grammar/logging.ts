// Grammar of getconfig, setconfig, logs, hazards, capture and vector.
import type { Command } from 'commander';
import { vectorCommand } from '../commands/inspect.ts';
import { hazardsCommand, type LogsFlags, logsCommand } from '../commands/log-files.ts';
import { captureCommand, getconfigCommand, type SetconfigFlags, setconfigCommand } from '../commands/logging.ts';
import { DB, dataOption, type Run, refuseBackends } from './shared.ts';

export function addLoggingCommands(program: Command, run: Run): void {
  program.commandsGroup('Roll-forward logs:');
  program
    .command('getconfig')
    .description('settings of the roll-forward logs')
    .argument('<DB>', DB)
    .option('--backend <ID>', 'the logs of one file of several')
    .addOption(dataOption())
    .action((db: string, flags: { data?: string; backend?: string }) => run(() => getconfigCommand(db, flags)));
  refuseBackends(program.command('setconfig'))
    .description('change them')
    .argument('<DB>', DB)
    .option('-L, --on', 'turn continuous logging on')
    .option('-l, --off', 'turn it off')
    .option('-r, --directory <FOLDER>', 'folder of the logs (nds.rfl is made below it)')
    .option('-n, --min <BYTES>', 'minimum size of a log')
    .option('-m, --max <BYTES>', 'maximum size of a log')
    .option('-s, --roll', 'start a new log now')
    .option('--stop-when-full <on|off>', 'turn logging off by itself when its volume is full; off unless set')
    .addOption(dataOption())
    .action((db: string, flags: SetconfigFlags) => run(() => setconfigCommand(db, flags)));
  program
    .command('logs')
    .description('the logs, and which of them may go')
    .argument('<DB>', DB)
    .option('--delete <LOG...>', 'delete these, if no backup that is kept needs one')
    .option('--delete-safe', 'delete all that may go')
    .option('--backups <FOLDER...>', 'further folders with backups that are kept')
    .option('--backend <ID>', 'the logs of one file of several')
    .option('--confirm <yes>', 'confirm the deletion')
    .addOption(dataOption())
    .action((db: string, flags: LogsFlags) => run(() => logsCommand(db, flags)));
  program
    .command('hazards')
    .description('what endangers a database, and who uses it')
    .argument('<DB>', DB)
    .addOption(dataOption())
    .action((db: string, flags: { data?: string }) => run(() => hazardsCommand(db, flags.data)));
  refuseBackends(program.command('capture'))
    .description('write the logs in the foreground until SIGTERM')
    .argument('<DB...>', 'paths of SQLite files')
    .action((databases: string[]) => run(() => captureCommand(databases)));
  refuseBackends(program.command('vector'))
    .description('the transitive vector')
    .argument('<DB>', DB)
    .addOption(dataOption())
    .action((db: string, flags: { data?: string }) => run(() => vectorCommand(db, flags.data)));
}
