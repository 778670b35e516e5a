// Grammar of security and encryption.
import type { Command } from 'commander';
import {
  type EncryptionFlags,
  encryptionCommand,
  type SecurityFlags,
  securityCommand,
} from '../commands/protection.ts';
import { collected, DB, dataOption, type Run } from './shared.ts';

export function addProtectionCommands(program: Command, run: Run): void {
  program
    .command('security')
    .description('files that backups take along under a password')
    .argument('<DB>', DB)
    .option('--add <PATH>', 'a certificate, keyring or configuration file, or a folder of them', collected)
    .option('--remove <PATH>', 'name it no more', collected)
    .addOption(dataOption())
    .action((db: string, flags: SecurityFlags) => run(() => securityCommand(db, flags)));
  program
    .command('encryption')
    .description('keys under which backups are encrypted')
    .argument('<DB>', DB)
    .option('--define <NAME>', 'a new definition; the first one is preferred')
    .option('-e, --password [@FILE]', 'its password')
    .option('--keep', 'the server keeps the key, so that schedules need nobody')
    .option('--prefer <NAME>', 'encrypt new backups under it; none for no encryption')
    .option('--forget <NAME>', 'remove a definition; its kept key stays')
    .option('--erase-key', 'with --forget: the kept key as well')
    .addOption(dataOption())
    .action((db: string, flags: EncryptionFlags) => run(() => encryptionCommand(db, flags)));
}
