// Database failover: the switch, the list, reconnecting, master backup, history. Settings are a draft until Apply; actions are at once.
import { useState } from 'react';
import type { GroupConfig, GroupView } from '../../../core/contract/failover.ts';
import { useSite } from '../../app/app.ts';
import { Checkbox, ConfirmDialog, ErrorBar, Led, MessageBar, Section, Select, Switch } from '../../ui/index.ts';
import { LabStrip } from '../demo/LabStrip.tsx';
import { ClientEndpoints } from './ClientEndpoints.tsx';
import { ContingencyList } from './ContingencyList.tsx';
import { CycleEncryption } from './CycleEncryption.tsx';
import { Detection } from './Detection.tsx';
import { GroupBanners } from './GroupBanners.tsx';
import { HistoryTable } from './HistoryTable.tsx';
import { MasterBackup } from './MasterBackup.tsx';
import { MemberDialog } from './MemberDialog.tsx';
import { MemberTable } from './MemberTable.tsx';
import { MemberToolbar } from './MemberToolbar.tsx';
import { memberRows } from './member-rows.ts';
import { ReviewPanel } from './ReviewPanel.tsx';
import { useGroupDraft } from './use-group-draft.ts';

const modes: readonly { value: GroupConfig['mode']; label: string; disabled?: boolean }[] = [
  { value: 'backupAndRestore', label: 'Backup and restore' },
  { value: 'hotStandby', label: 'Hot standby – not in this version', disabled: true },
  { value: 'patroni', label: 'Patroni – not in this version', disabled: true },
];

export function FailoverTab({ group }: { group: GroupView }) {
  const lab = useSite((snapshot) => snapshot.demo.open);
  const draft = useGroupDraft(group);
  const { config, edit } = draft;
  const [selected, setSelected] = useState<string | null>(null);
  const [editing, setEditing] = useState<'new' | string | null>(null);
  const rows = memberRows(group, config);
  const master = group.members.find((member) => member.master);
  const active = group.members.find((member) => member.active);

  if (group.review)
    return (
      <>
        <ReviewPanel group={group} review={group.review} />
        {group.history.length > 0 && (
          <Section title="History">
            <HistoryTable entries={group.history} maxHeight={232} />
          </Section>
        )}
        {group.contingencies.length > 0 && <ContingencyList group={group} />}
      </>
    );
  return (
    <>
      {lab && <LabStrip />}
      <div className="failover-top">
        <Switch label="Use database failover" checked={config.enabled} onChange={(enabled) => edit({ enabled })} />
        {config.enabled && (
          <div className="failover-mode">
            <span aria-hidden="true">Failover mode</span>
            <Select
              label="Failover mode"
              hideLabel
              width={200}
              value={config.mode}
              options={modes}
              onChange={(mode) => edit({ mode })}
            />
          </div>
        )}
      </div>
      {draft.apply.error && <ErrorBar error={draft.apply.error} onDismiss={draft.apply.clear} />}
      {!config.enabled && (
        <p className="hf-secondary">
          {group.config.enabled
            ? 'After Apply no copies are made and nothing takes over by itself. The copies and backups stay where they are.'
            : `Off: ${master?.server ?? 'the master'} is protected by its own backups only, and nothing takes over when its server is lost.`}
        </p>
      )}
      {config.enabled && (
        <>
          {group.config.enabled && (
            <MessageBar level="info">
              Backups of this database are made here, no longer by other tools. After any change of the master by other
              means, run a full backup here at once.
            </MessageBar>
          )}
          <GroupBanners group={group} dirty={draft.dirty} />
          <div className="failover-list">
            <MemberToolbar
              group={group}
              draft={draft}
              selected={rows.find((row) => row.id === selected) ?? null}
              onAdd={() => setEditing('new')}
              onEdit={setEditing}
              onSelect={setSelected}
            />
            <MemberTable group={group} rows={rows} selected={selected} onSelect={setSelected} onOpen={setEditing} />
            <p className="failover-legend hf-muted">
              <span>
                <Led state="on" label="Active" /> hosts the database now
              </span>
              <span>
                <Led state="standby" label="Green ring" /> copy that can take over
              </span>
              <span>
                <Led state="warning" label="Triangle" /> <Led state="error" label="Diamond" /> fails, or holds old data
              </span>
              <span>(Master) is the first in the list and does not move on a failover</span>
            </p>
          </div>
          <div className="failover-reconnect">
            <Checkbox
              label="Automatically reconnect to master database"
              checked={config.autoReconnect}
              onChange={(autoReconnect) => edit({ autoReconnect })}
            />
            <p className={config.autoReconnect ? 'hf-tone-warning' : 'hf-muted'}>
              {config.autoReconnect && <b>Caution. </b>}A short disruption when the master is back; changes made on the
              backup database meanwhile leave service and are kept as a contingency copy.
            </p>
          </div>
          <MasterBackup group={group} draft={draft} />
          <CycleEncryption group={group} dirty={draft.dirty} />
          <Section title="History">
            <HistoryTable entries={group.history} maxHeight={232} />
          </Section>
          {group.contingencies.length > 0 && <ContingencyList group={group} />}
          <Detection config={config} edit={edit} />
          <Section title="Clients">
            <ClientEndpoints group={group} />
          </Section>
        </>
      )}
      {draft.turnOff && (
        <ConfirmDialog
          plan={{
            title: `Turn failover of ${group.name} off?`,
            class: 'confirm',
            typedName: null,
            effects: [
              `Nothing takes over by itself when ${active?.server ?? 'the active server'} is lost.`,
              'Copies get no more backups and grow old; the schedules rest.',
              'Databases, copies and contingency backups stay where they are.',
            ],
            warnings:
              active && !active.master
                ? [`${active.server} is active, not the master: clients stay there until you decide otherwise.`]
                : [],
            checks: [],
            command: null,
            refusal: null,
          }}
          verb="Turn off"
          onConfirm={() => draft.turnOff?.answer(true)}
          onCancel={() => draft.turnOff?.answer(false)}
        />
      )}
      {editing !== null && (
        <MemberDialog
          group={group}
          config={config}
          memberId={editing === 'new' ? null : editing}
          onClose={() => setEditing(null)}
          onDone={(members, id) => {
            edit({ members });
            setSelected(id);
            setEditing(null);
          }}
        />
      )}
    </>
  );
}
