// Apply and Cancel at the bottom of a page with edits, and the question when such a page is left.
import { useStore } from 'zustand';
import { Button, Dialog } from '../ui/index.ts';
import { useApp, useLive } from './app.ts';
import { applyDraft } from './draft-store.ts';

export function ApplyBar() {
  const app = useApp();
  const live = useLive();
  const { draft, busy, leaving } = useStore(app.drafts);
  if (!draft) return null;

  const stay = () => app.drafts.setState({ leaving: null });
  const goOn = () => {
    if (!leaving) return;
    app.drafts.setState({ leaving: null, draft: null });
    app.leave(leaving);
  };
  const save = async () => {
    const saved = await applyDraft(app.drafts);
    if (saved) goOn();
    else stay();
  };

  return (
    <>
      <section className="app-apply" aria-label="Unsaved changes">
        <span className={draft.problem ? 'hf-tone-critical' : 'hf-secondary'} role="status">
          {draft.problem ?? 'Nothing is in force before Apply.'}
        </span>
        <Button onClick={draft.cancel} disabled={busy}>
          Cancel
        </Button>
        <Button
          kind="primary"
          busy={busy}
          disabled={draft.problem !== null || !live}
          onClick={() => void applyDraft(app.drafts)}
        >
          Apply
        </Button>
      </section>
      {leaving && (
        <Dialog
          title="Save the changes on this page?"
          alert
          size="small"
          onClose={stay}
          actions={
            <>
              <Button kind="primary" busy={busy} disabled={draft.problem !== null || !live} onClick={() => void save()}>
                Save
              </Button>
              <Button onClick={goOn}>Don’t save</Button>
              <Button onClick={stay} autoFocus>
                Cancel
              </Button>
            </>
          }
        >
          {draft.problem ?? 'They are not in force yet. Without saving they are lost.'}
        </Dialog>
      )}
    </>
  );
}
