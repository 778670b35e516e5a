// System messages: what the tray counts. Standing conditions stay until they end; others go once acknowledged.
import './messages.css';
import { useState } from 'react';
import { useApi, useLive, useSite } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { Age, Badge, Button, Dialog, ErrorBar, LevelIcon, Select, Time } from '../../ui/index.ts';

type Filter = 'open' | 'all' | 'critical' | 'warning' | 'info';

export function MessagesDialog({ onClose }: { onClose: () => void }) {
  const api = useApi();
  const live = useLive();
  const action = useAction();
  const messages = useSite((snapshot) => snapshot.messages);
  const [filter, setFilter] = useState<Filter>('open');
  const shown = messages.filter((message) =>
    filter === 'all' ? true : filter === 'open' ? message.standing || !message.acknowledged : message.level === filter,
  );
  return (
    <Dialog title="System messages" size="large" flush onClose={onClose}>
      <div className="messages-head">
        <Select<Filter>
          label="Show"
          hideLabel
          value={filter}
          onChange={setFilter}
          options={[
            { value: 'open', label: 'Open messages' },
            { value: 'critical', label: 'Critical' },
            { value: 'warning', label: 'Warnings' },
            { value: 'info', label: 'Information' },
            { value: 'all', label: 'All messages' },
          ]}
        />
        <span className="hf-muted hf-num">{shown.length}</span>
      </div>
      {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling list must be reachable by keyboard */}
      <ul className="messages-list" tabIndex={0} aria-label="Messages">
        {shown.map((message) => (
          <li key={message.id} className={message.acknowledged ? 'is-acknowledged' : undefined}>
            <LevelIcon level={message.level} />
            <div className="messages-text">
              <p>{message.text}</p>
              <p className="hf-muted">
                {message.source} · <Time at={message.at} /> · <Age since={message.at} suffix=" ago" />
              </p>
            </div>
            {message.standing ? <Badge tone={message.level}>Ongoing</Badge> : <Badge>Over</Badge>}
            <Button
              disabled={message.acknowledged || !live}
              label={`${message.acknowledged ? 'Acknowledged' : 'Acknowledge'}: ${message.text}`}
              onClick={() => void action.run(() => api.site.acknowledge({ messageId: message.id }))}
            >
              {message.acknowledged ? 'Acknowledged' : 'Acknowledge'}
            </Button>
          </li>
        ))}
        {shown.length === 0 && (
          <li className="hf-muted">
            {filter === 'open' ? 'Nothing is waiting for you.' : 'No messages of this kind.'}
          </li>
        )}
      </ul>
    </Dialog>
  );
}
