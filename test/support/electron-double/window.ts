// Electron's BrowserWindow and its web contents over one page of Chromium.
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import type { CDPSession, Page, Frame as PageFrame, Route } from 'playwright';
import { app } from './app.ts';
import { readyBrowser } from './browser.ts';
import { ipcMain, type MessagePortMain } from './ipc.ts';
import { toAppUrl, toPageUrl } from './origins.ts';
import { BINDING, ISOLATED_WORLD, isolatedWorldScript, mainWorldScript } from './preload-host.ts';
import { routeRequests } from './session.ts';

export interface WindowOptions {
  width?: number;
  height?: number;
  x?: number;
  y?: number;
  show?: boolean;
  webPreferences?: Record<string, unknown> & { preload?: string };
}

type OpenHandler = (details: { url: string }) => { action: 'allow' | 'deny' };
type Encoded = { text: string } | { bytes: string } | { json: string };

export const windows = new Set<BrowserWindow>();
let routed: Promise<void> | null = null;

class WebContents extends EventEmitter {
  openHandler: OpenHandler | null = null;
  /** What window.open and links asked for, with the answer. */
  readonly opened: { url: string; action: string }[] = [];
  setWindowOpenHandler(handler: OpenHandler): void {
    this.openHandler = handler;
  }
}

/** A document of the page: what ipcMain gets as the sender. */
class Frame {
  readonly parent = null;
  readonly #window: BrowserWindow;
  readonly #contextId: number;
  readonly url: string;

  constructor(window: BrowserWindow, contextId: number, url: string) {
    this.#window = window;
    this.#contextId = contextId;
    this.url = url;
  }

  postMessage(channel: string, message: unknown, transfer: MessagePortMain[] = []): void {
    const ids = transfer.map((port) => this.#window.adoptPort(port, this.#contextId));
    void this.#window.callInPage(this.#contextId, 'holdfastDoubleReceive', [channel, message, ids]);
  }
}

export class BrowserWindow extends EventEmitter {
  readonly webContents = new WebContents();
  readonly options: WindowOptions;
  visible: boolean;
  #page: Page | null = null;
  #cdp: CDPSession | null = null;
  #loading: string | null = null;
  #closed = false;
  readonly #opened: Promise<void>;
  readonly #ports = new Map<number, { port: MessagePortMain; contextId: number }>();
  #nextPort = 1;

  constructor(options: WindowOptions) {
    super();
    this.options = options;
    this.visible = options.show !== false;
    windows.add(this);
    app.emit('web-contents-created', {}, this.webContents);
    this.#opened = this.#open();
  }

