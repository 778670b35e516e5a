// Draws the console for a connection, whatever door it came through.
import { createRoot } from 'react-dom/client';
import { UiProvider } from '../ui/index.ts';
import { AppContext, createApp, useUi } from './app.ts';
import type { ConsoleConnection } from './connect.ts';
import { Shell } from './Shell.tsx';

function Root() {
  const theme = useUi((state) => state.theme);
  return (
    <UiProvider theme={theme}>
      <Shell />
    </UiProvider>
  );
}

export function mountConsole(element: HTMLElement, connection: ConsoleConnection): void {
  createRoot(element).render(
    <AppContext value={createApp(connection)}>
      <Root />
    </AppContext>,
  );
}
