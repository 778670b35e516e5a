// Servers to verify against that no group names: each with its replica and its vector, or without one, to be waited for.
import { useState } from 'react';
import type { Stamp } from '../../../core/contract/common.ts';
import type { Peer } from '../../../core/contract/restore.ts';
import { AddIcon, Button, DeleteIcon, IconButton, Section, Select, TextField } from '../../ui/index.ts';
import { stampText } from '../monitor/stamp-text.ts';
import { stampFrom } from './wizard-text.ts';

/** Stamps separated by commas or lines; null when one of them is none, or two are of one replica number. */
function vectorFrom(text: string): Stamp[] | null {
  const words = text.split(/[\n,;]+/).filter((word) => word.trim() !== '');
  const stamps = words.flatMap((word) => stampFrom(word) ?? []);
  const distinct = new Set(stamps.map((stamp) => stamp.replica)).size === stamps.length;
  return stamps.length === words.length && distinct ? stamps.sort((a, b) => a.replica - b.replica) : null;
}

/** `files`: those of a database of several, of which each server holds a vector for each; else empty. */
export function PeersPart({
  peers,
  files,
  onChange,
}: {
  peers: readonly Peer[];
  files: readonly string[];
  onChange: (peers: Peer[]) => void;
}) {
  const [server, setServer] = useState('');
  const [replica, setReplica] = useState('');
  const [text, setText] = useState('');
  const [file, setFile] = useState(files[0]);
  const vector = vectorFrom(text);
  const ready = server.trim() !== '' && replica.trim() !== '' && vector !== null;
  const add = () => {
    if (!ready) return;
    const given = { server: server.trim(), replica: replica.trim(), vector: vector.length > 0 ? vector : null };
    onChange([...peers, file === undefined ? given : { ...given, backend: file }]);
    setText('');
    const next = file === undefined ? undefined : files[files.indexOf(file) + 1];
    setFile(next ?? files[0]);
    // The other files of the same server follow.
    if (next === undefined) setServer('');
  };
  return (
    <Section title="Verify against other servers as well">
      <p className="hf-secondary">
        The members of its failover group are asked by themselves. For another server give what{' '}
        <span className="hf-mono">holdfast vector</span> prints there; without it the verification waits for its answer.
      </p>
      {peers.length > 0 && (
        <ul className="rw-peers">
          {peers.map((peer, index) => (
            <li key={`${peer.server} ${peer.replica} ${peer.backend ?? ''}`}>
              <span>
                <strong>{peer.server}</strong> <span className="hf-muted">{peer.replica}</span>
                {peer.backend && ` · ${peer.backend}`}
              </span>
              <span className="hf-mono">{peer.vector?.map(stampText).join(', ') ?? 'to be waited for'}</span>
              <IconButton
                icon={<DeleteIcon />}
                label={`Remove ${peer.server}${peer.backend ? ` (${peer.backend})` : ''}`}
                onClick={() => onChange(peers.filter((_, other) => other !== index))}
              />
            </li>
          ))}
        </ul>
      )}
      <div className={files.length > 1 ? 'rw-peer-form rw-peer-form-files' : 'rw-peer-form'}>
        <TextField label="Server" value={server} onChange={setServer} width={140} />
        <TextField label="Replica" value={replica} onChange={setReplica} width={140} />
        {files.length > 1 && (
          <Select
            label="File"
            width={130}
            value={file ?? ''}
            options={files.map((id) => ({ value: id, label: id }))}
            onChange={setFile}
          />
        )}
        <TextField
          label="Vector"
          mono
          width="100%"
          value={text}
          onChange={setText}
          placeholder="s3D35F377 r02 e002, s3D35F370 r01 e001"
          problem={vector === null ? 'A vector is stamps, one for each replica number, separated by commas.' : null}
          onEnter={add}
        />
        <Button icon={<AddIcon />} disabled={!ready} onClick={add}>
          Add server
        </Button>
      </div>
    </Section>
  );
}
