// The part of Electron's main-process API that Holdfast uses, over a real Chromium page and plain Node processes.
// Behaves as Electron does where Holdfast relies on it; anything else is missing on purpose, so that use of it fails loudly.
export { app } from './app.ts';
export { ipcMain, MessageChannelMain } from './ipc.ts';
export { protocol, session } from './session.ts';
export { dialog, Menu, Notification, nativeImage, safeStorage, screen, shell, Tray } from './shell.ts';
export { utilityProcess } from './utility.ts';
export { BrowserWindow } from './window.ts';

import './control.ts';
