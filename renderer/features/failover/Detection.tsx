// When a server counts as lost, and what its agent does when it loses the console.
import type { GroupConfig } from '../../../core/contract/failover.ts';
import { formatDuration, Section, Select, TextField } from '../../ui/index.ts';

export function Detection({ config, edit }: { config: GroupConfig; edit: (change: Partial<GroupConfig>) => void }) {
  const seconds = (ms: number) => (Number.isNaN(ms) ? '' : String(ms / 1000));
  return (
    <Section title="Detection">
      <div className="hf-form-row">
        <TextField
          label="Ask every (s)"
          type="number"
          min={0.1}
          step={0.1}
          width={96}
          value={seconds(config.probeMs)}
          onChange={(text) => edit({ probeMs: Math.round(Number.parseFloat(text) * 1000) })}
        />
        <TextField
          label="Misses in a row"
          type="number"
          min={1}
          width={96}
          value={Number.isNaN(config.misses) ? '' : String(config.misses)}
          onChange={(text) => edit({ misses: Number.parseInt(text, 10) })}
        />
        <Select
          label="When a server loses the console"
          width={250}
          value={config.whenConsoleLost}
          options={[
            { value: 'keep', label: 'It keeps serving' },
            { value: 'fence', label: 'It fences itself after the lease' },
          ]}
          onChange={(whenConsoleLost) => edit({ whenConsoleLost })}
        />
        {config.whenConsoleLost === 'fence' && (
          <TextField
            label="Lease (s)"
            type="number"
            min={1}
            width={96}
            value={seconds(config.leaseMs)}
            onChange={(text) => edit({ leaseMs: Math.round(Number.parseFloat(text) * 1000) })}
          />
        )}
      </div>
      <p className="hf-muted">
        A loss is noticed after about {formatDuration(config.probeMs * config.misses || 0)}.{' '}
        {config.whenConsoleLost === 'fence'
          ? 'Another database takes over once the lease of the lost one has certainly run out.'
          : 'Another database takes over only when it is proved that nobody writes to the lost one; otherwise you are asked.'}
      </p>
    </Section>
  );
}
