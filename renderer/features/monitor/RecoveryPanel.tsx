// After -6034: what exactly is missing, and the ways on, best first. Each button carries its way out after the engine has said what it does.
import { type ReactNode, useState } from 'react';
import type { Plan } from '../../../core/contract/failover.ts';
import type { RecoveryWay } from '../../../core/contract/recovery.ts';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp, useLive, useSite } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { useQuery } from '../../app/use-query.ts';
import { Button, ConfirmDialog, EngineText, ErrorBar, SearchIcon, Spinner, TextField } from '../../ui/index.ts';
import { MissingRanges } from './MissingRanges.tsx';
import { lossText, searchedText } from './recovery-text.ts';
import type { RestorePicture } from './restore-phase.ts';
import './recovery.css';

const verbs = { complete: 'Run again…', backup: 'Restore…', copy: 'Back up…', accept: 'Accept…' } as const;
const confirms = { complete: 'Run again', backup: 'Restore', copy: 'Back up', accept: 'Accept the loss' } as const;

interface Asking {
  way: RecoveryWay;
  plan: Plan;
}

export function RecoveryPanel(props: {
  picture: RestorePicture;
  instance: InstanceView;
  /** What else can be done with the set in RST. */
  children: ReactNode;
}) {
  const { picture, instance } = props;
  const app = useApp();
  const live = useLive();
  const action = useAction();
  const [folders, setFolders] = useState<readonly string[]>([]);
  const [asking, setAsking] = useState<Asking | null>(null);
  const [password, setPassword] = useState('');
  const jobId = picture.job.id;
  // A backup that has ended since may hold what is missing.
  const backups = useSite((site) => site.jobs.filter((job) => job.kind === 'backup' && job.endedAt !== null).length);
  const found = useQuery(
    live ? `recovery ${jobId} ${folders.join('\n')} ${backups} ${instance.status.hasRst}` : null,
    (signal) => app.api.restore.recovery({ jobId, folders: [...folders] }, { signal }),
  );
  const recovery = found.data;

  const plan = async (way: RecoveryWay) => {
    const planned = await action.run(() =>
      app.api.restore.recoveryPlan({ jobId, wayId: way.id, folders: [...folders] }),
    );
    if (planned) setAsking({ way, plan: planned });
  };
  const carryOut = async (typed: string | null) => {
    if (!asking) return;
    const secrets = password === '' ? undefined : { pages: password, security: null };
    const done = await action.run(() => app.api.restore.recover({ token: asking.plan.token, typed, secrets }));
    setPassword('');
    if (!done) return;
    setAsking(null);
    if (done.jobId !== null && asking.way.kind !== 'copy') app.navigate({ page: 'restore/monitor', jobId: done.jobId });
  };
  return (
    <section className="mon-recovery" aria-label="Guided recovery">
      <div className="mon-recovery-missing">
        <h2>What is missing</h2>
        <MissingRanges verification={picture.view.verification} recovery={recovery} />
        {recovery && recovery.missing.length > 0 && (
          <p className="mon-loss">
            In all <strong>{lossText(recovery.loss)}</strong>.
          </p>
        )}
        <LookElsewhere
          server={instance.id.split('/')[0] ?? ''}
          folders={folders}
          busy={found.loading}
          onAdd={(folder) => setFolders([...new Set([...folders, folder])])}
        />
        {recovery && <p className="hf-muted mon-searched">{searchedText(recovery.searched)}</p>}
      </div>
      <div className="mon-recovery-ways">
        <h2>Ways on</h2>
        {found.error && <ErrorBar error={found.error} actions={<Button onClick={found.reload}>Look again</Button>} />}
        {!recovery && found.loading && <Spinner size="tiny" label="Looking for what is missing in backups and logs" />}
        {recovery && (
          <ol className="mon-way-list">
            {recovery.ways.map((way, index) => (
              <li key={way.id} className={way.kind === 'accept' ? 'is-loss' : undefined}>
                <div>
                  <strong>{way.title}</strong>
                  <p>
                    <EngineText text={way.text} />
                  </p>
                </div>
                <Button
                  kind={way.kind === 'accept' ? 'danger' : index === 0 ? 'primary' : 'normal'}
                  disabled={!live}
                  busy={action.busy}
                  label={`${verbs[way.kind].replace('…', '')}: ${way.title}`}
                  onClick={() => void plan(way)}
                >
                  {verbs[way.kind]}
                </Button>
              </li>
            ))}
          </ol>
        )}
        {recovery?.ways.some((way) => way.encrypted) && (
          <TextField
            label="Password of the encrypted backups"
            hint="Needed only where the server does not keep the key."
            type="password"
            value={password}
            onChange={setPassword}
            width="100%"
          />
        )}
        {recovery && recovery.status !== 'behind' && (
          <p className="hf-secondary">No server that answers now is ahead of the restored set. Verify it again.</p>
        )}
        {action.error && !asking && <ErrorBar error={action.error} onDismiss={action.clear} />}
        {props.children}
      </div>
      {asking && (
        <ConfirmDialog
          plan={asking.plan}
          verb={confirms[asking.way.kind]}
          busy={action.busy}
          error={action.error}
          onReplan={() => void plan(asking.way)}
          onConfirm={(typed) => void carryOut(typed)}
          onCancel={() => {
            action.clear();
            setAsking(null);
          }}
        />
      )}
    </section>
  );
}

/** A folder that the administrator names: a log or a backup can have been moved anywhere. */
function LookElsewhere(props: {
  server: string;
  folders: readonly string[];
  busy: boolean;
  onAdd: (folder: string) => void;
}) {
  const [text, setText] = useState('');
  const add = () => {
    if (text.trim() === '') return;
    props.onAdd(text.trim());
    setText('');
  };
  return (
    <div className="mon-elsewhere">
      <TextField
        label={`Another folder on ${props.server} to look in`}
        hideLabel
        value={text}
        onChange={setText}
        onEnter={add}
        placeholder={`Another folder on ${props.server} to look in`}
        mono
        width="100%"
      />
      <Button
        icon={<SearchIcon />}
        busy={props.busy && props.folders.length > 0}
        disabled={text.trim() === ''}
        onClick={add}
      >
        Look there
      </Button>
    </div>
  );
}
