// Where capture goes on after a restart: the agent's state and the last log record both know a place.
import type { Vector } from '../contract/common.ts';
import type { CapturePosition } from '../sqlite/types.ts';
import { stampOf } from './vector.ts';

interface KnownPlace {
  position: CapturePosition | null;
  vector: Vector;
}

/**
 * The log wins where it holds a commit that the state does not know: a record can be durable while the state after it is not.
 * Otherwise the state is at least as new, since it also knows seals and restarts that left no record.
 */
export function resumePosition(state: KnownPlace, log: KnownPlace, origin: number): CapturePosition | null {
  const inState = stampOf(state.vector, origin)?.seq ?? 0;
  const inLog = stampOf(log.vector, origin)?.seq ?? 0;
  return inLog > inState ? log.position : state.position;
}
