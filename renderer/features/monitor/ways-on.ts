// The ways on after a restore that did not end active: what can be done, what it means, and which of them are dangerous.
import { phaseOf, type RestorePicture } from './restore-phase.ts';

export type WayId = 'retry' | 'byHand' | 'again' | 'wizard' | 'activate' | 'delete';

export interface Way {
  id: WayId;
  label: string;
  /** What it does and what it costs. */
  text: string;
  kind: 'primary' | 'normal' | 'danger';
}

export interface WaysSituation {
  /** A complete set of this very restore waits in RST. */
  rstWaits: boolean;
  /** The engine can run the job again with the same input. */
  repeatable: boolean;
}

const activateAnyway: Way = {
  id: 'activate',
  label: 'Activate anyway…',
  text: 'What is missing is given up here. The replaced database is kept as a contingency copy. Needs a typed confirmation.',
  kind: 'danger',
};
const deleteRst: Way = {
  id: 'delete',
  label: 'Delete RST…',
  text: 'Removes the restored set. The old database is not touched.',
  kind: 'danger',
};

const wizard = (kind: Way['kind']): Way => ({
  id: 'wizard',
  label: 'Change and restore…',
  text: 'Opens the wizard with the same choices, to run it again or with other sources, another point or target.',
  kind,
});

/** The same files once more lead to the same end: another copy of them is wanted first. */
const sourceFailed = ({ view }: RestorePicture): boolean => view.sources.some((source) => source.status === 'failed');

const verifyAgain = (kind: Way['kind']): Way => ({
  id: 'retry',
  label: 'Verify again',
  text: 'Asks every server again and checks the set in RST. Nothing is restored anew.',
  kind,
});

/** In the order in which they should be considered; empty while the restore runs and after it is active. */
export function waysOn(picture: RestorePicture, situation: WaysSituation): Way[] {
  const onRst = situation.rstWaits ? [activateAnyway, deleteRst] : [];
  const again = (label: string, text: string, kind: Way['kind'] = 'primary'): Way[] =>
    situation.repeatable ? [{ id: 'again', label, text, kind }] : [];
  const goOn = (): Way[] => [
    ...again('Run again', 'The same sources and target, from the start.'),
    wizard(situation.repeatable ? 'normal' : 'primary'),
    ...(situation.rstWaits ? [verifyAgain('normal')] : []),
    ...onRst,
  ];
  switch (phaseOf(picture)) {
    case 'behind':
      // The guided recovery has the ways that lead on, the loss among them.
      return situation.rstWaits ? [deleteRst] : again('Run again', 'The same sources and target, from the start.');
    case 'unreachable':
      if (!situation.rstWaits) return [wizard(situation.repeatable ? 'normal' : 'primary')];
      return [
        verifyAgain('primary'),
        {
          id: 'byHand',
          label: 'Enter its answer…',
          text: 'Compares with a vector that was read on the silent server and is typed in here.',
          kind: 'normal',
        },
        ...onRst,
      ];
    case 'held':
      return situation.rstWaits
        ? [
            {
              id: 'activate',
              label: 'Activate…',
              text: 'RST becomes the active database; the replaced one is kept as a contingency copy.',
              kind: 'primary',
            },
            deleteRst,
          ]
        : [];
    case 'failed':
      if (sourceFailed(picture))
        return [
          { ...wizard('primary'), label: 'Choose other sources…' },
          ...again('Run again', 'Reads the same files once more: of use when they were mended meanwhile.', 'normal'),
        ];
      return goOn();
    case 'canceled':
    case 'interrupted':
      return goOn();
    default:
      return [];
  }
}
