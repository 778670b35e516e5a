// What stands at the top of the page when a group wants a person: a blocked failover, a decision, out of sync.
import type { GroupAction, GroupView } from '../../../core/contract/failover.ts';
import { useApp, useLive } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { Age, Button, ErrorBar, MessageBar } from '../../ui/index.ts';
import { nextInLine } from './group-words.ts';

export function GroupBanners({ group, dirty }: { group: GroupView; dirty: boolean }) {
  const app = useApp();
  const live = useLive();
  const action = useAction();
  const active = group.members.find((member) => member.active);
  const next = nextInLine(group);
  const off = !live || dirty;
  const why = dirty ? 'Apply or cancel the changes first' : undefined;
  const plan = (wanted: GroupAction, verb: string) =>
    app.confirmPlan(
      () => app.api.failover.plan({ groupId: group.id, action: wanted }),
      (current, typed) => app.api.failover.execute({ token: current.token, typed }),
      verb,
    );
  return (
    <>
      {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
      {group.blocked && (
        <MessageBar
          level="critical"
          title="No database is active."
          actions={
            next && (
              <Button
                disabled={off}
                title={why}
                onClick={() => plan({ kind: 'switch', memberId: next.id }, `Switch to ${next.server}`)}
              >
                Switch to {next.server}…
              </Button>
            )
          }
        >
          {group.blocked.reason} For <Age since={group.blocked.since} /> now. It is tried again by itself: start the
          server, or stop the program that has the file open. If you know that nobody writes there, switch by hand.
        </MessageBar>
      )}
      {!group.blocked && (group.state === 'AwaitingDecision' || group.state === 'FailedOver') && (
        <MessageBar
          level="warning"
          title={group.state === 'FailedOver' ? 'Failed over.' : 'Your decision is wanted.'}
          actions={
            <>
              <Button disabled={off} title={why} onClick={() => plan({ kind: 'reconnect' }, 'Reconnect')}>
                Back to master
              </Button>
              {active && !active.master && (
                <Button
                  disabled={off}
                  title={why}
                  onClick={() => plan({ kind: 'promote', memberId: active.id }, 'Make master')}
                >
                  Make {active.server} the master
                </Button>
              )}
            </>
          }
        >
          {group.stateText}
        </MessageBar>
      )}
      {group.state === 'OutOfSync' && (
        <MessageBar
          level="critical"
          title="Full backup required."
          actions={
            <Button
              kind="primary"
              disabled={off}
              busy={action.busy}
              title={why}
              onClick={() => void action.run(() => app.api.failover.backupNow({ groupId: group.id, type: 'full' }))}
            >
              Back up now
            </Button>
          }
        >
          {group.stateText}
        </MessageBar>
      )}
      {group.state === 'Reconnecting' && <MessageBar level="info">{group.stateText}</MessageBar>}
    </>
  );
}
