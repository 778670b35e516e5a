// The page's own copy of a group's settings while it is edited. Nothing is in force before Apply.
import { useCallback, useMemo, useState } from 'react';
import type { GroupConfig, GroupView } from '../../../core/contract/failover.ts';
import { useApp, useDraft } from '../../app/app.ts';
import { nextSnapshot } from '../../app/snapshot-store.ts';
import { type Action, useAction } from '../../app/use-action.ts';
import { configProblem } from './config-problem.ts';

export interface GroupDraft {
  config: GroupConfig;
  dirty: boolean;
  edit: (change: Partial<GroupConfig>) => void;
  apply: Action;
  /** Not null while Apply waits for the word that failover may be turned off. */
  turnOff: { answer: (yes: boolean) => void } | null;
}

export function useGroupDraft(group: GroupView): GroupDraft {
  const app = useApp();
  const { api } = app;
  const action = useAction();
  const { run, clear } = action;
  const [edited, setEdited] = useState<GroupConfig | null>(null);
  const [turnOff, setTurnOff] = useState<GroupDraft['turnOff']>(null);
  const enabled = group.config.enabled;
  // A change that leads back to what is in force is no change.
  const dirty = edited !== null && JSON.stringify(edited) !== JSON.stringify(group.config);
  const config = dirty ? edited : group.config;
  const edit = useCallback(
    (change: Partial<GroupConfig>) => setEdited((before) => ({ ...(before ?? group.config), ...change })),
    [group.config],
  );
  const draft = useMemo(() => {
    if (!dirty) return null;
    return {
      problem: configProblem(edited),
      cancel: () => {
        setEdited(null);
        clear();
      },
      apply: async () => {
        if (enabled && !edited.enabled) {
          const yes = await new Promise<boolean>((resolve) => setTurnOff({ answer: resolve }));
          setTurnOff(null);
          if (!yes) return false;
        }
        const done = await run(() => api.failover.apply({ groupId: group.id, config: edited }));
        if (done) {
          // The edits stay in sight until the snapshot has them, so that the page does not fall back for a moment.
          await nextSnapshot(app.site);
          // Edits made meanwhile are new ones and stay.
          setEdited((now) => (now === edited ? null : now));
        }
        return done !== undefined;
      },
    };
  }, [dirty, edited, enabled, clear, run, api, app.site, group.id]);
  useDraft(draft);
  return { config, dirty, edit, apply: action, turnOff };
}
