// The answer of a server that nobody can reach from here: its vector, read there with `holdfast vector` and typed in.
import { useState } from 'react';
import type { PeerVerification } from '../../../core/contract/restore.ts';
import { useApp } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { Button, Dialog, ErrorBar, Select, TextField } from '../../ui/index.ts';
import './recovery.css';

/** `silent`: the servers that did not answer; another can be named as well. `files`: those of a database of several, else empty. */
export function AnswerByHand(props: {
  jobId: string;
  silent: readonly Pick<PeerVerification, 'server' | 'replica' | 'backend'>[];
  files: readonly string[];
  onClose: () => void;
  /** The job to follow from now on. */
  onDone: (jobId: string) => void;
}) {
  const app = useApp();
  const action = useAction();
  const [server, setServer] = useState(props.silent[0]?.server ?? '');
  const [replica, setReplica] = useState(props.silent[0]?.replica ?? '');
  const [backend, setBackend] = useState(props.silent[0]?.backend ?? props.files[0]);
  const [vector, setVector] = useState('');
  const ready = server.trim() !== '' && replica.trim() !== '' && vector.trim() !== '';
  const send = async () => {
    const answer = { jobId: props.jobId, server: server.trim(), replica: replica.trim(), vector, backend };
    const done = await action.run(() => app.api.restore.answer(answer));
    if (done) props.onDone(done.jobId);
  };
  return (
    <Dialog
      title="Enter a server's answer by hand"
      onClose={props.onClose}
      actions={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button kind="primary" disabled={!ready} busy={action.busy} onClick={() => void send()}>
            Compare
          </Button>
        </>
      }
    >
      <div className="mon-by-hand">
        <p className="hf-secondary">
          On that server run <span className="hf-mono">holdfast vector DB</span> and type what it prints. What the
          server says itself later counts more.
        </p>
        <TextField label="Server" value={server} onChange={setServer} mono width="100%" />
        <TextField label="Replica" value={replica} onChange={setReplica} mono width="100%" />
        {props.files.length > 1 && (
          <Select
            label="File"
            width="100%"
            value={backend ?? ''}
            options={props.files.map((id) => ({ value: id, label: id }))}
            onChange={setBackend}
          />
        )}
        <TextField
          label="Vector"
          value={vector}
          onChange={setVector}
          mono
          width="100%"
          placeholder="s3D35F377 r02 e002, s3D35F370 r01 e001"
          hint="One stamp for each replica number, separated by commas"
          onEnter={() => ready && void send()}
        />
        {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
      </div>
    </Dialog>
  );
}
