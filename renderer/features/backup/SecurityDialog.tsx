// Which files a database's backups take along under a password: certificates, keyrings, configuration.
import { useState } from 'react';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp, useLive } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { useQuery } from '../../app/use-query.ts';
import { Button, Dialog, ErrorBar, Spinner } from '../../ui/index.ts';
import { PathList } from './PathList.tsx';

export function SecurityDialog({ instance, onClose }: { instance: InstanceView; onClose: () => void }) {
  const app = useApp();
  const live = useLive();
  const action = useAction();
  const [changed, setChanged] = useState<string[] | null>(null);
  const one = { instanceId: instance.id };
  const settings = useQuery(instance.id, (signal) => app.api.otherFiles.settings(one, { signal }));
  const paths = changed ?? settings.data?.securityFiles ?? [];
  const save = async () => {
    const done = await action.run(() => app.api.otherFiles.setSettings({ ...one, securityFiles: paths }));
    if (done) onClose();
  };
  return (
    <Dialog
      title={`Security files of ${instance.id}`}
      size="medium"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" busy={action.busy} disabled={!live || changed === null} onClick={() => void save()}>
            Save
          </Button>
        </>
      }
    >
      <div className="bu-dialog">
        <p>
          Name what the programs of this database need to read its data elsewhere: certificates, keyrings, key files,
          configuration. Backups take them along encrypted under a password. A folder stands for every file in it.
        </p>
        {settings.error && (
          <ErrorBar error={settings.error} actions={<Button onClick={settings.reload}>Try again</Button>} />
        )}
        {settings.loading && !settings.data && <Spinner label="Reading the settings" />}
        {settings.data && (
          <PathList
            label="Files and folders"
            server={instance.server}
            start={null}
            paths={paths}
            onChange={setChanged}
            adds={[
              { verb: 'Add a file', pick: 'file' },
              { verb: 'Add a folder', pick: 'folder' },
            ]}
          />
        )}
        {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
      </div>
    </Dialog>
  );
}
