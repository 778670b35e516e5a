// Runs a preload bundle as a sandboxed Electron would: in an isolated world of the page, with contextBridge and ipcRenderer only.
// The functions below are sent into the page as text; they can use nothing from this module.

export const ISOLATED_WORLD = 'holdfast-preload';
export const BINDING = 'holdfastDoubleSend';

/** In the page's own world: makes the objects that the preload exposes, each function a call across the worlds. */
function mainWorld(): void {
  if (window !== window.top) return;
  window.addEventListener('holdfast-double-expose', (event) => {
    const { name, functions } = JSON.parse((event as CustomEvent<string>).detail) as {
      name: string;
      functions: string[];
    };
    const api: Record<string, unknown> = {};
    for (const key of functions)
      api[key] = (...args: unknown[]) => {
        const detail = JSON.stringify({ name, key, args });
        window.dispatchEvent(new CustomEvent('holdfast-double-call', { detail }));
      };
    Object.defineProperty(window, name, { value: Object.freeze(api), writable: false, configurable: false });
  });
}

type Encoded = { text: string } | { bytes: string } | { json: string };

/** In the isolated world: the sandboxed `electron` module, the ports, and then the preload itself. */
function isolatedWorld(binding: string, preload: (require: unknown, module: unknown, exports: unknown) => void): void {
  if (window !== window.top) return;
  const world = globalThis as unknown as Record<string, unknown>;
  const send = (message: unknown) => (world[binding] as (text: string) => void)(JSON.stringify(message));
  const listeners = new Map<string, ((event: unknown, ...args: unknown[]) => void)[]>();
  const ports = new Map<number, MessagePort>();

  const encode = (data: unknown): Encoded => {
    if (typeof data === 'string') return { text: data };
    if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) {
      const view =
        data instanceof ArrayBuffer
          ? new Uint8Array(data)
          : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return { bytes: btoa(Array.from(view, (byte) => String.fromCharCode(byte)).join('')) };
    }
    return { json: JSON.stringify(data) };
  };
  const decode = (data: Encoded): unknown => {
    if ('text' in data) return data.text;
    if ('bytes' in data) return Uint8Array.from(atob(data.bytes), (character) => character.charCodeAt(0));
    return JSON.parse(data.json);
  };

  world.holdfastDoubleReceive = (channel: string, message: unknown, portIds: number[]) => {
    const handed = portIds.map((id) => {
      const { port1, port2 } = new MessageChannel();
      ports.set(id, port1);
      port1.onmessage = ({ data }) => send({ kind: 'port', id, data: encode(data) });
      port1.addEventListener('close', () => send({ kind: 'portClosed', id }));
      return port2;
    });
    for (const listener of listeners.get(channel) ?? []) listener({ ports: handed }, message);
  };
  world.holdfastDoublePort = (id: number, data: Encoded) => ports.get(id)?.postMessage(decode(data));
  world.holdfastDoublePortClosed = (id: number) => ports.get(id)?.close();

  const exposed = new Map<string, Record<string, (...args: unknown[]) => void>>();
  window.addEventListener('holdfast-double-call', (event) => {
    const { name, key, args } = JSON.parse((event as CustomEvent<string>).detail);
    exposed.get(name)?.[key]?.(...args);
  });
  const electron = {
    contextBridge: {
      exposeInMainWorld(name: string, api: Record<string, (...args: unknown[]) => void>) {
        exposed.set(name, api);
        const detail = JSON.stringify({ name, functions: Object.keys(api) });
        window.dispatchEvent(new CustomEvent('holdfast-double-expose', { detail }));
      },
    },
    ipcRenderer: {
      on(channel: string, listener: (event: unknown, ...args: unknown[]) => void) {
        listeners.set(channel, [...(listeners.get(channel) ?? []), listener]);
      },
      send: (channel: string, ...args: unknown[]) => send({ kind: 'send', channel, args }),
    },
  };
  const require = (name: string) => {
    if (name === 'electron') return electron;
    throw new Error(`module not found: ${name} (a sandboxed preload can require only electron)`);
  };
  const module = { exports: {} };
  preload(require, module, module.exports);
}

export const mainWorldScript = `(${mainWorld})()`;

/** `source`: the preload bundle, one CommonJS file. */
export const isolatedWorldScript = (source: string) =>
  `(${isolatedWorld})(${JSON.stringify(BINDING)}, function (require, module, exports) {${source}\n})`;
