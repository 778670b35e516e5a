// A sentence of the engine, which writes moments in UTC because it does not know its reader's zone: here they become local times.
import { Fragment } from 'react';
import { engineNow } from './clock.ts';
import { formatMoment, formatUtc } from './format-time.ts';
import { textPieces } from './text-pieces.ts';

/** To the second; UTC on hover. */
export function Moment({ at }: { at: number }) {
  return (
    <time className="hf-num" dateTime={new Date(at).toISOString()} title={formatUtc(at)}>
      {formatMoment(at, engineNow())}
    </time>
  );
}

export function EngineText({ text }: { text: string }) {
  return textPieces(text).map((piece, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one unchanging sentence
    <Fragment key={index}>{typeof piece === 'number' ? <Moment at={piece} /> : piece}</Fragment>
  ));
}
