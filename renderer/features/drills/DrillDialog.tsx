// Sets up the drill of one database: when, to which moment, where, what the restored copy is asked.
import { useState } from 'react';
import { type DrillConfig, type DrillProbe, type DrillView, drillConfigSchema } from '../../../core/contract/drills.ts';
import { useApi } from '../../app/app.ts';
import { ScheduleEditor } from '../../app/ScheduleEditor.tsx';
import { useAction } from '../../app/use-action.ts';
import {
  AddIcon,
  Button,
  Checkbox,
  DeleteIcon,
  FormDialog,
  IconButton,
  Section,
  Select,
  Switch,
  TextField,
} from '../../ui/index.ts';

const fresh = (instanceId: string): DrillConfig => ({
  instanceId,
  enabled: true,
  when: { kind: 'weekly', day: 0, at: '04:00' },
  point: 'last',
  folder: null,
  probes: [],
  timeLimitMs: 60_000,
  warnAfterDays: 30,
});

const newProbe: DrillProbe = { name: '', sql: '', expect: { kind: 'atLeast', value: 1 } };

export function DrillDialog(props: { drill: DrillView; onClose: () => void; onSaved: () => void }) {
  const api = useApi();
  const action = useAction();
  const { instanceId } = props.drill;
  const [config, setConfig] = useState(props.drill.config ?? fresh(instanceId));
  const change = (patch: Partial<DrillConfig>) => setConfig((before) => ({ ...before, ...patch }));
  const setProbe = (index: number, probe: DrillProbe) =>
    change({ probes: config.probes.map((one, at) => (at === index ? probe : one)) });
  const [tried, setTried] = useState(false);
  const checked = drillConfigSchema.safeParse(config);
  const problemAt = (...where: (string | number)[]) =>
    tried && !checked.success
      ? checked.error.issues.find((issue) => issue.path.join('.') === where.join('.'))?.message
      : undefined;
  const save = async () => {
    setTried(true);
    if (!checked.success) return;
    const done = await action.run(() => api.drills.save(checked.data));
    if (done) props.onSaved();
  };
  const remove = async () => {
    const done = await action.run(() => api.drills.remove({ instanceId }));
    if (done) props.onSaved();
  };
  return (
    <FormDialog
      title={`Restore drill of ${instanceId}`}
      size="large"
      busy={action.busy}
      error={action.error}
      onSave={() => void save()}
      onClose={props.onClose}
      extra={
        props.drill.config && (
          <Button kind="subtle" icon={<DeleteIcon />} busy={action.busy} onClick={() => void remove()}>
            Remove the drill
          </Button>
        )
      }
    >
      <Section title="When">
        <div className="drills-line">
          <Switch label="Run by schedule" checked={config.enabled} onChange={(enabled) => change({ enabled })} />
          <ScheduleEditor label="Drill" value={config.when} onChange={(when) => change({ when })} />
        </div>
        <div className="drills-line">
          <Checkbox
            label="Warn when the last proven restore is older than"
            checked={config.warnAfterDays !== null}
            onChange={(on) => change({ warnAfterDays: on ? 30 : null })}
          />
          <TextField
            label="Days until a proof is too old"
            hideLabel
            type="number"
            min={1}
            width={92}
            after="days"
            disabled={config.warnAfterDays === null}
            value={config.warnAfterDays === null ? '' : String(config.warnAfterDays)}
            onChange={(text) => change({ warnAfterDays: Number(text) })}
            problem={problemAt('warnAfterDays')}
          />
        </div>
      </Section>
      <Section title="What is restored">
        <div className="drills-line">
          <Select
            label="Moment"
            width={260}
            value={config.point}
            options={[
              { value: 'last', label: 'The last commit' },
              { value: 'random', label: 'A random moment that is covered' },
            ]}
            onChange={(point) => change({ point })}
          />
          <TextField
            label="Throw-away folder in"
            mono
            width={380}
            value={config.folder ?? ''}
            placeholder="Below the server’s root folder"
            onChange={(text) => change({ folder: text.trim() === '' ? null : text })}
            problem={problemAt('folder')}
          />
        </div>
      </Section>
      <Section title="What the restored copy is asked">
        <p className="hf-secondary drills-label">
          The rows of every table are always counted. A probe is one SQL statement that reads; the first column of its
          first row is compared.
        </p>
        <div className="drills-probes">
          {config.probes.map((probe, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: probes have no name of their own while they are typed
            <div className="drills-probe" key={index}>
              <TextField
                label={`Name of probe ${index + 1}`}
                width="100%"
                value={probe.name}
                onChange={(name) => setProbe(index, { ...probe, name })}
                problem={problemAt('probes', index, 'name')}
              />
              <TextField
                label={`SQL of probe ${index + 1}`}
                mono
                width="100%"
                value={probe.sql}
                placeholder="SELECT count(*) FROM …"
                onChange={(sql) => setProbe(index, { ...probe, sql })}
                problem={problemAt('probes', index, 'sql')}
              />
              <Select
                label="Answer"
                value={probe.expect.kind}
                options={[
                  { value: 'atLeast', label: 'is at least' },
                  { value: 'equals', label: 'is' },
                  { value: 'any', label: 'is recorded' },
                ]}
                onChange={(kind) => setProbe(index, { ...probe, expect: expectation(kind, probe) })}
              />
              <TextField
                label="Value"
                width={104}
                type={probe.expect.kind === 'atLeast' ? 'number' : 'text'}
                disabled={probe.expect.kind === 'any'}
                value={probe.expect.kind === 'any' ? '' : String(probe.expect.value)}
                onChange={(text) =>
                  setProbe(index, {
                    ...probe,
                    expect:
                      probe.expect.kind === 'atLeast'
                        ? { kind: 'atLeast', value: Number(text) }
                        : { kind: 'equals', value: text },
                  })
                }
              />
              <IconButton
                icon={<DeleteIcon />}
                label={`Remove probe ${index + 1}`}
                onClick={() => change({ probes: config.probes.filter((_, at) => at !== index) })}
              />
            </div>
          ))}
          <Button icon={<AddIcon />} onClick={() => change({ probes: [...config.probes, newProbe] })}>
            Add a probe
          </Button>
        </div>
        <TextField
          label="Time limit for each probe and table"
          type="number"
          min={1}
          width={120}
          after="s"
          value={String(config.timeLimitMs / 1000)}
          onChange={(text) => change({ timeLimitMs: Math.round(Number(text) * 1000) })}
          problem={problemAt('timeLimitMs')}
        />
      </Section>
    </FormDialog>
  );
}

function expectation(kind: DrillProbe['expect']['kind'], { expect }: DrillProbe): DrillProbe['expect'] {
  if (kind === 'any') return { kind };
  if (kind === 'equals') return { kind, value: expect.kind === 'atLeast' ? String(expect.value) : '' };
  const number = expect.kind === 'equals' ? Number(expect.value) : 1;
  return { kind: 'atLeast', value: Number.isNaN(number) ? 1 : number };
}
