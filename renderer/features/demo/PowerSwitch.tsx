// The outage switch of one server of the lab: off is a power cut, without warning to anyone.
import { useApi, useApp, useLive } from '../../app/app.ts';
import { runFor } from '../../commands/registry.ts';
import { Switch } from '../../ui/index.ts';

export function PowerSwitch({ server, compact }: { server: { name: string; power: boolean }; compact?: boolean }) {
  const app = useApp();
  const api = useApi();
  const live = useLive();
  return (
    <Switch
      label={compact ? server.name : `Power of ${server.name}`}
      checked={server.power}
      disabled={!live}
      onChange={(on) => runFor(app, () => api.demo.power({ server: server.name, on }))}
    />
  );
}
