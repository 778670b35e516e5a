// Grammar of the command that explains error codes.
import type { Command } from 'commander';
import { errorsCommand } from '../commands/errors.ts';
import type { Run } from './shared.ts';

export function addErrorsCommand(program: Command, run: Run): void {
  program
    .command('errors')
    .description('what an error code means and what to do: all, or by number, name or words')
    .argument('[CODE...]', 'a number such as -6034, a name such as VERIFICATION_BEHIND, or words')
    .allowUnknownOption()
    .action((words: string[]) => run(async () => errorsCommand(words)));
}
