// Step 2 of the wizard: the point in time: the last commit, the end of the backup, or a chosen moment or commit.
import { useState } from 'react';
import type { Stamp } from '../../../core/contract/common.ts';
import { formatMoment, formatUtc, Section, TextField, useNow } from '../../ui/index.ts';
import { RadioGroup } from '../../ui/RadioGroup.tsx';
import { markName, pointText } from '../chains/point-text.ts';
import { pointAt } from '../chains/restore-points.ts';
import { TimelinePicker } from '../chains/TimelinePicker.tsx';
import { stampText } from '../monitor/stamp-text.ts';
import { CommitList } from './CommitList.tsx';
import { sourceMark } from './restore-draft.ts';
import type { StepProps } from './step-props.ts';
import { fromLocalField, localField, stampFrom } from './wizard-text.ts';

/** What is typed stands until it is a stamp; then the point is that commit. */
function StampField(props: { stamp: Stamp | null; onStamp: (at: number, stamp: Stamp) => void }) {
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <TextField
      label="Or the stamp of a commit"
      mono
      width={196}
      placeholder="s3D35F377 r02 e002"
      value={typed ?? (props.stamp ? stampText(props.stamp) : '')}
      onChange={(text) => {
        const stamp = stampFrom(text);
        setTyped(stamp ? null : text);
        if (stamp) props.onStamp(stamp.sec * 1000 + 999, stamp);
      }}
    />
  );
}

export function PointStep({ draft, set, timeline, marks }: StepProps) {
  const now = useNow();
  const source = sourceMark({ ...draft, point: { kind: 'last' } }, marks);
  const { point } = draft;
  const last = timeline.restorableTo;
  const start = last ?? source?.at ?? now;
  return (
    <>
      <RadioGroup
        label="Point in time"
        hideLabel
        value={point.kind}
        onChange={(kind) => set({ point: kind === 'time' ? { kind, at: start } : { kind } })}
        options={[
          {
            value: 'last',
            label: 'The last commit that is known',
            hint:
              last === null
                ? 'The backup and every log that is there.'
                : `Every log is replayed; now that reaches ${formatMoment(last, now)}.`,
          },
          {
            value: 'backup',
            label: 'The end of the backup',
            hint: source
              ? `${markName(source)} shows ${formatMoment(source.at, now)}; no logs are replayed.`
              : 'No logs are replayed.',
          },
          {
            value: 'time',
            label: 'A chosen moment or commit',
            hint: 'Stops after the last commit at or before the moment, or after the very commit; for example just before a mistake.',
          },
        ]}
      />
      {point.kind === 'time' && (
        <>
          <TimelinePicker
            timeline={timeline}
            chosen={point.at}
            onChoose={(at) => set({ point: { kind: 'time', at } })}
          />
          <div className="rw-moment">
            <TextField
              label="Exact local time"
              type="datetime-local"
              step={1}
              width={210}
              value={localField(point.at)}
              onChange={(text) => {
                const at = fromLocalField(text);
                if (at !== null) set({ point: { kind: 'time', at } });
              }}
            />
            <StampField
              stamp={point.stamp ?? null}
              onStamp={(at, stamp) => set({ point: { kind: 'time', at, stamp } })}
            />
            <p className={pointAt(timeline, marks, point.at).kind === 'none' ? 'hf-tone-critical' : 'hf-secondary'}>
              <span className="hf-num">{formatUtc(point.at)}</span>,{' '}
              {point.stamp ? 'exactly this commit' : pointText(pointAt(timeline, marks, point.at), marks)}
            </p>
          </div>
          <Section title="Commits">
            <CommitList
              draft={draft}
              at={point.at}
              picked={point.stamp ? stampText(point.stamp) : null}
              onPick={({ at, stamp }) => set({ point: { kind: 'time', at, stamp } })}
            />
          </Section>
        </>
      )}
    </>
  );
}
