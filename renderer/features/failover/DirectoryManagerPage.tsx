// The Directory Manager role: its tabs, for one failover group.
import './failover.css';
import type { GroupView } from '../../../core/contract/failover.ts';
import { useApp, useSite } from '../../app/app.ts';
import { Page } from '../../app/Page.tsx';
import type { PageComponent } from '../../app/pages.ts';
import type { PageId } from '../../app/route.ts';
import { groupStanding } from '../../app/standing.ts';
import { Badge, Select } from '../../ui/index.ts';
import { CreateGroup } from './CreateGroup.tsx';
import { FailoverTab } from './FailoverTab.tsx';
import { PropertiesTab } from './PropertiesTab.tsx';

const tabs = [
  { id: 'system/directory-manager/properties', label: 'Properties' },
  { id: 'system/directory-manager/database-failover', label: 'Database failover' },
] as const satisfies readonly { id: PageId; label: string }[];

export const DirectoryManagerPage: PageComponent = ({ route }) => {
  const app = useApp();
  const groups = useSite((snapshot) => snapshot.groups);
  const group = groups.find((each) => each.id === route.groupId) ?? groups[0];
  const standing = group && groupStanding(group);
  return (
    <Page
      title="Directory Manager"
      aside={
        <>
          {groups.length > 1 && group && (
            <Select
              label="Group"
              hideLabel
              value={group.id}
              options={groups.map((each) => ({ value: each.id, label: each.name }))}
              onChange={(groupId) => app.navigate({ ...route, groupId })}
            />
          )}
          {standing && <Badge tone={standing.level}>{standing.word}</Badge>}
          {group && group.state === 'Normal' && !group.blocked && (
            <span className="hf-secondary hf-ellipsis failover-state">{group.stateText}</span>
          )}
        </>
      }
      tabs={{
        items: tabs,
        selected: route.page as (typeof tabs)[number]['id'],
        onSelect: (page) => app.navigate({ ...route, page }),
      }}
    >
      <Body group={group} page={route.page} />
    </Page>
  );
};

function Body({ group, page }: { group: GroupView | undefined; page: PageId }) {
  if (!group) return <CreateGroup />;
  return page === 'system/directory-manager/properties' ? (
    <PropertiesTab group={group} />
  ) : (
    <FailoverTab key={group.id} group={group} />
  );
}
