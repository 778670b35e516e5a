// What the wizard has collected so far, which steps it may enter, and the request that comes of it.

import type { Stamp } from '../../../core/contract/common.ts';
import type { RestoreRequest, Timeline } from '../../../core/contract/console.ts';
import type { FolderDatabase, FolderSource } from '../../../core/contract/library.ts';
import type { Peer } from '../../../core/contract/restore.ts';
import { type Mark, markBefore, pointAt } from '../chains/restore-points.ts';

export const wizardSteps = ['source', 'point', 'target', 'checklist', 'options', 'review'] as const;
export type WizardStep = (typeof wizardSteps)[number];

/** `stamp` is the very commit that was picked; without it the last one at or before the time. */
export type PointDraft = { kind: 'last' } | { kind: 'backup' } | { kind: 'time'; at: number; stamp?: Stamp | null };

export type TargetDraft = { kind: 'instance'; instanceId: string } | { kind: 'file'; server: string; path: string };

export interface RestoreDraft {
  /** The instance whose backups are restored; empty for backups that were found in folders. */
  instanceId: string;
  /** Backups that were found in folders. */
  from: FolderSource | null;
  /** Further folders that are looked through. */
  searchFolders: string[];
  /** idtag of the backup to start from; null for the newest that fits the point. */
  idtag: string | null;
  point: PointDraft;
  target: TargetDraft;
  activate: boolean;
  open: boolean;
  skipVerify: boolean;
  override: boolean;
  /** Matters only without a good verification, which clears the lock by itself. */
  clearLock: boolean;
  keepLogSettings: boolean;
  peers: Peer[];
}

export const newDraft = (instanceId: string): RestoreDraft => ({
  instanceId,
  from: null,
  searchFolders: [],
  idtag: null,
  point: { kind: 'last' },
  target: { kind: 'instance', instanceId },
  activate: true,
  open: true,
  skipVerify: false,
  override: false,
  clearLock: false,
  keepLogSettings: false,
  peers: [],
});

/** The choices of a former restore, to be looked at again. */
export function draftFrom(request: RestoreRequest): RestoreDraft {
  const { instanceId, from, searchFolders, target, idtag, until, untilStamp, useLogs } = request;
  const at = until ?? (untilStamp ? untilStamp.sec * 1000 : null);
  const timed: PointDraft | null = at === null ? null : { kind: 'time', at, stamp: untilStamp ?? null };
  return {
    ...newDraft(instanceId),
    ...{ from: from ?? null, searchFolders: searchFolders ?? [], target, idtag },
    point: timed ?? (useLogs ? { kind: 'last' } : { kind: 'backup' }),
    ...{ activate: request.activate, open: request.open, skipVerify: request.skipVerify, override: request.override },
    clearLock: request.clearLock ?? false,
    ...{ keepLogSettings: request.keepLogSettings, peers: request.peers },
  };
}

/** For a database that was found in folders: into a new file beside them, or over the instance that it is known as. */
export function folderDraft({ source, instanceId }: FolderDatabase): RestoreDraft {
  const [folder = ''] = source.folders;
  const path = `${folder.replace(/[/\\]$/, '')}/${source.instance}-restored.db`;
  return { ...newDraft(instanceId ?? ''), from: source, target: { kind: 'file', server: source.server, path } };
}

/** The backup from which the restore will start: the one that was chosen, or the newest that does not lie after the point. */
export function sourceMark(draft: RestoreDraft, marks: readonly Mark[]): Mark | null {
  if (draft.idtag) return marks.find((mark) => mark.info.idtag === draft.idtag) ?? null;
  return markBefore(marks, draft.point.kind === 'time' ? draft.point.at : Number.POSITIVE_INFINITY);
}

/** Why the wizard cannot go past a step, or null. Steps without conditions of their own answer null. */
export function stepProblem(
  step: WizardStep,
  draft: RestoreDraft,
  timeline: Timeline,
  marks: readonly Mark[],
): string | null {
  if (step === 'source') {
    if (marks.length === 0) return 'There is no backup to restore from.';
    const mark = sourceMark({ ...draft, point: { kind: 'last' } }, marks);
    if (!mark) return 'Choose a backup.';
    return mark.broken ? `This backup cannot be restored: ${mark.broken}.` : null;
  }
  if (step === 'point' && draft.point.kind === 'time') {
    const point = pointAt(timeline, marks, draft.point.at);
    if (point.kind === 'none') return `This moment cannot be restored: ${point.reason}.`;
    const source = sourceMark(draft, marks);
    if (!source) return 'No backup lies before this moment.';
    if (source.at > draft.point.at)
      return 'The chosen backup is newer than this moment; choose an earlier one, or let the newest that fits be used.';
  }
  if (step === 'target' && draft.target.kind === 'instance' && !draft.target.instanceId) return 'Choose a database.';
  if (step === 'target' && draft.target.kind === 'file') {
    if (!draft.target.server) return 'Choose a server.';
    if (!draft.target.path.trim()) return 'Give the path of the new file.';
    if (draft.target.path.endsWith('/') || draft.target.path.endsWith('\\'))
      return 'Give a file name, not only a folder.';
  }
  return null;
}

/** The request for `restore.plan`; a restore to the end of a backup replays no logs. */
export function toRequest(draft: RestoreDraft, marks: readonly Mark[]): RestoreRequest {
  const source = sourceMark(draft, marks);
  return {
    instanceId: draft.instanceId,
    from: draft.from,
    searchFolders: draft.searchFolders,
    target: draft.target,
    idtag: draft.idtag ?? (draft.point.kind === 'backup' ? (source?.info.idtag ?? null) : null),
    useLogs: draft.point.kind !== 'backup',
    until: draft.point.kind === 'time' ? draft.point.at : null,
    untilStamp: (draft.point.kind === 'time' && draft.point.stamp) || null,
    clearLock: draft.skipVerify || draft.override ? draft.clearLock : true,
    activate: draft.activate,
    open: draft.open,
    skipVerify: draft.skipVerify,
    override: draft.override,
    keepLogSettings: draft.keepLogSettings,
    peers: draft.peers,
  };
}

/** A draft from a point picked on the timeline: the end of a backup, or a moment inside the logs. */
export function draftAt(instanceId: string, at: number, timeline: Timeline, marks: readonly Mark[]): RestoreDraft {
  const point = pointAt(timeline, marks, at);
  if (point.kind === 'backup')
    return { ...newDraft(instanceId), idtag: point.mark.info.idtag, point: { kind: 'backup' } };
  return { ...newDraft(instanceId), point: { kind: 'time', at } };
}
