// The commands of the list. Adding, editing, removing and ordering are edits; switching, fencing, reconnecting are actions with a plan.
import type { GroupAction, GroupView } from '../../../core/contract/failover.ts';
import { useApp, useLive } from '../../app/app.ts';
import {
  AddIcon,
  Button,
  DeleteIcon,
  DownIcon,
  EditIcon,
  FenceIcon,
  IconButton,
  ReconnectIcon,
  SwitchIcon,
  Toolbar,
  ToolbarDivider,
  UpIcon,
} from '../../ui/index.ts';
import { type MemberRow, moveMember } from './member-rows.ts';
import type { GroupDraft } from './use-group-draft.ts';

export function MemberToolbar(props: {
  group: GroupView;
  draft: GroupDraft;
  selected: MemberRow | null;
  onAdd: () => void;
  onEdit: (id: string) => void;
  onSelect: (id: string | null) => void;
}) {
  const app = useApp();
  const live = useLive();
  const { group, draft, selected } = props;
  const { members } = draft.config;
  const at = members.findIndex((member) => member.id === selected?.id);
  const activeRow = group.members.find((member) => member.active);
  const fenced = selected?.live?.state === 'Fenced';

  const plan = (action: GroupAction, verb: string) =>
    app.confirmPlan(
      () => app.api.failover.plan({ groupId: group.id, action }),
      (current, typed) => app.api.failover.execute({ token: current.token, typed }),
      verb,
    );
  const general = !live
    ? 'There is no connection to the engine'
    : draft.dirty
      ? 'Apply or cancel the changes first'
      : !group.config.enabled
        ? 'Turn failover on and apply first'
        : null;
  const onRow = general ?? (selected ? null : 'Select a database first');
  const switchReason = onRow ?? (selected?.live?.active ? 'It is active already' : null);
  const reconnectReason = general ?? (activeRow?.master ? 'The master is active' : null);
  const removeReason = !selected
    ? 'Select a database first'
    : selected.master
      ? 'The master cannot be removed; make another database the master first'
      : null;
  const upReason = !selected ? 'Select a database first' : at < 1 ? 'It is at the top' : at === 1 ? onRow : null;
  const downReason = !selected
    ? 'Select a database first'
    : selected.master
      ? 'The master stays at the top'
      : at === members.length - 1
        ? 'It is at the end'
        : null;

  const up = () => {
    if (!selected) return;
    if (at === 1) plan({ kind: 'promote', memberId: selected.id }, 'Make master');
    else draft.edit({ members: moveMember(members, selected.id, -1) });
  };
  const remove = () => {
    if (!selected) return;
    draft.edit({ members: members.filter((member) => member.id !== selected.id) });
    props.onSelect(null);
  };

  return (
    <Toolbar label="Databases of this group">
      <Button kind="subtle" icon={<AddIcon />} disabled={!live} onClick={props.onAdd}>
        Add an item
      </Button>
      <IconButton
        icon={<EditIcon />}
        label="Edit"
        detail={selected ? undefined : 'Select a database first'}
        disabled={!selected}
        onClick={() => selected && props.onEdit(selected.id)}
      />
      <IconButton
        icon={<DeleteIcon />}
        label="Remove"
        detail={removeReason ?? undefined}
        disabled={removeReason !== null}
        onClick={remove}
      />
      <IconButton
        icon={<UpIcon />}
        label="Up"
        detail={upReason ?? (at === 1 ? 'becomes the master' : undefined)}
        disabled={upReason !== null}
        onClick={up}
      />
      <IconButton
        icon={<DownIcon />}
        label="Down"
        detail={downReason ?? undefined}
        disabled={downReason !== null}
        onClick={() => selected && draft.edit({ members: moveMember(members, selected.id, 1) })}
      />
      <ToolbarDivider />
      <Button
        kind="subtle"
        icon={<SwitchIcon />}
        disabled={switchReason !== null}
        title={switchReason ?? undefined}
        onClick={() => selected && plan({ kind: 'switch', memberId: selected.id }, 'Switch')}
      >
        Switch to this database
      </Button>
      <Button
        kind="subtle"
        icon={<FenceIcon />}
        disabled={onRow !== null}
        title={
          onRow ??
          (fenced
            ? 'Lets this database take writes again'
            : 'No more writes are accepted there, even after its server restarts')
        }
        onClick={() =>
          selected && plan({ kind: fenced ? 'unfence' : 'fence', memberId: selected.id }, fenced ? 'Unfence' : 'Fence')
        }
      >
        {fenced ? 'Unfence' : 'Fence'}
      </Button>
      <Button
        kind="subtle"
        icon={<ReconnectIcon />}
        disabled={reconnectReason !== null}
        title={reconnectReason ?? undefined}
        onClick={() => plan({ kind: 'reconnect' }, 'Reconnect')}
      >
        Reconnect to master
      </Button>
    </Toolbar>
  );
}
