// One of the two sets, NDS or RST: where it lies, how big it is, and what it is right now.
import type { ReactNode } from 'react';
import type { RestoreView } from '../../../core/contract/restore.ts';
import { DisabledSetIcon, KeptIcon, LockedIcon, SkippedIcon, WritingIcon } from '../../ui/icons-backup.ts';
import { formatBytes, OkIcon } from '../../ui/index.ts';

type Box = RestoreView['nds'];

const looks: Record<Box['state'], { tone: 'active' | 'busy' | 'quiet' | 'gone'; icon: ReactNode }> = {
  active: { tone: 'active', icon: <OkIcon /> },
  'active, locked': { tone: 'active', icon: <LockedIcon /> },
  'being written': { tone: 'busy', icon: <WritingIcon /> },
  'complete, disabled': { tone: 'quiet', icon: <DisabledSetIcon /> },
  'kept as contingency copy': { tone: 'quiet', icon: <KeptIcon /> },
  discarded: { tone: 'gone', icon: <SkippedIcon /> },
  absent: { tone: 'gone', icon: <SkippedIcon /> },
};

/** A path that loses its middle rather than its file name. */
function Path({ path }: { path: string }) {
  const cut = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  return (
    <span className="mon-path" title={path}>
      <span className="hf-ellipsis">{path.slice(0, cut + 1)}</span>
      <span>{path.slice(cut + 1)}</span>
    </span>
  );
}

export function SetBox({
  name,
  meaning,
  box,
  note,
  written,
  children,
}: {
  name: 'NDS' | 'RST';
  meaning: string;
  box: Box;
  /** Instead of the state, where the state alone would not say enough. */
  note?: string | undefined;
  /** So far, while it is being written: its file is made as large as the whole from the start. */
  written?: string | undefined;
  children?: ReactNode;
}) {
  const look = looks[box.state];
  return (
    <section className={`mon-set is-${look.tone}`} aria-label={`${name}: ${note ?? box.state}`}>
      <div className="mon-set-head">
        <h3 title={meaning}>{name}</h3>
        <span className="mon-set-state">
          {look.icon}
          {note ?? box.state}
        </span>
        <span className="mon-set-bytes hf-num">
          {box.state === 'absent' || box.state === 'discarded' ? '' : (written ?? formatBytes(box.bytes))}
        </span>
      </div>
      <Path path={box.path} />
      {children}
    </section>
  );
}
