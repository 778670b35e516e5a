// Header inspector: what one backup file says of itself, as fields and as the raw XML. It opens nothing for writing.
import { useState } from 'react';
import type { BackupFileInfo } from '../../../core/contract/backup.ts';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp, useLive } from '../../app/app.ts';
import { Page } from '../../app/Page.tsx';
import type { PageComponent } from '../../app/pages.ts';
import type { Route } from '../../app/route.ts';
import { useAction } from '../../app/use-action.ts';
import { useQuery } from '../../app/use-query.ts';
import {
  Button,
  CheckIcon,
  EmptyState,
  EngineText,
  ErrorBar,
  engineNow,
  formatBytes,
  formatMoment,
  KeyValue,
  MessageBar,
  Section,
  Select,
  Spinner,
  Table,
  Tabs,
  TextField,
} from '../../ui/index.ts';
import { markName } from '../chains/point-text.ts';
import { marksOf } from '../chains/restore-points.ts';
import { InstanceSelect, NoInstance } from '../databases/InstanceSelect.tsx';
import { useInstance } from '../databases/use-instance.ts';
import { stampMeaning, stampText } from '../monitor/stamp-text.ts';
import { headerFields } from './header-fields.ts';
import { XmlView } from './XmlView.tsx';
import './inspector.css';

function Fields({ info }: { info: BackupFileInfo }) {
  return (
    <div className="in-fields">
      {headerFields(info).map((group) => (
        <Section key={group.title} title={group.title}>
          <KeyValue
            items={group.fields.map((field) => [
              field.label,
              <span
                key={field.label}
                className={field.mono ? 'hf-mono' : undefined}
                title={field.attribute ? `Attribute ${field.attribute}` : 'From the payload'}
              >
                <EngineText text={field.value} />
              </span>,
            ])}
          />
        </Section>
      ))}
      <Section title="Vector">
        {info.vector.length === 0 && <p className="hf-secondary">No commit was captured before this backup.</p>}
        <ul className="in-vector">
          {info.vector.map((stamp) => (
            <li key={stamp.replica}>
              <span className="hf-mono">{stampText(stamp)}</span>{' '}
              <span className="hf-muted">{stampMeaning(stamp)}</span>
            </li>
          ))}
        </ul>
      </Section>
      {(info.files ?? []).length > 0 && (
        <div className="in-wide">
          <Section title="Security and included files">
            <Table
              label="Security and included files"
              rows={info.files ?? []}
              rowKey={(row) => row.name}
              empty=""
              columns={[
                {
                  key: 'name',
                  header: 'Name when it was backed up',
                  width: 'minmax(220px, 2fr)',
                  cell: (row) => <span className="hf-mono">{row.name}</span>,
                },
                {
                  key: 'type',
                  header: 'Kind',
                  width: '200px',
                  cell: (row) => (row.type === 'nici' ? 'security file, encrypted' : 'included file'),
                },
                { key: 'size', header: 'Stored', width: '120px', cell: (row) => formatBytes(row.bytes) },
              ]}
            />
          </Section>
        </div>
      )}
      <div className="in-wide">
        <Section title="Replicas">
          <Table
            label="Replicas"
            rows={info.replicas}
            rowKey={(row) => row.partitionDn}
            empty="The header names no replica."
            columns={[
              { key: 'dn', header: 'Partition', width: 'minmax(180px, 2fr)', cell: (row) => row.partitionDn },
              {
                key: 'tv',
                header: 'Modification time',
                width: '180px',
                cell: (row) => <span className="hf-mono">{row.modificationTime}</span>,
              },
              { key: 'type', header: 'Type', width: '120px', cell: (row) => row.type },
              { key: 'state', header: 'State', width: '120px', cell: (row) => row.state },
            ]}
          />
        </Section>
      </div>
    </div>
  );
}

