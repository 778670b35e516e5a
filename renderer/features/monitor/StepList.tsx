// The seven steps of a restore: state, time and detail, with the progress and the sources under the step that restores.
import type { RestoreView } from '../../../core/contract/restore.ts';
import { EngineText, ProgressBar, useNow } from '../../ui/index.ts';
import { percentOf } from './restore-phase.ts';
import { StepMark } from './StepMark.tsx';
import { groupText, sourceGroups } from './source-line.ts';
import { stepRows } from './step-rows.ts';

export function StepList({ view, over }: { view: RestoreView; over: boolean }) {
  const now = useNow();
  const groups = sourceGroups(view.sources);
  const percent = percentOf(view);
  return (
    <ol className="mon-steps" aria-label="Steps of the restore">
      {stepRows(view.steps, now, over).map((row) => (
        <li
          key={row.step}
          className={`mon-step is-${row.status}`}
          aria-current={row.status === 'running' ? 'step' : undefined}
        >
          <span className="mon-step-number">{row.step}</span>
          <span className="mon-step-name">{row.name}</span>
          <span className="mon-step-time hf-num">{row.time}</span>
          <StepMark status={row.status} label={row.statusText} />
          {row.detail && (
            <span className="mon-step-detail" title={row.detail}>
              <EngineText text={row.detail} />
            </span>
          )}
          {row.step === 3 && row.status === 'running' && (
            <span className="mon-step-bar">
              <ProgressBar value={percent === null ? null : percent / 100} label="Restored" />
              <span className="hf-num">{percent === null ? '' : `${percent} %`}</span>
            </span>
          )}
          {row.step === 3 && groups.length > 0 && (
            <span className="mon-step-sources">
              {groups.map((group) => (
                <span key={group.kind} className={`mon-source-group is-${group.status}`}>
                  {groupText(group)}
                </span>
              ))}
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}
