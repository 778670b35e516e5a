// The lab in one line on the failover page: a switch for each server, and what the client is doing.
import './demo.css';
import { useApp, useSite } from '../../app/app.ts';
import { Button, LabIcon } from '../../ui/index.ts';
import { ClientLine } from './ClientLine.tsx';
import { PowerSwitch } from './PowerSwitch.tsx';

export function LabStrip() {
  const app = useApp();
  const demo = useSite((snapshot) => snapshot.demo);
  return (
    <section className="lab-strip" aria-label="Demo lab">
      <span className="lab-name">
        <LabIcon /> Lab
      </span>
      {demo.servers.map((server) => (
        <PowerSwitch key={server.name} server={server} compact />
      ))}
      <ClientLine client={demo.client} />
      <Button kind="subtle" onClick={() => app.navigate({ page: 'demo' })}>
        Open lab
      </Button>
    </section>
  );
}
