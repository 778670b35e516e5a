// The one dialog that is open, whatever opened it.
import { CommandPalette } from '../commands/CommandPalette.tsx';
import { ShortcutsDialog } from '../commands/ShortcutsDialog.tsx';
import { JobLogDialog } from '../features/jobs/JobLogDialog.tsx';
import { MessagesDialog } from '../features/messages/MessagesDialog.tsx';
import { ProtectWizard } from '../features/protect/ProtectWizard.tsx';
import { AddServerDialog } from '../features/system/AddServerDialog.tsx';
import { useApp, useUi } from './app.ts';
import { PlanFlow } from './PlanFlow.tsx';

export function Dialogs() {
  const app = useApp();
  const dialog = useUi((state) => state.dialog);
  if (!dialog) return null;
  switch (dialog.kind) {
    case 'messages':
      return <MessagesDialog onClose={app.closeDialog} />;
    case 'palette':
      return <CommandPalette onClose={app.closeDialog} />;
    case 'shortcuts':
      return <ShortcutsDialog onClose={app.closeDialog} />;
    case 'protect':
      return <ProtectWizard server={dialog.server ?? null} onClose={app.closeDialog} />;
    case 'jobLog':
      return <JobLogDialog jobId={dialog.jobId} onClose={app.closeDialog} />;
    case 'addServer':
      return <AddServerDialog onClose={app.closeDialog} />;
    case 'plan':
      return <PlanFlow request={dialog.request} onClose={app.closeDialog} />;
  }
}
