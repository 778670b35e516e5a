// Roll-forward logging as it runs now: the current log, roll now, and room on the volume with the forecast.
import type { LoggingConfig } from '../../../core/contract/instance.ts';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp, useLive } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import {
  Badge,
  Button,
  ErrorBar,
  formatBytes,
  KeyValue,
  LevelIcon,
  ProgressBar,
  RepeatIcon,
  Section,
} from '../../ui/index.ts';
import { fileOf, forecastText, spaceTone, usedShare } from './logging-text.ts';

const state = (on: boolean) => <Badge tone={on ? 'ok' : 'warning'}>{on ? 'on' : 'off'}</Badge>;
const mono = (text: string | null) => (text ? <span className="hf-mono">{text}</span> : 'none');

/** `backend`: whose of an instance of several files; null for the first, or the only one. */
export function LoggingNow({
  instance,
  config: first,
  backend,
  reload,
}: {
  instance: InstanceView;
  config: LoggingConfig;
  backend: string | null;
  reload: () => void;
}) {
  const app = useApp();
  const live = useLive();
  const several = instance.status.backends !== undefined;
  // What a further file writes comes with every snapshot.
  const config: LoggingConfig = backend === null ? first : { ...first, ...fileOf(instance.status, backend)?.logging };
  const rolling = useAction();
  const roll = async () => {
    const done = await rolling.run(() => app.api.instances.setConfig({ instanceId: instance.id, roll: true }));
    if (done) reload();
  };
  const onDisk = `${formatBytes(config.usedBytes)} in ${config.logCount} ${config.logCount === 1 ? 'file' : 'files'}`;
  return (
    <Section
      title="Now"
      aside={
        <Button
          kind="subtle"
          icon={<RepeatIcon />}
          disabled={!live || !config.on}
          busy={rolling.busy}
          title={
            config.on
              ? `Closes the current log${several ? ' of every file' : ''} and starts the next`
              : 'Logging is off'
          }
          onClick={() => void roll()}
        >
          Roll now
        </Button>
      }
    >
      {rolling.error && <ErrorBar error={rolling.error} onDismiss={rolling.clear} />}
      <KeyValue
        items={[
          ['Status', state(config.on)],
          ['Current log', mono(config.currentLog)],
          ['Last not used', mono(config.lastNotUsed)],
          ['On disk', onDisk],
        ]}
      />
      {config.space && <Room space={config.space} />}
    </Section>
  );
}

function Room({ space }: { space: NonNullable<LoggingConfig['space']> }) {
  return (
    <div className="lg-gauge">
      <ProgressBar value={usedShare(space)} label="Volume of the logs in use" tone={spaceTone(space)} />
      <p className={`lg-room lg-room-${space.level}`}>
        {space.level !== 'ok' && <LevelIcon level={space.level} />}
        <span>
          {formatBytes(space.freeBytes)} free of {formatBytes(space.totalBytes)}. {forecastText(space)}
        </span>
      </p>
      {space.sharedWithDatabase && (
        <p className="hf-muted lg-note">The database lies on the same volume: one failed disk takes both.</p>
      )}
    </div>
  );
}
