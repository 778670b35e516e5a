// The test's side door into the double: asks what a user would see, and does what a user would do.
import { app } from './app.ts';
import { debuggingAddress } from './browser.ts';
import { escaped, session } from './session.ts';
import { answers, Menu, press, seen, Tray } from './shell.ts';
import { windows } from './window.ts';

const commands: Record<string, (...args: never[]) => unknown> = {
  debuggingAddress: async () => {
    await app.whenReady();
    return debuggingAddress();
  },
  state: () => ({
    windows: [...windows].map((window) => ({
      url: window.url,
      visible: window.visible,
      options: JSON.parse(JSON.stringify(window.options)),
      opened: window.webContents.opened,
    })),
    tray: Tray.current && { toolTip: Tray.current.toolTip, image: Tray.current.image.path },
    dialogs: seen.dialogs,
    errorBoxes: seen.errorBoxes,
    externals: seen.externals,
    notifications: seen.notifications.map(({ options }) => options),
    escaped,
  }),
  answerDialog: (button: number) => answers.push(button),
  pressMenu: (label: string) => press(Menu.application?.items ?? [], label),
  pressTray: (label: string) => press(Tray.current?.menu?.items ?? [], label),
  clickTray: () => Tray.current?.emit('click'),
  clickNotification: (index: number) => seen.notifications[index]?.emit('click'),
  closeWindow: () => [...windows][0]?.close(),
  secondInstance: () => app.emit('second-instance'),
  permission: async (name: string) => {
    const { permissionRequest, permissionCheck } = session.defaultSession;
    const granted = await new Promise((resolve) => {
      if (permissionRequest) permissionRequest(null, name, resolve);
      else resolve(true);
    });
    return { granted, checked: permissionCheck ? permissionCheck(null, name) : true };
  },
};

process.on('message', async ({ id, command, args }: { id: number; command: string; args: unknown[] }) => {
  try {
    const value = await (commands[command] as (...args: unknown[]) => unknown)(...args);
    process.send?.({ id, value });
  } catch (error) {
    process.send?.({ id, error: String(error) });
  }
});
