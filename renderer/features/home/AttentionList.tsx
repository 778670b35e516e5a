// What needs a person now, worst first, each with the one button that deals with it. All well is one quiet line.
import type { Attention, InstanceView } from '../../../core/contract/site.ts';
import { type App, useApp, useLive, useSite } from '../../app/app.ts';
import { memberOf, standingOf } from '../../app/standing.ts';
import { useAction } from '../../app/use-action.ts';
import { Button, ErrorBar, LevelIcon, Section, Time, useStale } from '../../ui/index.ts';

const weight = { critical: 0, warning: 1 } as const;

function carryOut(app: App, action: NonNullable<Attention['action']>): Promise<unknown> | null {
  switch (action.kind) {
    case 'backup':
      return app.api.backup.start({ instanceId: action.instanceId, type: 'full' });
    case 'groupFull':
      return app.api.failover.backupNow({ groupId: action.groupId, type: 'full' });
    case 'setLogging':
      return app.api.instances.setConfig({ instanceId: action.instanceId, on: true });
    case 'openGroup':
      app.navigate({ page: 'system/directory-manager/database-failover', groupId: action.groupId });
      return null;
    case 'openInstance':
      app.navigate({ page: 'backup/chains', instanceId: action.instanceId });
      return null;
  }
}

export function AttentionList() {
  const items = useSite((snapshot) => snapshot.attention);
  const stale = useStale();
  const sorted = [...items].sort((a, b) => weight[a.level] - weight[b.level]);
  return (
    <Section
      title="Needs attention"
      aside={<span className="hf-num">{items.length > 0 ? items.length : stale ? 'not known' : 'nothing'}</span>}
    >
      {sorted.length === 0 ? (
        <Calm />
      ) : (
        <ul className="home-attention">
          {sorted.map((item, index) => (
            <Item key={item.id} item={item} first={index === 0} />
          ))}
        </ul>
      )}
    </Section>
  );
}

const namesOf = (instances: readonly InstanceView[]) => instances.map((each) => each.id).join(', ');

/** Nothing to decide is not the same as all well: what is not in order is named. */
function Calm() {
  const stale = useStale();
  const last = useSite((snapshot) => snapshot.now);
  const instances = useSite((snapshot) => snapshot.instances);
  const groups = useSite((snapshot) => snapshot.groups);
  const off = instances.filter((each) => standingOf(each, memberOf(groups, each)).level !== 'ok');
  if (stale)
    return (
      <p className="home-calm">
        <LevelIcon level="warning" />
        <span>
          Not known now. At <Time at={last} />{' '}
          {off.length === 0 ? 'every protected database was in order.' : `not in order: ${namesOf(off)}.`}
        </span>
      </p>
    );
  return (
    <p className="home-calm">
      <LevelIcon level={off.length === 0 ? 'ok' : 'warning'} />
      {off.length === 0
        ? 'Every protected database is backed up and can be restored.'
        : `Nothing waits for a decision, but not everything is in order: ${namesOf(off)}.`}
    </p>
  );
}

function Item({ item, first }: { item: Attention; first: boolean }) {
  const app = useApp();
  const live = useLive();
  const run = useAction();
  const { action } = item;
  return (
    <li className={`is-${item.level}`}>
      <div className="home-item">
        <LevelIcon level={item.level} />
        <span>{item.text}</span>
        {action && (
          <Button
            kind={first && item.level === 'critical' ? 'primary' : 'normal'}
            busy={run.busy}
            disabled={!live && !action.kind.startsWith('open')}
            label={`${action.label}: ${item.text}`}
            onClick={() => void run.run(async () => carryOut(app, action))}
          >
            {action.label}
          </Button>
        )}
      </div>
      {run.error && <ErrorBar error={run.error} onDismiss={run.clear} />}
    </li>
  );
}
