// holdfast errors: the error catalogue, whole or what a number, a name or words mean.
import { type ErrorEntry, findErrors } from '../../../core/contract/error-table.ts';
import { HoldfastError } from '../../../core/contract/errors.ts';
import type { CommandResult } from '../output.ts';

export function errorsCommand(words: string[]): CommandResult {
  const search = words.join(' ');
  const exact = findErrors(search).filter(({ name, code }) => name === search.toUpperCase() || String(code) === search);
  const found = exact.length > 0 ? exact : findErrors(search);
  if (found.length === 0)
    throw new HoldfastError('NOT_FOUND', `No error has the number or the words “${search}”`, {
      hint: 'Run: holdfast errors, for all of them.',
    });
  return { json: { errors: found }, text: found.length <= 3 ? found.flatMap(inFull) : found.map(inOneLine) };
}

const inOneLine = ({ code, name, cause }: ErrorEntry) => `${String(code).padStart(6)}  ${name.padEnd(26)} ${cause}`;

function inFull({ code, hex, name, field, cause, hint, reserved }: ErrorEntry): string[] {
  return [
    `${code} ${name}`,
    `  hex         ${hex}`,
    ...(field ? [`  elsewhere   ${field}`] : []),
    `  cause       ${cause}`,
    `  next step   ${hint}`,
    ...(reserved ? [`  reserved    ${reserved}`] : []),
  ];
}
