// Electron's parts around the window (dialogs, menus, tray, notifications, screen, shell): they record what was asked of them.
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';

interface MenuItem {
  label?: string;
  role?: string;
  type?: string;
  click?: () => void;
  submenu?: MenuItem[];
}

/** Everything that a user would have seen, oldest first. */
export const seen = {
  dialogs: [] as { message: string; detail?: string; buttons?: string[]; defaultId?: number }[],
  errorBoxes: [] as { title: string; content: string }[],
  externals: [] as string[],
  notifications: [] as Notification[],
};
/** What the user will press in the next message boxes; Cancel when there is nothing left. */
export const answers: number[] = [];

export const dialog = {
  async showMessageBox(options: { message: string; detail?: string; buttons?: string[]; cancelId?: number }) {
    seen.dialogs.push(options);
    return { response: answers.shift() ?? options.cancelId ?? 0, checkboxChecked: false };
  },
  showErrorBox(title: string, content: string): void {
    seen.errorBoxes.push({ title, content });
  },
};

export class Menu {
  static application: Menu | null = null;
  readonly items: MenuItem[];
  constructor(items: MenuItem[]) {
    this.items = items;
  }
  static buildFromTemplate(template: MenuItem[]): Menu {
    return new Menu(template);
  }
  static setApplicationMenu(menu: Menu): void {
    Menu.application = menu;
  }
}

/** Presses the item with this label, wherever it is; throws when there is none. */
export function press(items: MenuItem[], label: string): void {
  const all = items.flatMap((item) => [item, ...(item.submenu ?? [])]);
  const item = all.find((one) => one.label === label);
  if (!item?.click) throw new Error(`no item ${label} among ${all.map((one) => one.label ?? one.role).join(', ')}`);
  item.click();
}

export class Tray extends EventEmitter {
  static current: Tray | null = null;
  image: { path: string };
  toolTip = '';
  menu: Menu | null = null;
  constructor(image: { path: string }) {
    super();
    this.image = image;
    Tray.current = this;
  }
  setImage(image: { path: string }): void {
    this.image = image;
  }
  setToolTip(text: string): void {
    this.toolTip = text;
  }
  setContextMenu(menu: Menu): void {
    this.menu = menu;
  }
  destroy(): void {
    Tray.current = null;
  }
}

export class Notification extends EventEmitter {
  readonly options: { title: string; body: string };
  constructor(options: { title: string; body: string }) {
    super();
    this.options = options;
  }
  static isSupported(): boolean {
    return true;
  }
  show(): void {
    seen.notifications.push(this);
  }
}

export const nativeImage = {
  createFromPath(path: string): { path: string } {
    if (!existsSync(path)) throw new Error(`there is no picture ${path}`);
    return { path };
  },
};

export const screen = {
  getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }],
};

export const shell = {
  async openExternal(url: string): Promise<void> {
    seen.externals.push(url);
  },
};

/** A system without a key ring. */
export const safeStorage = {
  isEncryptionAvailable: () => false,
  getSelectedStorageBackend: () => 'basic_text',
  encryptString: (): Buffer => {
    throw new Error('there is no key ring');
  },
  decryptString: (): string => {
    throw new Error('there is no key ring');
  },
};
