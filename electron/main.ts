// Composition root of the desktop app: the engine in this process, its agents in utility processes, one window, one tray.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { app, type BrowserWindow, dialog } from 'electron';
import { HoldfastError } from '../core/contract/errors.ts';
import { createLab } from '../core/demo/lab.ts';
import { inProcessConsole } from '../core/rpc/serve.ts';
import { openCommandDoor, startEngineHost } from '../headless/engine-host.ts';
import { registerAppScheme, serveAppScheme } from './app-protocol.ts';
import { offerEnginePorts } from './engine-port.ts';
import { createKeyRing } from './key-ring.ts';
import { createDemoLauncher } from './launch-demo.ts';
import { createUtilityLauncher } from './launch-utility.ts';
import { denyPermissions, lockDown } from './lockdown.ts';
import { installMenu } from './menu.ts';
import { announce, createAnnouncer, createNoticeAnnouncer } from './notifications.ts';
import { createLeaving } from './quit.ts';
import { createTray } from './tray.ts';
import { bundledPaths, createWindow } from './window.ts';

const { values: flags } = parseArgs({
  args: process.argv.slice(1),
  strict: false,
  options: { data: { type: 'string' }, demo: { type: 'boolean' } },
});

registerAppScheme();
lockDown(app);
if (app.requestSingleInstanceLock()) {
  app.whenReady().then(start).catch(fail);
} else {
  app.exit(0);
}

async function start(): Promise<void> {
  const userData = app.getPath('userData');
  const paths = bundledPaths(path.dirname(fileURLToPath(import.meta.url)), userData);
  const host = await startEngineHost({
    dataFolder: typeof flags.data === 'string' ? flags.data : null,
    host: 'desktop',
    launcher: createUtilityLauncher(paths.agent),
    lab: createLab(createDemoLauncher(paths.demo)),
    sealer: createKeyRing(),
    // The page speaks over its port; this door is for the command line.
    openDoor: openCommandDoor,
  });
  const { engine } = host;

  denyPermissions();
  serveAppScheme(paths.renderer);
  offerEnginePorts(engine.router);

  let window: BrowserWindow | null = null;
  const open = () => {
    if (window === null) {
      window = createWindow({
        preload: paths.preload,
        icon: path.join(paths.icons, 'icon.png'),
        state: paths.windowState,
      });
      window.on('closed', () => {
        window = null;
      });
      return;
    }
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  };

  const leaving = createLeaving(
    () => engine.snapshot().jobs,
    async () => {
      tray.destroy();
      await host.stop();
    },
  );
  const quit = () => void leaving.leave();
  const tray = createTray(paths.icons, { open, quit });
  installMenu(quit);
  app.on('second-instance', open);
  app.on('activate', open);
  // Protection goes on without a window; the tray and a second start bring it back.
  app.on('window-all-closed', () => {});
  app.on('before-quit', (event) => {
    if (leaving.decided) return;
    event.preventDefault();
    quit();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void leaving.leave(true));

  open();
  const api = inProcessConsole(engine.router);
  if (flags.demo && !engine.snapshot().demo.open) await api.demo.open({});
  const news = createAnnouncer();
  const noticeNews = createNoticeAnnouncer();
  try {
    for await (const snapshot of await api.site.watch({})) {
      if (leaving.decided) return;
      tray.show(snapshot.tray);
      const messages = news(snapshot.messages);
      const notices = noticeNews(snapshot.notices ?? null);
      // A channel to the desktop says more precisely what is wanted.
      for (const one of snapshot.notices ? notices : messages) announce(one, open);
    }
  } catch (error) {
    // The stream ends with its engine.
    if (!leaving.decided) throw error;
  }
}

function fail(error: unknown): void {
  const expected = error instanceof HoldfastError;
  console.error(expected ? error.message : error);
  dialog.showErrorBox('Holdfast could not start', expected ? `${error.message}\n\n${error.hint}` : String(error));
  app.exit(1);
}
