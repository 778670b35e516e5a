// Serves the built page under app://holdfast, and nothing outside its folder.
import { protocol, session } from 'electron';
import { pageHeaders, readPageFile } from '../core/platform/page-files.ts';
import { APP_SCHEME, isOwnUrl } from './origin.ts';

/** Must run before the app is ready: a standard, secure scheme has an origin, storage and a policy like https. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** Answers `app://holdfast/…` from `rendererFolder`; every other scheme that could reach a file or a host is left to the session's block. */
export function serveAppScheme(rendererFolder: string): void {
  protocol.handle(APP_SCHEME, (request) => {
    if (!isOwnUrl(request.url) || request.method !== 'GET') return new Response(null, { status: 403 });
    const file = readPageFile(rendererFolder, new URL(request.url).pathname);
    if (file === null) return new Response('not found', { status: 404 });
    return new Response(file.body, {
      headers: { ...pageHeaders(null), 'content-type': file.contentType, 'cache-control': 'no-store' },
    });
  });
  // The policy forbids it to the page; this forbids it to whatever the page might become.
  session.defaultSession.webRequest.onBeforeRequest((details, answer) => {
    const allowed = isOwnUrl(details.url) || details.url.startsWith('devtools://') || details.url.startsWith('data:');
    answer({ cancel: !allowed });
  });
}
