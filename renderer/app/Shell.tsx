// The window: header, task rail, tree, page, Apply bar, jobs dock; and what stands there while there is nothing to show.
import './shell.css';
import { useEffect, useRef } from 'react';
import { useStore } from 'zustand';
import { listenForShortcuts } from '../commands/shortcuts.ts';
import { JobNews } from '../features/jobs/JobNews.tsx';
import { JobsDock } from '../features/jobs/JobsDock.tsx';
import { BrowserNotices } from '../features/notifications/BrowserNotices.tsx';
import { Age, Button, EmptyState, ErrorBar, ErrorHelp, MessageBar, Spinner, StaleSigns, Time } from '../ui/index.ts';
import { ApplyBar } from './ApplyBar.tsx';
import { useApp, useRoute, useSite, useUi } from './app.ts';
import { Dialogs } from './Dialogs.tsx';
import { ErrorBoundary } from './ErrorBoundary.tsx';
import { Header } from './Header.tsx';
import { NavTree } from './NavTree.tsx';
import { pages } from './pages.ts';
import { TaskRail } from './TaskRail.tsx';
import { useConnection } from './use-connection.ts';
import { WindowTitle } from './WindowTitle.tsx';

export function Shell() {
  const app = useApp();
  const ready = useStore(app.site, (state) => state.snapshot !== null);
  useEffect(() => listenForShortcuts(app), [app]);
  return ready ? <Ready /> : <Waiting />;
}

function Waiting() {
  const { connection } = useApp();
  const state = useConnection();
  if (state.status === 'unauthorized')
    return (
      <main className="app-waiting">
        <EmptyState title="This window is not signed in">
          Open the address that the start of Holdfast printed; it carries the key for this browser.
        </EmptyState>
      </main>
    );
  return (
    <main className="app-waiting">
      {state.attempt < 2 ? (
        <Spinner label="Connecting to the engine…" />
      ) : (
        <EmptyState
          title="The engine does not answer"
          actions={
            <Button kind="primary" onClick={() => connection.retry()}>
              Try again
            </Button>
          }
        >
          It is tried again by itself. If Holdfast was stopped, start it again; protected databases are not affected.
        </EmptyState>
      )}
    </main>
  );
}

function Ready() {
  const app = useApp();
  const route = useRoute();
  const live = useStore(app.site, (state) => state.live);
  const error = useUi((state) => state.error);
  const PageOf = pages[route.page];
  const pageKey = `${route.page} ${route.groupId ?? ''} ${route.jobId ?? ''}`;
  useFocusOnPage(pageKey);
  return (
    <StaleSigns value={!live}>
      <ErrorHelp value={(name) => app.navigate({ page: 'backup/errors', search: name })}>
        <div className={`app-shell${live ? '' : ' is-offline'}`}>
          <a className="app-skip" href="#page">
            Skip to the page
          </a>
          <Header />
          <TaskRail />
          <NavTree />
          <main id="page" className="app-main" tabIndex={-1}>
            {(!live || error) && (
              <div className="app-banners">
                {!live && <OfflineBar />}
                {error && <ErrorBar error={error} onDismiss={() => app.ui.setState({ error: null })} />}
              </div>
            )}
            <ErrorBoundary key={pageKey}>
              {PageOf ? (
                <PageOf key={pageKey} route={route} />
              ) : (
                <EmptyState title="This page is not part of this version" />
              )}
            </ErrorBoundary>
            <ApplyBar />
          </main>
          <BrowserNotices />
          <JobNews />
          <WindowTitle />
          <JobsDock />
          <Dialogs />
        </div>
      </ErrorHelp>
    </StaleSigns>
  );
}

/** Whoever opens another page by keyboard, and whose control went with the old one, goes on in the new one. */
function useFocusOnPage(pageKey: string): void {
  const before = useRef(pageKey);
  useEffect(() => {
    if (before.current === pageKey) return;
    before.current = pageKey;
    if (document.activeElement === document.body) document.getElementById('page')?.focus({ preventScroll: true });
  }, [pageKey]);
}

function OfflineBar() {
  const { connection } = useApp();
  const state = useConnection();
  const lastHeard = useSite((snapshot) => snapshot.now);
  const signedOut = state.status === 'unauthorized';
  const silent = state.status === 'connected';
  return (
    <MessageBar
      level="warning"
      title={signedOut ? 'Signed out.' : silent ? 'The engine is silent.' : 'Reconnecting…'}
      actions={signedOut ? undefined : <Button onClick={() => connection.retry()}>Try now</Button>}
    >
      {signedOut
        ? 'The engine was started anew; open the address that it printed.'
        : `${silent ? 'It has not answered for a while' : 'There is no connection to the engine'}; nothing can be changed until it is back.`}{' '}
      What you see is of <Time at={lastHeard} />, <Age since={lastHeard} suffix=" ago" />.
    </MessageBar>
  );
}
