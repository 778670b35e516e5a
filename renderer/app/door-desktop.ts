// The desktop door: asks the preload for a message port to the engine in the main process.

/** What the preload exposes; nothing generic. */
export interface DesktopBridge {
  /** Asks for a port; it arrives as a window message `holdfast:port`, since a port cannot cross the bridge itself. */
  connect(): void;
}

declare global {
  interface Window {
    holdfast?: DesktopBridge;
  }
}

const ANSWER_MS = 5_000;

export interface OpenPort {
  port: MessagePort;
  closed: Promise<void>;
  close(): void;
}

/** Resolves with a started port; rejects when the main process does not hand one over in time. */
export function openPort(bridge: DesktopBridge): Promise<OpenPort> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      clearTimeout(timer);
      window.removeEventListener('message', onMessage);
    };
    const timer = setTimeout(() => {
      settle();
      reject(new Error('the main process did not hand over a port'));
    }, ANSWER_MS);
    const onMessage = (event: MessageEvent) => {
      const [port] = event.ports;
      // Only the preload of this very window posts under our origin with the window itself as the source.
      if (event.source !== window || event.data !== 'holdfast:port' || !port) return;
      settle();
      let finish = () => {};
      const closed = new Promise<void>((resolveClosed) => {
        finish = resolveClosed;
      });
      port.addEventListener('close', finish);
      port.start();
      resolve({
        port,
        closed,
        close() {
          port.close();
          finish();
        },
      });
    };
    window.addEventListener('message', onMessage);
    bridge.connect();
  });
}
