// An afterPack hook for the packaging test: writes the desktop file that the AppImage and deb targets would install.
import { createRequire } from 'node:module';
import path from 'node:path';

// The library is electron-builder's own dependency, so it is resolved from there.
const fromBuilder = createRequire(createRequire(import.meta.url).resolve('electron-builder'));
const { LinuxTargetHelper } = fromBuilder('app-builder-lib/out/targets/LinuxTargetHelper');

export default async function writeDesktopEntry({ packager, appOutDir }) {
  const helper = new LinuxTargetHelper(packager);
  const options = packager.platformSpecificBuildOptions;
  await helper.writeDesktopEntry(options, undefined, path.join(appOutDir, '..', 'holdfast.desktop'));
}
