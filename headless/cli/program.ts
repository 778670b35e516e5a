// The command line as a whole: its commands by group, and what becomes of words that are no command.
import { Command, CommanderError } from 'commander';
import { HoldfastError } from '../../core/contract/errors.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { addBackendCommands } from './grammar/backends.ts';
import { addBackupCommands } from './grammar/backup.ts';
import { addEngineCommands } from './grammar/engine.ts';
import { addErrorsCommand } from './grammar/errors.ts';
import { addFileCommands } from './grammar/files.ts';
import { addLoggingCommands } from './grammar/logging.ts';
import { addProtectionCommands } from './grammar/protection.ts';
import type { Run } from './grammar/shared.ts';
import { addUnattendedCommands } from './grammar/unattended.ts';
import { printFailure, runAndPrint } from './output.ts';
import { createProgress } from './progress.ts';

/** Runs one command line (without the program's own name) and returns the exit code. */
export async function runCommandLine(argv: string[]): Promise<number> {
  const words = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const json = words.includes('--json');
  let code = 0;
  let complaint = '';
  const run: Run = async (work) => {
    code = await runAndPrint(json, () => work(createProgress(process.stderr)));
  };
  const program = buildProgram(run, (text) => {
    complaint += text;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) return printFailure(json, error);
    if (error.exitCode === 0) return 0;
    const bare = error.code === 'commander.help';
    if (bare && !json) process.stderr.write(complaint);
    else printFailure(json, usageError(program, words, bare ? 'error: a command is needed' : error.message));
    return 2;
  }
}

function buildProgram(run: Run, complain: (text: string) => void): Command {
  const program = new Command('holdfast')
    .description('Backup, restore and failover for directory databases')
    .usage('COMMAND [options]')
    .version(packageJson.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .option('--json', 'print one JSON object on stdout and nothing else')
    .exitOverride()
    .configureOutput({ writeErr: complain })
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm: (command) =>
        [command.name(), ...command.registeredArguments.map((argument) => argumentTerm(argument))].join(' '),
    })
    .addHelpText(
      'after',
      `
DB is the path of a SQLite file or, except for capture, SERVER/INSTANCE, which
goes through the running engine.
Exit: 0 done, 1 failed, 2 wrong usage, 3 refused, 130 canceled.`,
    );
  addBackupCommands(program, run);
  addProtectionCommands(program, run);
  addBackendCommands(program, run);
  addLoggingCommands(program, run);
  addFileCommands(program, run);
  addEngineCommands(program, run);
  addUnattendedCommands(program, run);
  program.commandsGroup('Help:');
  addErrorsCommand(program, run);
  return program.helpCommand('help [COMMAND]', 'print the help of a command');
}

const argumentTerm = (argument: { name(): string; required: boolean; variadic: boolean }) => {
  const name = `${argument.name()}${argument.variadic ? '…' : ''}`;
  return argument.required ? name : `[${name}]`;
};

function usageError(program: Command, words: string[], message: string): HoldfastError {
  const command = program.commands.find((one) => one.name() === words.find((word) => !word.startsWith('-')));
  const hint = command ? `See: holdfast help ${command.name()}` : 'See: holdfast --help';
  return new HoldfastError('INVALID_INPUT', message.replace(/^error: /, ''), { hint });
}
