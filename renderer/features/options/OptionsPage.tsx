// Options: the theme of this window and the name of the site; where the data lies.
import { useCallback, useMemo, useState } from 'react';
import { nameSchema } from '../../../core/contract/common.ts';
import { useApp, useDraft, useSite, useUi } from '../../app/app.ts';
import { Page } from '../../app/Page.tsx';
import { useAction } from '../../app/use-action.ts';
import { ErrorBar, KeyValue, Section, Select, TextField, type ThemeChoice } from '../../ui/index.ts';
import { Notifications } from '../notifications/Notifications.tsx';

const themes: readonly { value: ThemeChoice; label: string }[] = [
  { value: 'system', label: 'As the system' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
  { value: 'contrast', label: 'High contrast' },
];

type Tab = 'general' | 'notifications';
const tabs: readonly { id: Tab; label: string }[] = [
  { id: 'general', label: 'General' },
  { id: 'notifications', label: 'Notifications' },
];

export function OptionsPage() {
  const [tab, setTab] = useState<Tab>('general');
  const app = useApp();
  const theme = useUi((state) => state.theme);
  const site = useSite((snapshot) => snapshot.site);
  const [edited, setEdited] = useState<string | null>(null);
  const { error, run, clear } = useAction();
  const name = edited ?? site.name;
  const problem = nameSchema.safeParse(name).success ? null : 'The site name has 1 to 15 letters, digits and hyphens.';
  const cancel = useCallback(() => {
    setEdited(null);
    clear();
  }, [clear]);
  const dirty = edited !== null && edited !== site.name;
  const draft = useMemo(
    () =>
      dirty
        ? {
            problem,
            cancel,
            apply: async () => {
              const done = await run(() => app.api.site.rename({ name: edited }));
              if (done) setEdited(null);
              return done !== undefined;
            },
          }
        : null,
    [dirty, problem, cancel, run, app, edited],
  );
  useDraft(draft);
  const general = (
    <>
      {error && <ErrorBar error={error} onDismiss={clear} />}
      <Section title="This window">
        <div style={{ maxWidth: 280 }}>
          <Select
            label="Theme"
            value={theme}
            options={themes}
            onChange={(value) => app.ui.setState({ theme: value })}
            hint="In force at once, remembered on this computer."
          />
        </div>
      </Section>
      <Section title="Site">
        <div style={{ maxWidth: 280 }}>
          <TextField
            label="Site name"
            value={name}
            onChange={setEdited}
            problem={dirty ? problem : null}
            maxLength={15}
            hint={`Stands at the top of the console and in every server’s name: \\T=${name || '…'}\\O=${site.organization}`}
          />
        </div>
      </Section>
      <Section title="About">
        <KeyValue
          items={[
            ['Version', site.version],
            ['Runs as', site.host === 'desktop' ? 'Desktop application' : 'Service with a browser console'],
            [
              'Data folder',
              <span key="f" className="hf-mono">
                {site.dataFolder}
              </span>,
            ],
          ]}
        />
      </Section>
    </>
  );
  return (
    <Page title="Options" tabs={{ items: tabs, selected: tab, onSelect: setTab }}>
      {tab === 'notifications' ? <Notifications /> : general}
    </Page>
  );
}
