// The write-ahead log of a database: how much of it is copied back, and who keeps it from being released.
import type { WalPin } from '../../../core/contract/logging.ts';
import type { InstanceView } from '../../../core/contract/site.ts';
import { Age, Bytes, formatBytes, formatCount, LevelIcon, ProgressBar, Section } from '../../ui/index.ts';
import { walShare } from '../databases/instance-text.ts';
import { fileOf, pinWhat } from './logging-text.ts';

function Pin({ pin }: { pin: WalPin }) {
  return (
    <li className="lg-hazard">
      <LevelIcon level={pin.level} label={pin.level === 'warning' ? 'Holds too much' : 'Harmless so far'} />
      <p>
        <strong>{pin.program}</strong> <span className="hf-muted">(process {pin.pid})</span>: {pinWhat(pin)} for{' '}
        <Age since={pin.since} />
        {pin.bytes !== null && pin.bytes > 0 && (
          <>
            {' '}
            and holds back <Bytes value={pin.bytes} />
          </>
        )}
        .
      </p>
    </li>
  );
}

/** `backend`: whose of an instance of several files; null for the first, or the only one. */
export function WalHolds({ instance, backend }: { instance: InstanceView; backend: string | null }) {
  const { status } = instance;
  const { wal = null, walPins, journal } = fileOf(status, backend) ?? status;
  // Who holds another file is worth a word where this one is looked at.
  const elsewhere = (status.walPins ?? []).filter(
    (pin) => pin.level === 'warning' && pin.backend !== undefined && pin.backend !== fileOf(status, backend)?.id,
  );
  if (journal === 'rollback')
    return (
      <Section title="Write-ahead log">
        <p className="hf-secondary">
          {status.backends ? 'This file' : 'This database'} uses a rollback journal: it has no write-ahead log, and
          cannot be logged.
        </p>
      </Section>
    );
  return (
    <Section title="Write-ahead log">
      {wal ? (
        <div className="lg-gauge">
          {wal.frames > 0 && <ProgressBar value={walShare(wal)} label="Write-ahead log copied back" />}
          <p className="hf-secondary">
            {wal.frames === 0
              ? 'Empty: everything is in the database.'
              : `${formatCount(wal.copiedBack)} of ${formatCount(wal.frames)} frames copied back; the file has ${formatBytes(wal.bytes)}.`}
          </p>
        </div>
      ) : (
        <p className="hf-secondary">Not known while the database is closed.</p>
      )}
      {walPins && walPins.length > 0 ? (
        <ul className="lg-hazards" aria-label="Who holds the write-ahead log">
          {walPins.map((pin) => (
            <Pin key={`${pin.pid} ${pin.kind}`} pin={pin} />
          ))}
        </ul>
      ) : (
        wal && walPins && <p className="hf-secondary">Nobody keeps it from being released.</p>
      )}
      {elsewhere.length > 0 && (
        <p className="lg-hazard">
          <LevelIcon level="warning" />
          Also held: the write-ahead log of {[...new Set(elsewhere.map((pin) => pin.backend))].join(', ')}.
        </p>
      )}
    </Section>
  );
}
