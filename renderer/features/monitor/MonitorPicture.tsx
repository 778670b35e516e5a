// The picture of one restore: lights, steps, the two sets with the block map, sources, verification.
import type { RestoreView } from '../../../core/contract/restore.ts';
import { BlockMap } from './BlockMap.tsx';
import { Lights } from './Lights.tsx';
import { exchanged, writtenText } from './restore-phase.ts';
import { SetBox } from './SetBox.tsx';
import { SourceList } from './SourceList.tsx';
import { StepList } from './StepList.tsx';
import { VectorTable } from './VectorTable.tsx';
import './monitor.css';

/** The block map stands where the restored pages are: in RST, and in NDS once the sets were exchanged. */
export function MonitorPicture(props: { view: RestoreView; over: boolean; file: boolean; taken: boolean }) {
  const { view, over, file, taken } = props;
  const moved = exchanged(view);
  const gone = view.rst.state === 'discarded' || (view.rst.state === 'absent' && over);
  // What leads on after a failure stands above and needs the room.
  const failed = over && view.lights.active !== 'on';
  const map = <BlockMap map={view.blockMap} pagesPerCell={view.pagesPerCell} height={failed ? 56 : 220} />;
  return (
    <div className="mon-picture">
      <Lights view={view} over={over} file={file} />
      <section className="mon-left" aria-label="Steps">
        <h2>Steps</h2>
        <StepList view={view} over={over} />
        <h2>Sources</h2>
        <SourceList sources={view.sources} />
      </section>
      <section className="mon-centre" aria-label="Sets">
        <SetBox
          name="NDS"
          meaning="The set of files that clients use"
          box={view.nds}
          note={taken && view.nds.state === 'active' ? 'active then' : undefined}
        >
          {moved ? (
            map
          ) : (
            <div className={`mon-bar is-${view.nds.state === 'absent' ? 'empty' : 'full'}`} aria-hidden="true" />
          )}
        </SetBox>
        <SetBox
          name="RST"
          meaning="The set that is being restored beside it"
          box={view.rst}
          written={writtenText(view)}
          note={moved ? 'has become NDS' : taken ? 'was complete, no longer here' : undefined}
        >
          {moved ? null : gone ? <p className="mon-map-empty">Nothing of it is left.</p> : map}
        </SetBox>
      </section>
      <section className="mon-right" aria-label="Verification">
        <h2>Verification</h2>
        <VectorTable verification={view.verification} over={over} />
      </section>
    </div>
  );
}
