// Protect a database, in three steps: file, name and folder, review. Then it offers the first full backup.
import './protect.css';
import { type ReactNode, useEffect, useState } from 'react';
import { useApp, useLive, useSite } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { useQuery } from '../../app/use-query.ts';
import { Button, CheckIcon, Dialog, ErrorBar, KeyValue, MessageBar } from '../../ui/index.ts';
import { FileStep } from './FileStep.tsx';
import { anyRollback, backendName, furtherAllow } from './further-files.ts';
import { NameStep } from './NameStep.tsx';
import { nameProblem, type ProtectDraft, probeAllows, suggestName } from './protect-draft.ts';

const steps = ['Database file', 'Name and folder', 'Review'] as const;
const TYPING_MS = 350;

export function ProtectWizard({ server, onClose }: { server: string | null; onClose: () => void }) {
  const app = useApp();
  const live = useLive();
  const instances = useSite((snapshot) => snapshot.instances);
  const [step, setStep] = useState(0);
  const [draft, setDraft] = useState<ProtectDraft>({
    server,
    path: '',
    name: '',
    backupFolder: '',
    logging: true,
    switchToWal: false,
    further: [],
  });
  const [settled, setSettled] = useState('');
  const [done, setDone] = useState<string | null>(null);
  const action = useAction();
  const onChange = (change: Partial<ProtectDraft>) => setDraft((before) => ({ ...before, ...change }));

  // The file is looked at once typing has paused.
  const { path } = draft;
  useEffect(() => {
    const timer = setTimeout(() => setSettled(path.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [path]);
  const probe = useQuery(settled ? `${draft.server} ${settled}` : null, (signal) =>
    app.api.instances.inspect({ server: draft.server, path: settled }, { signal }),
  );
  const looked = settled === path.trim() ? probe.data : null;
  const taken = instances
    .filter((each) => each.server === (draft.server ?? each.server))
    .map((each) => each.status.name);
  const problem = nameProblem(draft.name, taken);

  const next = () => {
    if (step === 0 && looked) {
      const rollback = anyRollback(looked, draft.further);
      if (draft.name === '')
        onChange({ name: suggestName(draft.path, taken), logging: !rollback || draft.switchToWal });
    }
    setStep(step + 1);
  };
  const protect = async () => {
    const result = await action.run(() =>
      app.api.instances.protect({
        ...{ server: draft.server, name: draft.name, logging: draft.logging, switchToWal: draft.switchToWal },
        path: path.trim(),
        backupFolder: draft.backupFolder.trim() || null,
        backends: draft.further.map((file) => ({ id: file.id, path: file.path.trim() })),
        backendId: draft.further.length > 0 ? backendName(path) : null,
      }),
    );
    if (result) setDone(result.instanceId);
  };
  const backUp = async () => {
    if (done === null) return;
    const started = await action.run(() => app.api.backup.start({ instanceId: done, type: 'full' }));
    if (started) finish();
  };
  const finish = () => {
    onClose();
    if (done !== null) app.navigate({ page: 'backup/databases', instanceId: done });
  };

  const canGoOn = step === 0 ? probeAllows(looked) && furtherAllow(draft) : problem === null;
  const actions =
    done !== null ? (
      <>
        <Button onClick={finish}>Later</Button>
        <Button kind="primary" busy={action.busy} disabled={!live} onClick={() => void backUp()} autoFocus>
          Full backup now
        </Button>
      </>
    ) : (
      <>
        <Button onClick={onClose}>Cancel</Button>
        <Button disabled={step === 0} onClick={() => setStep(step - 1)}>
          Back
        </Button>
        {step < 2 ? (
          <Button kind="primary" disabled={!canGoOn} onClick={next}>
            Next
          </Button>
        ) : (
          <Button kind="primary" busy={action.busy} disabled={!live} onClick={() => void protect()}>
            Protect
          </Button>
        )}
      </>
    );

  return (
    <Dialog title="Protect a database" size="large" flush onClose={onClose} actions={actions}>
      <div className="protect-wizard">
        <ol className="protect-steps" aria-label="Steps">
          {steps.map((label, index) => {
            const over = done !== null || index < step;
            return (
              <li
                key={label}
                className={over ? 'is-done' : undefined}
                aria-current={index === step && done === null ? 'step' : undefined}
              >
                <span className="protect-number">{over ? <CheckIcon /> : index + 1}</span>
                {label}
              </li>
            );
          })}
        </ol>
        <div className="protect-body">
          {action.error && <ErrorBar error={action.error} />}
          {done !== null ? (
            <MessageBar level="ok" title={`${done} is protected.`}>
              It can be restored once a full backup exists. Take it now; clients keep working.
            </MessageBar>
          ) : step === 0 ? (
            <FileStep
              draft={draft}
              onChange={onChange}
              probe={looked}
              looking={probe.loading || (path.trim() !== '' && settled !== path.trim())}
              error={probe.error}
            />
          ) : step === 1 && looked ? (
            <NameStep
              draft={draft}
              onChange={onChange}
              rollback={anyRollback(looked, draft.further)}
              nameProblem={problem}
            />
          ) : (
            <Review draft={draft} />
          )}
        </div>
      </div>
    </Dialog>
  );
}

function Review({ draft }: { draft: ProtectDraft }) {
  return (
    <>
      <p>The database stays where it is and keeps serving its clients.</p>
      <KeyValue
        items={[
          ['Server', draft.server ?? 'This machine'],
          [
            'Database file',
            <span key="p" className="hf-mono">
              {draft.path}
            </span>,
          ],
          ...draft.further.map((file): [string, ReactNode] => [
            `Further file ${file.id}`,
            <span key={file.id} className="hf-mono">
              {file.path}
            </span>,
          ]),
          ['Name', draft.name],
          [
            'Backup folder',
            draft.backupFolder ? (
              <span key="b" className="hf-mono">
                {draft.backupFolder}
              </span>
            ) : (
              'Chosen by Holdfast'
            ),
          ],
          ['Journal', draft.switchToWal ? 'Will be switched to WAL' : 'Stays as it is'],
          ['Roll-forward logging', draft.logging ? 'On' : 'Off'],
        ]}
      />
    </>
  );
}
