// Grammar of backup, restore and restadv. Switches follow the backup tool of the field where it has one.
import type { Command } from 'commander';
import { type BackupFlags, backupCommand } from '../commands/backup.ts';
import { type RecoverFlags, recoverCommand } from '../commands/recover.ts';
import { type RestadvFlags, restadvCommand } from '../commands/restadv.ts';
import { type RestoreFlags, restoreCommand } from '../commands/restore.ts';
import { waysCommand } from '../commands/restore-plan.ts';
import { backendOption, collected, DB, dataOption, type Run } from './shared.ts';

const SECRETS = '\nPasswords: in a file (@FILE), in the variable HOLDFAST_PASSWORD, or asked for.';

export function addBackupCommands(program: Command, run: Run): void {
  program.commandsGroup('Backup and restore:');
  program
    .command('backup')
    .addOption(backendOption())
    .description('back up a database')
    .argument('[DB]', `${DB}; not needed where --backend names all files`)
    .option('-f, --file <FILE>', 'backup file')
    .option('-l, --log <FILE>', 'backup log, appended')
    .option('-b, --full', 'full backup (default)')
    .option('-i, --incremental', 'pages changed since the last backup')
    .option('--at <MOMENT>', 'state at the start or the end of the backup', 'start')
    .option('-c, --cold', 'cold backup: with the database closed; a full one')
    .option('-o, --leave-closed', 'with -c: leave the database closed')
    .option('-d, --disable', 'with -c: leave it closed and locked, for a move to other hardware')
    .option('-e, --password [@FILE]', 'take the security files along under this password')
    .option('--no-security', 'leave the security files out')
    .option('-u, --include <FILE>', 'take the files along that this file lists (full paths, separated by ;)')
    .option('--encrypt [@FILE]', 'encrypt the pages: under the preferred definition, or this password or key file')
    .option('--no-encrypt', 'do not encrypt them')
    .option('-s, --size <BYTES>', 'split into files of about this size (100m, 2g)')
    .option('--spread <FOLDER>', 'with -s: a further folder that takes the files in turn', collected)
    .option('-w, --overwrite', 'overwrite an existing file')
    .option('--level <N>', 'zstd level, 1 to 19', '1')
    .option('--no-compress', 'store pages as they are')
    .addOption(dataOption())
    .addHelpText('after', SECRETS)
    .action((db: string | undefined, flags: BackupFlags) => run((progress) => backupCommand(db, flags, progress)));

  program
    .command('restore')
    .addOption(backendOption())
    .description('restore a full backup, its incrementals and logs')
    .requiredOption('-f, --file <FILE>', 'full backup')
    .option('-l, --log <FILE>', 'backup log, appended')
    .option('--to <DB>', 'database file, or SERVER/INSTANCE')
    .option('-r, --restore', 'restore the database; without it only other files')
    .option('-e, --password [@FILE]', 'restore the security files')
    .option('-u, --include', 'restore the included files')
    .option('--files-to <FOLDER>', 'put other files there instead of their own places')
    .option('--decrypt [@FILE]', 'password or key file of encrypted backups (default: that of -e)')
    .option('--folder <FOLDER>', 'where else incrementals and parts may lie', collected)
    .option('-i, --incrementals <FILES>', 'comma separated (default: found by id beside the full)')
    .option('-d, --directory <FOLDERS>', 'folder of the roll-forward logs to replay, or several, comma separated')
    .option('--backend-directory <ID=FOLDER>', 'folder of the logs of a further file', collected)
    .option('--until <TIME>', 'up to the last commit at or before (ISO time), or to the commit of a stamp')
    .option('--plan', 'only show what would be read, how far it reaches and what is missing')
    .option('--peers <FILE>', 'JSON list of servers and vectors to verify against')
    .option('--wait <TIME>', 'for servers without a vector: seconds, or such as 10m; the file is read again meanwhile')
    .option('-n, --no-verify', 'do not verify')
    .option('-a, --activate', 'activate after a good verification')
    .option('-v, --override', 'activate without a good verification')
    .option('-o, --open', 'open the database when finished')
    .option('-k, --clear-lock', 'clear the lock')
    .option('-s, --keep-log-settings', 'keep the roll-forward log settings')
    .option('--confirm <NAME>', 'through the engine: the typed confirmation')
    .addOption(dataOption())
    .addHelpText('after', SECRETS)
    .action((flags: RestoreFlags) => run((progress) => restoreCommand(flags, progress)));

  program
    .command('ways')
    .description('the ways to bring a database back: how fast, with what loss')
    .argument('<NAME>', 'SERVER/INSTANCE')
    .addOption(dataOption())
    .action((name: string, flags: { data?: string }) => run(() => waysCommand(name, flags.data)));

  program
    .command('restadv')
    .description('activate or delete the set that waits in RST')
    .requiredOption('--to <DB>', 'database file, or SERVER/INSTANCE')
    .option('-l, --log <FILE>', 'backup log, appended')
    .option('-v, --override', 'activate without a good verification')
    .option('-n, --no-verify', 'the same')
    .option('-o, --open', 'open the database')
    .option('-k, --clear-lock', 'clear the lock')
    .option('-m, --delete', 'delete the set in RST')
    .option('--recover', 'after -6034: what is missing, who has it, and the ways on')
    .option('--folder <FOLDER>', 'with --recover: where else logs and backups may lie', collected)
    .option('--peers <FILE>', 'with --recover: what the servers hold now')
    .option('--way <N>', 'with --recover, through the engine: carry this way out')
    .option('--confirm <NAME>', 'through the engine: the typed confirmation')
    .addOption(dataOption())
    .action((flags: RestadvFlags & RecoverFlags & { recover?: boolean }) =>
      run((progress) => (flags.recover ? recoverCommand(flags, progress) : restadvCommand(flags))),
    );
}
