// What the commands' grammars have in common.
import { type Command, Option } from 'commander';
import { HoldfastError } from '../../../core/contract/errors.ts';
import type { CommandResult } from '../output.ts';
import type { ProgressSink } from '../progress.ts';

/** Runs the work of a command and remembers the exit code. */
export type Run = (work: (progress: ProgressSink) => Promise<CommandResult>) => Promise<void>;

export const DB = 'path of a SQLite file, or SERVER/INSTANCE';

/** An option that may be given more than once. */
export const collected = (one: string, all: string[] = []): string[] => [...all, one];

/** `--data`: which engine is meant. */
export const dataOption = () => new Option('--data <FOLDER>', "the engine's data folder");

/** `--backend`: further files that belong to the database, each under its name. */
export const backendOption = () =>
  new Option('--backend <ID=PATH>', 'a further file of the same database, backed up and restored with it').argParser(
    collected,
  );

/** A database as a set of backends has its switch already, so that it is refused by its meaning and not as unknown. */
export function refuseBackends(command: Command): Command {
  const refuse = (given: string): never => {
    throw new HoldfastError('NOT_SUPPORTED', `--backend ${given}: this command works on one file`, {
      hint: 'Give the path of one SQLite file.',
    });
  };
  return command.addOption(new Option('--backend <ID=PATH>').argParser(refuse).hideHelp());
}
