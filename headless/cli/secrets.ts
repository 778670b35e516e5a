// Passwords for the command line: from a file that an option names, from a variable, or asked on a terminal without showing them.
import { HoldfastError } from '../../core/contract/errors.ts';
import { readPassword } from './arguments.ts';

/** As `readPassword`, but asks on a terminal where an option stands alone and the variable is not set. */
export async function readSecret(option: string | true | undefined, what: string): Promise<string | null> {
  const { HOLDFAST_PASSWORD: given } = process.env;
  if (option !== true || given || !process.stdin.isTTY) return readPassword(option);
  return await askHidden(`Password for ${what}: `);
}

/** Twice, for a password that nobody could recover. */
export async function readNewSecret(option: string | true | undefined, what: string): Promise<string> {
  const first = await readSecret(option ?? true, what);
  if (option !== undefined && option !== true) return first ?? '';
  if (process.env.HOLDFAST_PASSWORD || !process.stdin.isTTY) return first ?? '';
  if ((await askHidden('The same again: ')) === first) return first ?? '';
  throw new HoldfastError('INVALID_INPUT', 'The two passwords differ.');
}

/** One line from the terminal, which is told to show nothing of it. Throws CANCELLED on Ctrl+C. */
function askHidden(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.resume();
  stdin.setEncoding('utf8');
  return new Promise((resolve, reject) => {
    let typed = '';
    const end = () => {
      stdin.off('data', take);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
    };
    const take = (text: string) => {
      for (const key of text) {
        if (key === '\r' || key === '\n') {
          end();
          if (typed === '') reject(new HoldfastError('INVALID_INPUT', 'No password was given.'));
          else resolve(typed);
          return;
        }
        if (key === '\u0003') {
          end();
          reject(new HoldfastError('CANCELLED'));
          return;
        }
        typed = key === '\u007f' || key === '\b' ? typed.slice(0, -1) : typed + key;
      }
    };
    stdin.on('data', take);
  });
}
