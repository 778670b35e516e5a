// Grammar of the commands that only read backup files and logs.
import type { Command } from 'commander';
import { catalogCommand, headerCommand, logCommand, type VerifyFlags, verifyCommand } from '../commands/inspect.ts';
import { collected, type Run } from './shared.ts';

export function addFileCommands(program: Command, run: Run): void {
  program.commandsGroup('Backup files:');
  program
    .command('header')
    .description('the XML header of a backup file')
    .argument('<FILE>', 'backup file')
    .action((file: string) => run(() => headerCommand(file)));
  program
    .command('verify')
    .description('check every checksum and link; writes nothing')
    .argument('<FILE...>', 'backup files')
    .option('--folder <FOLDER>', 'where else parts may lie', collected)
    .option('--decrypt [@FILE]', 'password or key file of encrypted backups')
    .action((files: string[], flags: VerifyFlags) => run(() => verifyCommand(files, flags)));
  program
    .command('log')
    .description('the entries of a backup log with their verdicts')
    .argument('<LOG>', 'backup log')
    .action((file: string) => run(() => logCommand(file)));
  program
    .command('catalog')
    .description('the backups and logs in and below these folders, of any database, as chains with gaps')
    .argument('<FOLDER...>', 'folders of backup files')
    .option(
      '--logs <FOLDER>',
      'a folder of roll-forward logs as well',
      (one: string, all: string[]) => [...all, one],
      [],
    )
    .option('--flat', 'only these folders, nothing below them')
    .action((folders: string[], flags: { logs: string[]; flat?: boolean }) =>
      run(() => catalogCommand(folders, flags.logs, !flags.flat)),
    );
}