function Header({ instance, idtag }: { instance: InstanceView; idtag: string }) {
  const app = useApp();
  const live = useLive();
  const action = useAction();
  const [tab, setTab] = useState<'fields' | 'xml'>('fields');
  const [password, setPassword] = useState('');
  const [verdict, setVerdict] = useState<{ ok: boolean; text: string } | null>(null);
  const header = useQuery(`${instance.id} ${idtag}`, (signal) =>
    app.api.backup.header({ instanceId: instance.id, idtag }, { signal }),
  );
  const verify = async () => {
    setVerdict(null);
    const secrets = password === '' ? {} : { secrets: { pages: password, security: null } };
    const result = await action.run(() => app.api.backup.verify({ instanceId: instance.id, idtag, ...secrets }));
    if (!result) return;
    const bad = result.files.filter((file) => file.status === 'failed');
    setVerdict({
      ok: result.ok,
      text: result.ok
        ? `Every block of ${result.files.length === 1 ? 'the file' : `all ${result.files.length} parts`} agrees with its checksum.`
        : bad.map((file) => `${file.file}: ${file.error?.message ?? ''} (${file.code})`).join('; '),
    });
  };
  if (header.error)
    return <ErrorBar error={header.error} actions={<Button onClick={header.reload}>Try again</Button>} />;
  if (!header.data) return <Spinner label="Reading the header" />;
  return (
    <div className="in">
      <div className="in-head">
        <Tabs
          label="Header"
          tabs={[
            { id: 'fields', label: 'Fields' },
            { id: 'xml', label: 'XML' },
          ]}
          selected={tab}
          onSelect={setTab}
        />
        <span className="hf-muted">Only the header is read. The data below it is checked by Verify.</span>
        {header.data.info.encryption && (
          <TextField
            label="Password of the backup"
            hideLabel
            type="password"
            placeholder="password, unless the key is kept"
            width={240}
            value={password}
            onChange={setPassword}
            onEnter={() => void verify()}
          />
        )}
        <Button icon={<CheckIcon />} disabled={!live} busy={action.busy} onClick={() => void verify()}>
          {action.busy ? 'Verifying…' : 'Verify'}
        </Button>
      </div>
      {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
      {verdict && (
        <MessageBar level={verdict.ok ? 'ok' : 'critical'} title={verdict.ok ? 'Good.' : 'Not good.'}>
          {verdict.text}
        </MessageBar>
      )}
      {tab === 'fields' ? <Fields info={header.data.info} /> : <XmlView xml={header.data.xml} />}
    </div>
  );
}

function Inspector({ instance, route }: { instance: InstanceView; route: Route }) {
  const app = useApp();
  const { lastFull, lastIncremental } = instance.status;
  const timeline = useQuery(`${instance.id} ${lastFull?.idtag} ${lastIncremental?.idtag}`, (signal) =>
    app.api.instances.timeline({ instanceId: instance.id }, { signal }),
  );
  const marks = timeline.data ? marksOf(timeline.data).toReversed() : [];
  const idtag = route.idtag ?? marks[0]?.info.idtag ?? null;
  const known = marks.map((mark) => ({
    value: mark.info.idtag,
    label: `${markName(mark)}, ${formatMoment(mark.at, engineNow())}`,
  }));
  return (
    <div className="in">
      {timeline.error && <ErrorBar error={timeline.error} />}
      {timeline.loading && !timeline.data && <Spinner label="Looking for backups" />}
      {timeline.data && marks.length === 0 && !route.idtag && (
        <EmptyState title="No backup of this database yet">Take one; its header can be read here then.</EmptyState>
      )}
      {marks.length > 0 && (
        <Select
          label="Backup"
          value={idtag ?? ''}
          width={420}
          onChange={(next) => app.navigate({ page: 'backup/inspector', instanceId: instance.id, idtag: next })}
          options={
            known.some((each) => each.value === idtag) || !idtag ? known : [{ value: idtag, label: idtag }, ...known]
          }
        />
      )}
      {idtag && <Header key={idtag} instance={instance} idtag={idtag} />}
    </div>
  );
}

export const InspectorPage: PageComponent = ({ route }) => {
  const { instance, instances } = useInstance(route);
  return (
    <Page
      title="Header inspector"
      aside={instances.length > 0 && <InstanceSelect route={route} instance={instance} instances={instances} />}
    >
      {instance ? (
        <Inspector key={instance.id} instance={instance} route={route} />
      ) : (
        <NoInstance gone={!!route.instanceId} />
      )}
    </Page>
  );
};
