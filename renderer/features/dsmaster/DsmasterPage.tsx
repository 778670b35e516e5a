// DSMASTER planner: an editable table of servers and partitions, and what it means after the loss of all servers.
import './dsmaster.css';
import { useState } from 'react';
import type { DsmasterInput } from '../../../core/contract/dsmaster.ts';
import { useApi } from '../../app/app.ts';
import { Page } from '../../app/Page.tsx';
import { useAction } from '../../app/use-action.ts';
import { useQuery } from '../../app/use-query.ts';
import { Button, CopyIcon, EmptyState, ErrorBar, RetryIcon, Spinner, Toolbar } from '../../ui/index.ts';
import { PlanView } from './PlanView.tsx';
import { ReplicaMatrix } from './ReplicaMatrix.tsx';

export function DsmasterPage() {
  const api = useApi();
  const action = useAction();
  const site = useQuery('site', (signal) => api.dsmaster.fromSite({}, { signal }));
  const [edited, setEdited] = useState<DsmasterInput | null>(null);
  const input = edited ?? site.data;
  const plan = useQuery(input && JSON.stringify(input), (signal) =>
    api.dsmaster.plan(input ?? { partitions: [], servers: [] }, { signal }),
  );
  const [shown, setShown] = useState(plan.data);
  // The last plan stays in sight while the next one is worked out.
  if (plan.data && plan.data !== shown) setShown(plan.data);
  const copy = () =>
    action.run(async () => {
      await navigator.clipboard.writeText(JSON.stringify(input, null, 2));
      return true;
    });
  return (
    <Page title="DSMASTER planner">
      <div className="dsm">
        <Toolbar label="DSMASTER planner">
          <Button
            kind="subtle"
            icon={<RetryIcon />}
            onClick={() => {
              setEdited(null);
              site.reload();
            }}
          >
            Take the site’s table
          </Button>
          <Button
            kind="subtle"
            icon={<CopyIcon />}
            disabled={!input}
            title="The table as JSON, for holdfast dsmaster FILE"
            busy={action.busy}
            onClick={() => void copy()}
          >
            Copy as JSON
          </Button>
        </Toolbar>
        <p className="hf-secondary">
          After the loss of all servers the roll-forward logs are lost too, and no two servers come back to the same
          moment. DSMASTER servers together hold the whole tree, each partition once and writable: the tree comes back
          from them. Mark them here and try what would have to change; nothing is changed by this page.
        </p>
        {site.error && <ErrorBar error={site.error} />}
        {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
        {!input && !site.error && <Spinner label="Reading the site…" />}
        {input && <ReplicaMatrix input={input} onChange={setEdited} />}
        {input && input.servers.length === 0 && (
          <EmptyState title="No server to plan for">Add servers and partitions above to try a design.</EmptyState>
        )}
        {plan.error && <ErrorBar error={plan.error} />}
        {shown && input && input.servers.length > 0 && <PlanView plan={shown} />}
      </div>
    </Page>
  );
}
