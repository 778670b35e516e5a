// What the guided recovery found, as lines for a person and as JSON.
import type { Recovery } from '../../core/contract/recovery.ts';
import { lossText, rangeText } from '../../core/engine/recovery-words.ts';
import { isoTime, stampTexts } from './json-forms.ts';

/** A numbered list, best first; each way with the command that carries it out. */
export function recoveryLines({ missing, loss, searched, ways, status }: Recovery): string[] {
  if (status !== 'behind') return ['Nothing is known to be missing.'];
  const problems = searched.filter((one) => one.problem !== null);
  return [
    'Missing:',
    ...missing.map((range) => `  ${rangeText(range)}`),
    `  in all ${lossText(loss)}`,
    ...problems.map(
      ({ server, folder, problem }) => `Not searched: ${folder}${server ? ` on ${server}` : ''}: ${problem}`,
    ),
    'Ways on:',
    ...ways.flatMap((way, i) => [`  ${i + 1}. ${way.title}. ${way.text}`, `     ${way.command}`]),
  ];
}

export function recoveryForm({ status, restoredTo, missing, loss, searched, ways }: Recovery): Record<string, unknown> {
  return {
    status,
    restoredTo: isoTime(restoredTo),
    missing: missing.map((range) => ({
      ...range,
      from: range.from && stampTexts([range.from])[0],
      to: stampTexts([range.to])[0],
    })),
    loss,
    searched,
    ways: ways.map((way) => ({
      ...way,
      reaches: stampTexts(way.reaches),
      ...(way.backends ? { backends: way.backends.map(({ id, vector }) => ({ id, vector: stampTexts(vector) })) } : {}),
      reachesTo: isoTime(way.reachesTo),
    })),
  };
}
