// The system tray: the worst current state as its colour, the counts as its text, and the way back to the window.
import path from 'node:path';
import { Menu, nativeImage, Tray } from 'electron';
import type { SiteSnapshot } from '../core/contract/site.ts';

type TrayState = SiteSnapshot['tray'];

export interface TrayActions {
  open(): void;
  quit(): void;
}

export interface AppTray {
  show(state: TrayState): void;
  destroy(): void;
}

export function createTray(iconFolder: string, actions: TrayActions): AppTray {
  const image = (level: TrayState['level']) => nativeImage.createFromPath(path.join(iconFolder, `tray-${level}.png`));
  const tray = new Tray(image('ok'));
  tray.setToolTip('Holdfast');
  tray.on('click', actions.open);
  let shown = '';
  return {
    show(state) {
      const text = trayText(state);
      if (text === shown) return;
      shown = text;
      tray.setImage(image(state.level));
      tray.setToolTip(text);
      tray.setContextMenu(
        Menu.buildFromTemplate([
          { label: text, enabled: false },
          { type: 'separator' },
          { label: 'Open Holdfast', click: actions.open },
          { label: 'Quit', click: actions.quit },
        ]),
      );
    },
    destroy: () => tray.destroy(),
  };
}

/** One line: what needs a person, or that nothing does. */
export function trayText({ critical, warning, info }: TrayState): string {
  const parts = [
    critical > 0 ? `${critical} critical` : null,
    warning > 0 ? `${warning} ${warning === 1 ? 'warning' : 'warnings'}` : null,
    info > 0 ? `${info} ${info === 1 ? 'message' : 'messages'}` : null,
  ].filter((part) => part !== null);
  return parts.length === 0 ? 'Holdfast: nothing needs attention' : `Holdfast: ${parts.join(', ')}`;
}
