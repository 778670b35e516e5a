// Message ports: the common shape of a MessagePort, Electron's MessagePortMain, and a child process's IPC channel.
import type { ChildProcess } from 'node:child_process';

export interface MessagePortLike {
  on(event: string, callback: (event?: { data: unknown }) => void): void;
  postMessage(data: unknown): void;
}

/** The parent's end of a forked child's IPC channel; fork it with `serialization: 'advanced'`. */
export function portToChild(child: ChildProcess): MessagePortLike {
  return {
    on(event, callback) {
      if (event === 'message') child.on('message', (data) => callback({ data }));
      if (event === 'close') child.on('disconnect', () => callback());
    },
    postMessage(data) {
      if (child.connected) child.send(data as never, () => {});
    },
  };
}

/** The child's end. */
export function portToParent(): MessagePortLike {
  return {
    on(event, callback) {
      if (event === 'message') process.on('message', (data) => callback({ data }));
      if (event === 'close') process.on('disconnect', () => callback());
    },
    postMessage(data) {
      if (process.connected) process.send?.(data, undefined, undefined, () => {});
    },
  };
}
