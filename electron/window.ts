// The one function that creates windows, with every security setting said explicitly.
import path from 'node:path';
import { app, BrowserWindow } from 'electron';
import { START_URL } from './origin.ts';
import { loadWindowState, MINIMUM, saveWindowState } from './window-state.ts';

export interface WindowPaths {
  preload: string;
  icon: string;
  /** File that keeps the window's place. */
  state: string;
}

/** Opens the console's window and loads the page into it. */
export function createWindow(paths: WindowPaths): BrowserWindow {
  const { maximized, ...bounds } = loadWindowState(paths.state);
  const window = new BrowserWindow({
    ...bounds,
    minWidth: MINIMUM.width,
    minHeight: MINIMUM.height,
    title: 'Holdfast',
    icon: paths.icon,
    show: false,
    autoHideMenuBar: true,
    webPreferences: {
      preload: paths.preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      safeDialogs: true,
      spellcheck: false,
      devTools: !app.isPackaged,
    },
  });
  if (maximized) window.maximize();
  window.once('ready-to-show', () => window.show());
  window.on('close', () => {
    saveWindowState(paths.state, { ...window.getNormalBounds(), maximized: window.isMaximized() });
  });
  void window.loadURL(START_URL);
  return window;
}

/** Paths beside the bundle: `dist/electron/main.js` has its preload next to it and the page and icons one folder up. */
export function bundledPaths(bundleFolder: string, userData: string) {
  return {
    preload: path.join(bundleFolder, 'preload.cjs'),
    agent: path.join(bundleFolder, 'agent.js'),
    demo: path.join(bundleFolder, 'demo.js'),
    renderer: path.join(bundleFolder, '..', 'renderer'),
    icons: path.join(bundleFolder, '..', 'icons'),
    windowState: path.join(userData, 'window.json'),
  };
}
