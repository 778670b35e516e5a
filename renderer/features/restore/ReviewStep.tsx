// Step 6 of the wizard: everything once more, and the exact command. The confirmation stands beside Start.
import { CommandLine, EngineText, MessageBar, Section } from '../../ui/index.ts';
import type { PlanProps } from './step-props.ts';

export function ReviewStep({ plan }: PlanProps) {
  const warnings = [
    ...plan.warnings,
    ...plan.checks.filter((check) => check.status !== 'ok').map((check) => check.text),
  ];
  return (
    <>
      {plan.refusal && <MessageBar level="critical">{plan.refusal}</MessageBar>}
      <Section title="What will happen">
        <ol className="rw-effects">
          {plan.effects.map((text) => (
            <li key={text}>
              <EngineText text={text} />
            </li>
          ))}
        </ol>
      </Section>
      {warnings.length > 0 && (
        <MessageBar level="warning">
          <ul className="rw-warnings">
            {warnings.map((text) => (
              <li key={text}>
                <EngineText text={text} />
              </li>
            ))}
          </ul>
        </MessageBar>
      )}
      <Section title="Command">
        <CommandLine command={plan.command} />
      </Section>
    </>
  );
}
