// Servers to verify against that no group names: each with its replica and its vector, or without one, to be waited for.
import { useState } from 'react';
import type { Stamp } from '../../../core/contract/common.ts';
import type { Peer } from '../../../core/contract/restore.ts';
import { AddIcon, Button, DeleteIcon, IconButton, Section, TextField } from '../../ui/index.ts';
import { stampText } from '../monitor/stamp-text.ts';
import { stampFrom } from './wizard-text.ts';

/** Stamps separated by commas or lines; null when one of them is none, or two are of one replica number. */
function vectorFrom(text: string): Stamp[] | null {
  const words = text.split(/[\n,;]+/).filter((word) => word.trim() !== '');
  const stamps = words.flatMap((word) => stampFrom(word) ?? []);
  const distinct = new Set(stamps.map((stamp) => stamp.replica)).size === stamps.length;
  return stamps.length === words.length && distinct ? stamps.sort((a, b) => a.replica - b.replica) : null;
}

export function PeersPart({ peers, onChange }: { peers: readonly Peer[]; onChange: (peers: Peer[]) => void }) {
  const [server, setServer] = useState('');
  const [replica, setReplica] = useState('');
  const [text, setText] = useState('');
  const vector = vectorFrom(text);
  const ready = server.trim() !== '' && replica.trim() !== '' && vector !== null;
  const add = () => {
    if (!ready) return;
    onChange([...peers, { server: server.trim(), replica: replica.trim(), vector: vector.length > 0 ? vector : null }]);
    setServer('');
    setText('');
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
            <li key={`${peer.server} ${peer.replica}`}>
              <span>
                <strong>{peer.server}</strong> <span className="hf-muted">{peer.replica}</span>
              </span>
              <span className="hf-mono">{peer.vector?.map(stampText).join(', ') ?? 'to be waited for'}</span>
              <IconButton
                icon={<DeleteIcon />}
                label={`Remove ${peer.server}`}
                onClick={() => onChange(peers.filter((_, other) => other !== index))}
              />
            </li>
          ))}
        </ul>
      )}
      <div className="rw-peer-form">
        <TextField label="Server" value={server} onChange={setServer} width={140} />
        <TextField label="Replica" value={replica} onChange={setReplica} width={140} />
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