  async #open(): Promise<void> {
    const context = readyBrowser();
    routed ??= routeRequests(context, mayNavigate);
    await routed;
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    this.#page = page;
    this.#cdp = cdp;
    page.on('close', () => this.#afterClose());
    page.on('popup', (popup) => {
      if (this.webContents.opened.at(-1)?.action !== 'allow') void popup.close();
    });
    cdp.on('Page.windowOpen', ({ url }) => {
      const appUrl = toAppUrl(url);
      const { action } = this.webContents.openHandler?.({ url: appUrl }) ?? { action: 'allow' };
      this.webContents.opened.push({ url: appUrl, action });
    });
    cdp.on('Runtime.bindingCalled', ({ payload, executionContextId }) => this.#receive(payload, executionContextId));
    cdp.on('Runtime.executionContextDestroyed', ({ executionContextId }) => this.#dropPorts(executionContextId));
    cdp.on('Runtime.executionContextsCleared', () => this.#dropPorts(null));
    await cdp.send('Page.enable');
    await cdp.send('Runtime.enable');
    await cdp.send('Runtime.addBinding', { name: BINDING, executionContextName: ISOLATED_WORLD });
    await cdp.send('Page.addScriptToEvaluateOnNewDocument', { source: mainWorldScript });
    const { preload, sandbox, contextIsolation } = this.options.webPreferences ?? {};
    if (preload) {
      if (sandbox !== true || contextIsolation !== true)
        throw new Error('the double runs sandboxed, isolated preloads only');
      const source = isolatedWorldScript(readFileSync(preload, 'utf8'));
      await cdp.send('Page.addScriptToEvaluateOnNewDocument', { source, worldName: ISOLATED_WORLD });
    }
  }

  async loadURL(url: string): Promise<void> {
    await this.#opened;
    this.#loading = toPageUrl(url);
    await this.#page?.goto(this.#loading, { waitUntil: 'domcontentloaded' });
    this.emit('ready-to-show');
  }

  get url(): string {
    return toAppUrl(this.#page?.url() ?? '');
  }

  owns(page: Page): boolean {
    return this.#page === page;
  }

  /** Decides on a navigation that the page itself began, as Electron's events do. */
  mayNavigate(url: string, isMainFrame: boolean): boolean {
    if (isMainFrame && this.#loading === url) {
      this.#loading = null;
      return true;
    }
    let prevented = false;
    const event = {
      url: toAppUrl(url),
      isMainFrame,
      preventDefault() {
        prevented = true;
      },
    };
    this.webContents.emit('will-frame-navigate', event);
    if (isMainFrame) this.webContents.emit('will-navigate', event);
    return !prevented;
  }

  #receive(payload: string, contextId: number): void {
    const message = JSON.parse(payload) as
      | { kind: 'send'; channel: string; args: unknown[] }
      | { kind: 'port'; id: number; data: Encoded }
      | { kind: 'portClosed'; id: number };
    if (message.kind === 'send')
      ipcMain.emit(message.channel, { senderFrame: new Frame(this, contextId, this.url) }, ...message.args);
    else if (message.kind === 'port') this.#ports.get(message.id)?.port.postMessage(decode(message.data));
    else this.#closePort(message.id);
  }

  /** Connects a port of the main process with one that the page gets; returns its id on both sides. */
  adoptPort(port: MessagePortMain, contextId: number): number {
    const id = this.#nextPort++;
    this.#ports.set(id, { port, contextId });
    port.on('message', ({ data }: { data: unknown }) => {
      void this.callInPage(contextId, 'holdfastDoublePort', [id, encode(data)]);
    });
    port.on('close', () => {
      if (this.#ports.delete(id)) void this.callInPage(contextId, 'holdfastDoublePortClosed', [id]);
    });
    port.start();
    return id;
  }

  #closePort(id: number): void {
    const entry = this.#ports.get(id);
    this.#ports.delete(id);
    entry?.port.close();
  }

  /** The document of these ports is gone: so are its ends of them. */
  #dropPorts(contextId: number | null): void {
    for (const [id, entry] of this.#ports) if (contextId === null || entry.contextId === contextId) this.#closePort(id);
  }

  async callInPage(contextId: number, name: string, args: unknown[]): Promise<void> {
    try {
      await this.#cdp?.send('Runtime.callFunctionOn', {
        functionDeclaration: `function (...args) { globalThis.${name}(...args); }`,
        executionContextId: contextId,
        arguments: args.map((value) => ({ value })),
      });
    } catch (error) {
      // The page may have gone away under the message; in Electron that is no error either.
      if (!/context|closed|Target/i.test(String(error))) throw error;
    }
  }

  #afterClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#dropPorts(null);
    windows.delete(this);
    this.emit('closed');
    if (windows.size === 0) app.emit('window-all-closed');
  }

  /** As the close button: `close` may be prevented. */
  close(): void {
    let prevented = false;
    this.emit('close', {
      preventDefault() {
        prevented = true;
      },
    });
    if (!prevented) void this.#page?.close();
  }

  show(): void {
    this.visible = true;
  }
  focus(): void {}
  maximize(): void {}
  restore(): void {}
  isMinimized(): boolean {
    return false;
  }
  isMaximized(): boolean {
    return false;
  }
  getNormalBounds() {
    const { x = 10, y = 10, width = 800, height = 600 } = this.options;
    return { x, y, width, height };
  }
}

function mayNavigate(route: Route): boolean {
  const frame = frameOf(route);
  const window = frame && [...windows].find((one) => one.owns(frame.page()));
  // A popup that is about to be closed, or a page of the browser's own.
  if (!window) return false;
  return window.mayNavigate(route.request().url(), frame.parentFrame() === null);
}

/** Null for the first request of a popup, which comes before its page does: Playwright throws then. */
function frameOf(route: Route): PageFrame | null {
  try {
    return route.request().frame();
  } catch {
    return null;
  }
}

function encode(data: unknown): Encoded {
  if (typeof data === 'string') return { text: data };
  if (data instanceof ArrayBuffer) return { bytes: Buffer.from(data).toString('base64') };
  if (ArrayBuffer.isView(data))
    return { bytes: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64') };
  return { json: JSON.stringify(data) };
}

function decode(data: Encoded): unknown {
  if ('text' in data) return data.text;
  if ('bytes' in data) return new Uint8Array(Buffer.from(data.bytes, 'base64'));
  return JSON.parse(data.json);
}
