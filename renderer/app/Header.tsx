// The top line: where you are, the command palette, the tray.
import { Button, HelpIcon, IconButton, SearchIcon } from '../ui/index.ts';
import { useApp, useRoute, useSite } from './app.ts';
import { pageTitles } from './route.ts';
import { TrayButton } from './TrayButton.tsx';

export function Header() {
  const app = useApp();
  const route = useRoute();
  const site = useSite((snapshot) => snapshot.site);
  const groups = useSite((snapshot) => snapshot.groups);
  const group = groups.find((each) => each.id === route.groupId);
  const trail = [...pageTitles[route.page]];
  if (group && groups.length > 1) trail.push(group.name);
  const about = route.instanceId ?? route.server;
  if (about && !group) trail.push(about);
  return (
    <header className="app-header">
      <button
        type="button"
        className="app-brand"
        onClick={() => app.navigate({ page: 'home' })}
        aria-label="Holdfast, home"
      >
        <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
          <path d="M9 1 16 4v5c0 4-3 6.7-7 8-4-1.300-7-4-7-8V4Z" fill="var(--hf-accent)" />
          <path d="M6.200 5v8M11.800 5v8M6.200 9h5.600" stroke="var(--hf-on-accent)" strokeWidth="1.700" />
        </svg>
        <span>Holdfast</span>
      </button>
      <nav className="app-trail" aria-label="Breadcrumb">
        <ol>
          <li className="hf-muted">{site.name}</li>
          {trail.map((part, index) => (
            <li key={part} aria-current={index === trail.length - 1 ? 'page' : undefined}>
              {part}
            </li>
          ))}
        </ol>
      </nav>
      <Button kind="subtle" icon={<SearchIcon />} onClick={() => app.openDialog({ kind: 'palette' })}>
        Find <kbd className="app-kbd">Ctrl K</kbd>
      </Button>
      <TrayButton />
      <IconButton
        icon={<HelpIcon />}
        label="Keyboard shortcuts"
        detail="?"
        onClick={() => app.openDialog({ kind: 'shortcuts' })}
      />
    </header>
  );
}
