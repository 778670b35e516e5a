// How each database would be brought back now: the best way of the planner, its loss, its time, and whether it was proven.
import type { WayBack } from '../../../core/contract/library.ts';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp, useSite } from '../../app/app.ts';
import { byName } from '../../app/standing.ts';
import { useQuery } from '../../app/use-query.ts';
import { Badge, Button, formatDuration, Section, Time } from '../../ui/index.ts';
import { lossText } from '../restore/WaysPanel.tsx';

/** More would keep their agents busy reading folders; the others are on their own pages. */
const SHOWN = 6;

function WayText({ way, count }: { way: WayBack; count: number }) {
  return (
    <>
      <b>{way.title}</b>
      <span>
        loses {lossText(way)}
        {way.estimatedMs !== null && (
          <span className="hf-secondary">, takes about {formatDuration(way.estimatedMs)}</span>
        )}
      </span>
      <span>
        {way.proof ? (
          <Badge tone="ok" title={`A ${way.proof.kind} has brought it back`}>
            proven <Time at={way.proof.provenAt} />
          </Badge>
        ) : (
          <span className="hf-muted">not proven yet</span>
        )}
      </span>
      <span className="hf-muted">{count > 1 ? `${count - 1} more ${count === 2 ? 'way' : 'ways'}` : ''}</span>
    </>
  );
}

function Line({ instance }: { instance: InstanceView }) {
  const app = useApp();
  const { lastFull, lastIncremental, lastRestore } = instance.status;
  const key = [instance.id, lastFull?.idtag, lastIncremental?.idtag, lastRestore?.at].join(' ');
  const { data, error } = useQuery(key, (signal) => app.api.library.ways({ instanceId: instance.id }, { signal }));
  const open = data?.ways.filter((way) => way.problem === null) ?? [];
  const [best] = open;
  return (
    <li className="home-way">
      <span className="home-name">{instance.id}</span>
      {best ? (
        <WayText way={best} count={open.length} />
      ) : (
        <span className={data || error ? 'hf-tone-critical home-way-none' : 'hf-muted home-way-none'}>
          {error?.message ?? (data ? (data.ways[0]?.problem ?? 'There is no way to bring it back') : 'Looking…')}
        </span>
      )}
      <Button
        kind="subtle"
        label={`Restore ${instance.id}`}
        onClick={() => app.navigate({ page: 'restore/wizard', instanceId: instance.id })}
      >
        Restore…
      </Button>
    </li>
  );
}

export function WaysHome() {
  const instances = useSite((snapshot) => snapshot.instances);
  const primaries = instances.filter((each) => each.status.role === 'primary' && each.status.lastFull).toSorted(byName);
  if (primaries.length === 0) return null;
  return (
    <Section title="If it had to come back now">
      <ul className="home-ways">
        {primaries.slice(0, SHOWN).map((instance) => (
          <Line key={instance.id} instance={instance} />
        ))}
      </ul>
    </Section>
  );
}
