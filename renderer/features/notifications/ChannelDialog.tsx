// One channel: where it leads, what it is told of, and its secret, which is only ever written.
import { useState } from 'react';
import { type ChannelInput, channelInputSchema } from '../../../core/contract/notify.ts';
import { useApi } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { Checkbox, FormDialog, Select, Switch, TextField } from '../../ui/index.ts';

export function freshChannel(kind: ChannelInput['kind']): ChannelInput {
  const common = { id: null, name: '', enabled: true, from: 'warning', onSuccess: false } as const;
  if (kind === 'desktop') return { kind, ...common, name: 'Desktop' };
  if (kind === 'webhook') return { kind, ...common, url: '', secret: null };
  return {
    kind,
    ...common,
    ...{ host: '', port: 587, security: 'starttls', user: null, secret: null, sender: '', to: [] },
  };
}

const titles = { desktop: 'Desktop notifications', webhook: 'Webhook', email: 'E-mail' } as const;

export function ChannelDialog(props: {
  channel: ChannelInput;
  hasSecret: boolean;
  onClose: () => void;
  onSaved: (id: string) => void;
}) {
  const api = useApi();
  const action = useAction();
  const [channel, setChannel] = useState(props.channel);
  const [to, setTo] = useState(props.channel.kind === 'email' ? props.channel.to.join(', ') : '');
  const [tried, setTried] = useState(false);
  const change = (patch: object) => setChannel((before) => ({ ...before, ...patch }) as ChannelInput);
  const checked = channelInputSchema.safeParse(channel);
  const problemAt = (field: string) =>
    tried && !checked.success ? checked.error.issues.find((issue) => issue.path[0] === field)?.message : undefined;
  const save = async () => {
    setTried(true);
    if (!checked.success) return;
    const done = await action.run(() => api.notify.save(checked.data));
    if (done) props.onSaved(done.id);
  };
  const secretField = (label: string, secret: string | null) => (
    <TextField
      label={label}
      type="password"
      width={260}
      placeholder={props.hasSecret ? 'kept as it is' : 'none'}
      value={secret ?? ''}
      onChange={(text) => change({ secret: text === '' ? null : text })}
      hint="Kept by the engine, never shown again."
    />
  );
  return (
    <FormDialog
      title={titles[channel.kind]}
      busy={action.busy}
      error={action.error}
      onSave={() => void save()}
      onClose={props.onClose}
    >
      <div className="notify-line">
        <TextField
          label="Name"
          required
          autoFocus
          width={260}
          maxLength={60}
          value={channel.name}
          onChange={(name) => change({ name })}
          problem={problemAt('name')}
        />
        <Switch label="On" checked={channel.enabled} onChange={(enabled) => change({ enabled })} />
      </div>
      {channel.kind === 'webhook' && (
        <>
          <TextField
            label="Address"
            mono
            placeholder="https://…"
            value={channel.url}
            onChange={(url) => change({ url })}
            problem={problemAt('url')}
            hint="Failures are posted as JSON. Redirects to another host are not followed."
          />
          {secretField('Signing key', channel.secret)}
        </>
      )}
      {channel.kind === 'email' && (
        <>
          <div className="notify-line">
            <TextField
              label="SMTP server"
              mono
              width={260}
              value={channel.host}
              onChange={(host) => change({ host })}
              problem={problemAt('host')}
            />
            <TextField
              label="Port"
              type="number"
              min={1}
              width={90}
              value={String(channel.port)}
              onChange={(text) => change({ port: Number(text) })}
              problem={problemAt('port')}
            />
            <Select
              label="Security"
              width={190}
              value={channel.security}
              options={[
                { value: 'starttls', label: 'STARTTLS, required' },
                { value: 'tls', label: 'TLS' },
                { value: 'none', label: 'None: in the clear' },
              ]}
              onChange={(security) => change({ security })}
            />
          </div>
          <div className="notify-line">
            <TextField
              label="User"
              width={260}
              placeholder="no login"
              value={channel.user ?? ''}
              onChange={(user) => change({ user: user === '' ? null : user })}
            />
            {secretField('Password', channel.secret)}
          </div>
          <TextField
            label="From"
            value={channel.sender}
            onChange={(sender) => change({ sender: sender.trim() })}
            problem={problemAt('sender')}
          />
          <TextField
            label="To"
            placeholder="one@example.org, two@example.org"
            value={to}
            onChange={(text) => {
              setTo(text);
              change({ to: text.split(/[\s,;]+/).filter(Boolean) });
            }}
            problem={problemAt('to')}
          />
        </>
      )}
      <div className="notify-line">
        <Select
          label="Told of"
          width={260}
          value={channel.from}
          options={[
            { value: 'warning', label: 'Warnings and critical failures' },
            { value: 'critical', label: 'Critical failures only' },
          ]}
          onChange={(from) => change({ from })}
        />
        <Checkbox
          label="Also of good runs that ask for it"
          checked={channel.onSuccess}
          onChange={(onSuccess) => change({ onSuccess })}
        />
      </div>
    </FormDialog>
  );
}
