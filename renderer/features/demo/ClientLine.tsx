// What the writing client does now: where it writes, how much was acknowledged, how long ago.
import type { DemoView } from '../../../core/contract/site.ts';
import { formatCount, formatDuration, Led, useNow } from '../../ui/index.ts';

const SILENT_MS = 3_000;

export function ClientLine({ client }: { client: DemoView['client'] }) {
  const now = useNow();
  if (!client?.running) return <span className="lab-client hf-muted">The client is not running</span>;
  const silence = client.lastWriteAt === null ? null : Math.max(0, now - client.lastWriteAt);
  const writing = client.writingTo !== null && silence !== null && silence < SILENT_MS;
  return (
    <span className="lab-client hf-num">
      <Led state={writing ? 'on' : 'error'} label={writing ? 'The client can write' : 'The client cannot write'} />
      <span className="hf-ellipsis">
        {client.writingTo === null ? (
          <b className="hf-tone-critical">Client finds no active database</b>
        ) : (
          <>
            Client writing to <b>{client.writingTo}</b>
          </>
        )}
        , {formatCount(client.acknowledged)} acknowledged
        {client.failed > 0 && `, ${formatCount(client.failed)} refused`}
        {silence !== null && `, last ${formatDuration(silence < SILENT_MS ? Math.max(100, silence) : silence)} ago`}
      </span>
    </span>
  );
}
