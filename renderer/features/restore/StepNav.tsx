// The steps of the wizard at the left, with what was chosen in each; a step that cannot be entered yet is off.
import { StepMark } from '../monitor/StepMark.tsx';
import { type WizardStep, wizardSteps } from './restore-draft.ts';
import { stepNames } from './wizard-text.ts';

export function StepNav(props: {
  step: WizardStep;
  reach: number;
  texts: readonly string[];
  onStep: (step: WizardStep) => void;
}) {
  const at = wizardSteps.indexOf(props.step);
  return (
    <ol className="rw-nav" aria-label="Steps of the wizard">
      {wizardSteps.map((step, index) => (
        <li key={step}>
          <button
            type="button"
            className={index === at ? 'is-current' : undefined}
            aria-current={index === at ? 'step' : undefined}
            disabled={index > props.reach}
            onClick={() => props.onStep(step)}
          >
            {index < at ? <StepMark status="done" label="done" /> : <span className="rw-number">{index + 1}</span>}
            <span>
              {stepNames[step]}
              {index < at && props.texts[index] && <small title={props.texts[index]}>{props.texts[index]}</small>}
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}
