// Entry of the command line.
import { runCommandLine } from './cli/program.ts';

// Whoever reads our output may stop reading (`| head`): that is no failure of the command.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

// Progress that nobody reads must not stop a backup.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2));
