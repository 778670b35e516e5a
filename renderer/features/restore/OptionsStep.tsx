// Step 5 of the wizard: what happens after the data is restored; the dangerous options stand apart.
import { Checkbox, Section, WarningIcon } from '../../ui/index.ts';
import { PeersPart } from './PeersPart.tsx';
import './peers.css';
import type { StepProps } from './step-props.ts';

const Choice = ({ name, hint }: { name: string; hint: string }) => (
  <>
    <span className="rw-choice">{name}</span>
    <span className="rw-hint">{hint}</span>
  </>
);

export function OptionsStep({ instance, draft, set }: StepProps) {
  const files = (instance?.status.backends ?? []).map((one) => one.id);
  const file = draft.target.kind === 'file';
  return (
    <>
      <Section title="Afterwards">
        <div className="rw-options">
          <Checkbox
            checked={draft.activate}
            onChange={(activate) => set({ activate, ...(activate ? {} : { override: false }) })}
            label={
              <Choice
                name={file ? 'Put the file in its place (-a)' : 'Activate after a good verification (-a)'}
                hint="Without it the restored set stays in RST, where it can be looked at and activated later."
              />
            }
          />
          <Checkbox
            checked={draft.open}
            disabled={!draft.activate}
            onChange={(open) => set({ open })}
            label={<Choice name="Open when finished (-o)" hint="Lets clients write and goes on with protection." />}
          />
          <Checkbox
            checked={draft.keepLogSettings}
            onChange={(keepLogSettings) => set({ keepLogSettings })}
            label={
              <Choice
                name="Keep the roll-forward log settings (-s)"
                hint="Otherwise logging is off and in its default folder after a restore, and the database is not protected until it is on again. A full backup is required either way."
              />
            }
          />
        </div>
      </Section>
      {!file && <PeersPart peers={draft.peers} files={files} onChange={(peers) => set({ peers })} />}
      <section className="rw-danger" aria-label="Dangerous options">
        <h2>
          <WarningIcon aria-hidden="true" /> Dangerous
        </h2>
        <p className="hf-secondary">
          These can bring a database into use that lacks changes which other servers hold. Leave them off unless you
          know why not; the name of the database has to be typed.
        </p>
        <div className="rw-options">
          <Checkbox
            checked={draft.skipVerify}
            onChange={(skipVerify) => set({ skipVerify })}
            label={
              <Choice name="Do not verify against other servers (-n)" hint="Nobody is asked whether data is missing." />
            }
          />
          <Checkbox
            checked={draft.override}
            disabled={!draft.activate}
            onChange={(override) => set({ override })}
            label={
              <Choice
                name="Activate without a good verification (-v)"
                hint="Even when a server is ahead (-6034) or does not answer."
              />
            }
          />
          <Checkbox
            checked={draft.clearLock && (draft.skipVerify || draft.override)}
            disabled={!draft.activate || !(draft.skipVerify || draft.override)}
            onChange={(clearLock) => set({ clearLock })}
            label={
              <Choice
                name="Clear the lock without a good verification (-k)"
                hint="A good verification clears it by itself. Without one clients can read, and not write, until it is cleared."
              />
            }
          />
        </div>
      </section>
    </>
  );
}
