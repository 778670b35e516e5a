// One ticking clock for all ages on the page, on the engine's time, so that a console with a wrong clock shows right ages.
import { useSyncExternalStore } from 'react';

let offset = 0;
let current = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | null = null;

/** Tells the clock what time it is at the engine. Small jitter is ignored, so ages don't jump. */
export function setEngineClock(now: number): void {
  const next = now - Date.now();
  if (Math.abs(next - offset) > 250) offset = next;
  current = Date.now() + offset;
}

/** Engine time in ms, now. */
export const engineNow = (): number => Date.now() + offset;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    current = Date.now() + offset;
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && timer) {
      clearInterval(timer);
      timer = null;
    }
  };
}

/** Engine time in ms, again every second. */
export const useNow = (): number =>
  useSyncExternalStore(
    subscribe,
    () => current,
    () => current,
  );
