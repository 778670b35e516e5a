// What no page in this app may do: navigate away, open windows, embed a webview, or get a permission.
import { type App, type Session, session } from 'electron';
import { openExternalSafely } from './open-external.ts';
import { isOwnUrl } from './origin.ts';

/** Applies to every web contents that will ever exist, our own window included. */
export function lockDown(app: App): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-frame-navigate', (event) => {
      if (isOwnUrl(event.url) && event.isMainFrame) return;
      event.preventDefault();
    });
    contents.on('will-redirect', (event) => event.preventDefault());
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(({ url }) => {
      openExternalSafely(url);
      return { action: 'deny' };
    });
  });
}

/** Call when the app is ready. */
export function denyPermissions(target: Session = session.defaultSession): void {
  target.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  target.setPermissionCheckHandler(() => false);
  target.setDevicePermissionHandler(() => false);
  target.on('will-download', (event) => event.preventDefault());
}
