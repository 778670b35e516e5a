// Electron's `protocol` and `session`: the schemes that the app serves, and the decisions that it takes on requests and permissions.
import { EventEmitter } from 'node:events';
import type { BrowserContext, Route } from 'playwright';
import { toAppUrl } from './origins.ts';

type Handler = (request: Request) => Response | Promise<Response>;
type BeforeRequest = (details: { url: string }, answer: (result: { cancel?: boolean }) => void) => void;
type PermissionRequest = (contents: unknown, permission: string, answer: (granted: boolean) => void) => void;

const privileged = new Set<string>();
const handlers = new Map<string, Handler>();

export const protocol = {
  registerSchemesAsPrivileged(
    schemes: { scheme: string; privileges: { standard?: boolean; secure?: boolean } }[],
  ): void {
    for (const { scheme, privileges } of schemes) if (privileges.standard && privileges.secure) privileged.add(scheme);
  },
  handle(scheme: string, handler: Handler): void {
    if (!privileged.has(scheme)) throw new Error(`${scheme} was not registered as a standard, secure scheme`);
    handlers.set(scheme, handler);
  },
};

class Session extends EventEmitter {
  beforeRequest: BeforeRequest | null = null;
  permissionRequest: PermissionRequest | null = null;
  permissionCheck: ((contents: unknown, permission: string) => boolean) | null = null;
  devicePermission: (() => boolean) | null = null;
  readonly webRequest = {
    onBeforeRequest: (listener: BeforeRequest) => {
      this.beforeRequest = listener;
    },
  };
  setPermissionRequestHandler(handler: PermissionRequest): void {
    this.permissionRequest = handler;
  }
  setPermissionCheckHandler(handler: (contents: unknown, permission: string) => boolean): void {
    this.permissionCheck = handler;
  }
  setDevicePermissionHandler(handler: () => boolean): void {
    this.devicePermission = handler;
  }
}

export const session = { defaultSession: new Session() };

/** Requests that reached the network in spite of everything; a test wants this to stay empty. */
export const escaped: string[] = [];

/** Answers every request of the browser from the app's handlers; nothing ever reaches the network. */
export async function routeRequests(context: BrowserContext, mayNavigate: (route: Route) => boolean): Promise<void> {
  await context.route('**/*', async (route) => {
    const url = toAppUrl(route.request().url());
    if (route.request().isNavigationRequest() && !mayNavigate(route)) return await route.abort('aborted');
    if (await isCancelled(url)) return await route.abort('blockedbyclient');
    const handler = handlers.get(new URL(url).protocol.slice(0, -1));
    if (!handler) {
      escaped.push(url);
      return await route.abort('addressunreachable');
    }
    const response = await handler(new Request(url, { method: route.request().method() }));
    await route.fulfill({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    });
  });
}

function isCancelled(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const { beforeRequest } = session.defaultSession;
    if (beforeRequest === null) return resolve(false);
    beforeRequest({ url }, ({ cancel }) => resolve(cancel === true));
  });
}
