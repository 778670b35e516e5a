// The steps of the restore wizard in words: their names, and what was chosen in each, for the list at the left.
import type { Stamp } from '../../../core/contract/common.ts';
import { markName } from '../chains/point-text.ts';
import type { Mark } from '../chains/restore-points.ts';
import { stampText } from '../monitor/stamp-text.ts';
import { type RestoreDraft, sourceMark, type WizardStep } from './restore-draft.ts';

export const stepNames: Record<WizardStep, string> = {
  source: 'Source',
  point: 'Point in time',
  target: 'Target',
  checklist: 'Checklist',
  options: 'Options',
  review: 'Review',
};

/** What stands under the name of a step once it is chosen; empty for steps that choose nothing. */
export function choiceText(
  step: WizardStep,
  draft: RestoreDraft,
  marks: readonly Mark[],
  time: (at: number) => string,
): string {
  switch (step) {
    case 'source': {
      const mark = sourceMark(draft, marks);
      if (!mark) return '';
      return draft.idtag ? markName(mark) : `newest: ${markName(mark)}`;
    }
    case 'point': {
      if (draft.point.kind === 'last') return 'last commit';
      if (draft.point.kind === 'time')
        return draft.point.stamp ? `commit ${stampText(draft.point.stamp)}` : time(draft.point.at);
      const mark = sourceMark(draft, marks);
      return mark ? `end of the backup, ${time(mark.at)}` : 'end of the backup';
    }
    case 'target':
      return draft.target.kind === 'instance'
        ? draft.target.instanceId
        : `${draft.target.server}: ${draft.target.path}`;
    case 'options': {
      const off = [
        ...(draft.skipVerify ? ['no verification'] : []),
        ...(draft.override ? ['override'] : []),
        ...(draft.activate ? [] : ['not activated']),
        ...(draft.clearLock && (draft.skipVerify || draft.override) ? ['lock cleared'] : []),
        ...(draft.keepLogSettings ? ['log settings kept'] : []),
      ];
      return off.join(', ') || 'as usual';
    }
    default:
      return '';
  }
}

/** `2026-11-20T08:15:04` of a time in ms, local, as a date and time field holds it. */
export function localField(at: number): string {
  const date = new Date(at);
  return new Date(at - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** Milliseconds of what a date and time field holds, local; null when it is not complete. */
export function fromLocalField(text: string): number | null {
  const at = text ? new Date(text).getTime() : Number.NaN;
  return Number.isNaN(at) ? null : at;
}

/** A stamp as the field writes it, in logs or headers; null when the text is none. */
export function stampFrom(text: string): Stamp | null {
  const match = /^\s*s([0-9A-Fa-f]{8})[\s_]+r(\d{1,9})[\s_]+e(\d{1,9})\s*$/.exec(text);
  if (!match) return null;
  return { sec: Number.parseInt(match[1] ?? '', 16), replica: Number(match[2]), event: Number(match[3]), seq: 0 };
}
