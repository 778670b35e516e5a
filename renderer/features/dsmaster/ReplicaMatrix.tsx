// Servers by partitions: which replica each server holds, and which servers are DSMASTER servers. Everything can be tried.
import { useState } from 'react';
import type { DsmasterInput, DsmasterServer, ReplicaType } from '../../../core/contract/dsmaster.ts';
import { AddIcon, Button, Checkbox, DeleteIcon, IconButton, Select, TextField } from '../../ui/index.ts';

const types: readonly { value: ReplicaType | 'none'; label: string }[] = [
  { value: 'none', label: '–' },
  { value: 'MASTER', label: 'Master' },
  { value: 'SECONDARY', label: 'Read/write' },
  { value: 'READONLY', label: 'Read-only' },
  { value: 'SPARSE_WRITE', label: 'Filtered r/w' },
  { value: 'SPARSE_READ', label: 'Filtered r/o' },
  { value: 'SUBREF', label: 'Subref' },
];

const partitionsOf = (input: DsmasterInput) => [
  ...new Set([...input.partitions, ...input.servers.flatMap((server) => server.replicas.map((one) => one.partition))]),
];

export function ReplicaMatrix({ input, onChange }: { input: DsmasterInput; onChange: (next: DsmasterInput) => void }) {
  const [server, setServer] = useState('');
  const [partition, setPartition] = useState('');
  const partitions = partitionsOf(input);
  const taken = input.servers.some((one) => one.name.toLowerCase() === server.trim().toLowerCase());
  const change = (name: string, patch: Partial<DsmasterServer>) =>
    onChange({ ...input, servers: input.servers.map((one) => (one.name === name ? { ...one, ...patch } : one)) });
  const setType = (one: DsmasterServer, name: string, type: ReplicaType | 'none') => {
    const others = one.replicas.filter((replica) => replica.partition !== name);
    change(one.name, { replicas: type === 'none' ? others : [...others, { partition: name, type }] });
  };
  const addServer = () => {
    if (!server.trim() || taken) return;
    onChange({ ...input, servers: [...input.servers, { name: server.trim(), dsmaster: false, replicas: [] }] });
    setServer('');
  };
  const addPartition = () => {
    if (!partition.trim() || partitions.includes(partition.trim())) return;
    onChange({ ...input, partitions: [...partitions, partition.trim()] });
    setPartition('');
  };
  const removePartition = (name: string) =>
    onChange({
      ...input,
      partitions: partitions.filter((one) => one !== name),
      servers: input.servers.map((one) => ({
        ...one,
        replicas: one.replicas.filter((replica) => replica.partition !== name),
      })),
    });
  return (
    <>
      {input.servers.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by key
        <section className="dsm-scroll" aria-label="Servers and partitions" tabIndex={0}>
          <table className="dsm-matrix">
            <thead>
              <tr>
                <th scope="col">Server</th>
                <th scope="col">DSMASTER</th>
                {partitions.map((name) => (
                  <th scope="col" key={name}>
                    <span className="dsm-head">
                      {name}
                      <IconButton
                        icon={<DeleteIcon />}
                        label={`Remove partition ${name}`}
                        onClick={() => removePartition(name)}
                      />
                    </span>
                  </th>
                ))}
                <th scope="col">
                  <span className="hf-sr">Remove</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {input.servers.map((one) => (
                <tr key={one.name}>
                  <th scope="row">{one.name}</th>
                  <td>
                    <Checkbox
                      label={<span className="hf-sr">{`${one.name} is a DSMASTER server`}</span>}
                      checked={one.dsmaster}
                      onChange={(dsmaster) => change(one.name, { dsmaster })}
                    />
                  </td>
                  {partitions.map((name) => (
                    <td key={name}>
                      <Select
                        label={`${name} on ${one.name}`}
                        hideLabel
                        width={118}
                        value={one.replicas.find((replica) => replica.partition === name)?.type ?? 'none'}
                        options={types}
                        onChange={(type) => setType(one, name, type)}
                      />
                    </td>
                  ))}
                  <td>
                    <IconButton
                      icon={<DeleteIcon />}
                      label={`Remove ${one.name}`}
                      onClick={() =>
                        onChange({ ...input, servers: input.servers.filter((other) => other.name !== one.name) })
                      }
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      <div className="dsm-add">
        <TextField
          label="Another server"
          width={170}
          value={server}
          onChange={setServer}
          problem={taken ? 'It is in the table' : null}
          onEnter={addServer}
        />
        <Button icon={<AddIcon />} disabled={!server.trim() || taken} onClick={addServer}>
          Add server
        </Button>
        <TextField
          label="Another partition"
          width={220}
          placeholder="\T=TREE\O=ORG"
          value={partition}
          onChange={setPartition}
          onEnter={addPartition}
        />
        <Button icon={<AddIcon />} disabled={!partition.trim()} onClick={addPartition}>
          Add partition
        </Button>
      </div>
    </>
  );
}
