// One server of the lab: its switch, its role, its state and the age of its data.
import type { ReactNode } from 'react';
import { useSite } from '../../app/app.ts';
import { memberLed } from '../../app/standing.ts';
import { Age, KeyValue, Led } from '../../ui/index.ts';
import { memberStateText } from '../failover/group-words.ts';

export function LabServer({ name, children }: { name: string; children: ReactNode }) {
  const groups = useSite((snapshot) => snapshot.groups);
  const server = useSite((snapshot) => snapshot.servers.find((each) => each.name === name));
  const member = groups.flatMap((group) => group.members).find((each) => each.server === name);
  return (
    <section className="lab-server" aria-label={name}>
      <h3>
        {member && <Led {...memberLed(member)} />}
        {name}
        {member?.master && <span className="hf-muted"> (Master)</span>}
      </h3>
      {children}
      <KeyValue
        items={[
          ['Database', member ? memberStateText[member.state].text : '–'],
          ['Data age', member?.active ? 'live' : <Age key="age" since={member?.dataTime ?? null} />],
          ['Process', server?.pid ? `pid ${server.pid}` : '–'],
          ['Last contact', <Age key="contact" since={server?.lastContact ?? null} suffix=" ago" />],
        ]}
      />
    </section>
  );
}
