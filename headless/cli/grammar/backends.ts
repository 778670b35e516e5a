// Grammar of the command for the files of an instance.
import type { Command } from 'commander';
import { type BackendsFlags, backendsCommand } from '../commands/backends.ts';
import { dataOption, type Run } from './shared.ts';

export function addBackendCommands(program: Command, run: Run): void {
  program
    .command('backends')
    .description('the files of a database that has several')
    .argument('<NAME>', 'SERVER/INSTANCE')
    .option('--add <ID=PATH>', 'back this file up and restore it together with the others')
    .option('--switch-to-wal', 'with --add: switch it to WAL, which logging needs')
    .option('--remove <ID>', 'take a further file out; file, logs and backups stay')
    .addOption(dataOption())
    .action((name: string, flags: BackendsFlags) => run(() => backendsCommand(name, flags)));
}
