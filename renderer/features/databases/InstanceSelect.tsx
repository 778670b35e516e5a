// The choice of instance in a page's title line, and what stands there when there is none.
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp } from '../../app/app.ts';
import type { Route } from '../../app/route.ts';
import { Button, EmptyState, ProtectIcon, Select } from '../../ui/index.ts';

export function InstanceSelect(props: {
  route: Route;
  instance: InstanceView | null;
  instances: readonly InstanceView[];
}) {
  const app = useApp();
  const known = props.instances.map((each) => ({ value: each.id, label: each.id }));
  const options = props.instance ? known : [{ value: '', label: 'Choose a database' }, ...known];
  return (
    <Select
      label="Database"
      hideLabel
      width={210}
      value={props.instance?.id ?? ''}
      options={options}
      onChange={(instanceId) => instanceId && app.navigate({ page: props.route.page, instanceId })}
    />
  );
}

/** For pages that are about one instance, while there is none. */
export function NoInstance({ gone }: { gone: boolean }) {
  const app = useApp();
  return gone ? (
    <EmptyState title="This database is no longer protected here">
      It was released, or its server was removed. Its backups and logs stay where they are.
    </EmptyState>
  ) : (
    <EmptyState
      title="No database is protected yet"
      actions={
        <Button kind="primary" icon={<ProtectIcon />} onClick={() => app.openDialog({ kind: 'protect' })}>
          Protect a database
        </Button>
      }
    >
      Pick a SQLite file; Holdfast keeps its backups, its roll-forward logs and its state from then on.
    </EmptyState>
  );
}
