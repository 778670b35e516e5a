// The chosen point of the timeline in full: its time, what stands there, the commit that a restore ends at, and the way to its neighbours.
import { useEffect, useState } from 'react';
import type { Timeline } from '../../../core/contract/console.ts';
import { useApi } from '../../app/app.ts';
import { useQuery } from '../../app/use-query.ts';
import { ChevronLeftIcon } from '../../ui/icons-backup.ts';
import { Badge, ChevronRightIcon, formatUtc, IconButton, Moment } from '../../ui/index.ts';
import { stampMeaning, stampText } from '../monitor/stamp-text.ts';
import { pointText } from './point-text.ts';
import { type Mark, pointAt, standingAt } from './restore-points.ts';

const standings = { proven: 'ok', stored: 'info', gap: 'critical' } as const;
const meanings = {
  proven: 'A restore or a drill has come this way',
  stored: 'Backups and logs of it are there; no restore has tried them yet',
  gap: 'Nothing that is kept reaches this moment',
} as const;

/** How long a point has to stand before its commits are read, ms. */
const SETTLE_MS = 200;

export function PointReadout(props: {
  instanceId: string;
  timeline: Timeline;
  marks: readonly Mark[];
  at: number;
  onChoose: (at: number) => void;
}) {
  const { instanceId, timeline, marks, at } = props;
  const api = useApi();
  const [settled, setSettled] = useState(at);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(at), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [at]);
  const page = useQuery(`${instanceId} ${settled}`, (signal) =>
    api.library.commits({ instanceId, from: null, searchFolders: [], around: settled, limit: 8 }, { signal }),
  );
  const commits = settled === at ? (page.data?.commits ?? []) : [];
  const here = commits.findLast((commit) => commit.at <= at) ?? null;
  const before = commits.findLast((commit) => commit.at < (here?.at ?? at));
  const after = commits.find((commit) => commit.at > at);
  const usable = (commit: typeof after) => !!commit && pointAt(timeline, marks, commit.at).kind !== 'none';
  const standing = standingAt(timeline, marks, at);
  return (
    <div className="ch-point-text">
      <strong title={formatUtc(at)}>
        <Moment at={at} />
      </strong>
      <Badge tone={standings[standing]} title={meanings[standing]}>
        {standing}
      </Badge>
      <span className="hf-secondary">{pointText(pointAt(timeline, marks, at), marks)}</span>
      <span className="ch-commit">
        <IconButton
          icon={<ChevronLeftIcon />}
          label="Commit before"
          disabled={!usable(before)}
          onClick={() => before && props.onChoose(before.at)}
        />
        <span className="hf-secondary" title={here ? stampMeaning(here.stamp) : undefined}>
          {here ? (
            <>
              last commit <Moment at={here.at} /> <span className="hf-mono">{stampText(here.stamp)}</span>
            </>
          ) : page.error && settled === at ? (
            <span title={page.error.message}>its commits could not be read</span>
          ) : page.loading || settled !== at ? (
            'reading the commits…'
          ) : (
            'no commit of a log lies before it'
          )}
        </span>
        <IconButton
          icon={<ChevronRightIcon />}
          label="Commit after"
          disabled={!usable(after)}
          onClick={() => after && props.onChoose(after.at)}
        />
      </span>
    </div>
  );
}
