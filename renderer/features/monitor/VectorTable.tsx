// The verification: for each server and replica the local and remote vector side by side, as the backup log prints them.
import type { RestoreView } from '../../../core/contract/restore.ts';
import { Spinner } from '../../ui/index.ts';
import { type PeerBlock, peerBlocks, type VectorLine } from './vector-rows.ts';

const marks = {
  equal: { sign: '✓', text: 'equal' },
  ahead: { sign: '✓', text: 'newer here' },
  behind: { sign: '✕', text: 'behind' },
} as const;

function Line({ line }: { line: VectorLine }) {
  const mark = marks[line.status];
  return (
    <>
      <tr className={`is-${line.status}`}>
        <td title={line.localMeaning}>{line.local}</td>
        <td title={line.remoteMeaning}>{line.remote}</td>
        <td className="mon-vector-sign">
          <span aria-hidden="true">{line.status === 'ahead' ? '>' : mark.sign}</span>
          <span className="hf-sr">{mark.text}</span>
        </td>
      </tr>
      {line.note && (
        <tr className="mon-vector-note">
          <td colSpan={3}>
            replica {line.replica} is {line.note}
          </td>
        </tr>
      )}
    </>
  );
}

function Peer({ block }: { block: PeerBlock }) {
  return (
    <section
      className={`mon-peer is-${block.status}`}
      aria-label={`${block.server}${block.file ? ` (${block.file})` : ''}: ${block.summary}`}
    >
      <h3 className="mon-peer-name" title={`Server ${block.server}`}>
        {block.server}
      </h3>
      <div className="mon-peer-line">
        <span className="hf-muted">Replica</span> <span title={block.replica}>{block.replica}</span>
      </div>
      {block.file !== null && (
        <div className="mon-peer-line">
          <span className="hf-muted">File</span> <strong>{block.file}</strong>
        </div>
      )}
      <div className="mon-peer-line">
        <span className="hf-muted">Status</span>{' '}
        <span className="mon-peer-status">
          {block.logStatus && <strong>{block.logStatus} </strong>}
          {block.summary}
        </span>
      </div>
      {block.lines.length > 0 && (
        <table className="mon-vector">
          <thead>
            <tr>
              <th scope="col">Local TV</th>
              <th scope="col">Remote TV</th>
              <th scope="col">
                <span className="hf-sr">Comparison</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {block.lines.map((line) => (
              <Line key={line.replica} line={line} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function emptyText(verification: RestoreView['verification'], over: boolean): string {
  switch (verification.status) {
    case 'skipped':
      return 'Verification was skipped, as was asked. Nothing is known about changes that other servers hold.';
    case 'noPeers':
      return 'No other server holds a copy, so there is no vector to compare with. The integrity check counts alone.';
    case 'overridden':
      return 'Activated by hand without a good verification.';
    case 'waiting':
      if (over) return 'The restore ended before its verification.';
      return 'Servers are asked for their vectors once the data is restored.';
    default:
      return 'No server has been asked.';
  }
}

const integrityText = {
  waiting: 'Integrity check waits',
  running: 'Integrity check runs',
  ok: 'Integrity check good',
  failed: 'Integrity check failed',
} as const;

export function VectorTable({ verification, over }: { verification: RestoreView['verification']; over: boolean }) {
  const blocks = peerBlocks(verification.servers);
  return (
    <div className="mon-peers">
      <p className={`mon-integrity is-${verification.integrity}`}>
        {over && verification.integrity === 'waiting'
          ? 'No integrity check was made'
          : integrityText[verification.integrity]}
      </p>
      {blocks.length === 0 &&
        (verification.status === 'running' ? (
          <Spinner size="tiny" label="Asking the other servers" />
        ) : (
          <p className="hf-muted mon-quiet">{emptyText(verification, over)}</p>
        ))}
      {blocks.map((block) => (
        <Peer key={block.key} block={block} />
      ))}
    </div>
  );
}
