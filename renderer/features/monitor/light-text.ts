// The three lights in words. A light's colour is the engine's; the words add what is behind it.
import type { RestoreView } from '../../../core/contract/restore.ts';
import { cellShares, countCells } from './block-map.ts';
import { shortServer } from './vector-rows.ts';

export type LightName = 'data' | 'verified' | 'active';

export interface LightText {
  name: LightName;
  /** `undecided`: nothing was found wrong, but somebody who had to be asked is silent. That is no failure of the data. */
  state: RestoreView['lights']['data'] | 'undecided';
  /** `yes`, `not yet`, `no`, `not decided`, `working`, `failed`: what the colour says, without colour. */
  word: string;
  detail: string;
}

const words = { working: 'working', on: 'yes', failed: 'failed', undecided: 'not decided' } as const;

function dataDetail(view: RestoreView): string {
  if (view.lights.data === 'on') return 'every page is there';
  if (view.lights.data === 'failed') return 'the set is not complete';
  const counts = countCells(view.blockMap);
  if (counts.total === 0) return 'nothing restored yet';
  const shares = cellShares(counts);
  return `${shares.restored + shares.verified} % of the pages`;
}

/** `SRV-3`, `SRV-2 and SRV-3`: the servers that gave no answer. */
function silentNames({ verification }: RestoreView): string {
  const silent = verification.servers.filter((peer) => peer.status === 'unreachable' || peer.status === 'waiting');
  return [...new Set(silent.map((peer) => shortServer(peer.server)))].join(' and ');
}

function verifiedDetail(view: RestoreView, over: boolean): string {
  const { verification } = view;
  const servers = new Set(verification.servers.map((peer) => peer.server)).size;
  switch (verification.status) {
    case 'waiting':
      return over ? 'not reached' : 'follows step 5';
    case 'running':
      if (verification.waiting) return `waits for ${silentNames(view)}`;
      return verification.integrity === 'running' ? 'integrity check runs' : 'servers are being asked';
    case 'ok':
      return `against ${servers} ${servers === 1 ? 'server' : 'servers'}`;
    case 'behind':
      return `data is missing, ${verification.code}`;
    case 'unreachable':
      return `${silentNames(view) || 'a server'} did not answer`;
    case 'skipped':
      return 'skipped, as was asked';
    case 'overridden':
      return 'overridden by hand';
    case 'noPeers':
      return verification.integrity === 'ok' ? 'integrity good, no other server' : 'no other server to ask';
  }
}

function activeDetail(view: RestoreView, over: boolean, file: boolean): string {
  if (view.lights.active === 'on') return file ? 'the new file is in place' : 'the restored set serves';
  if (view.lights.active === 'working') return 'the sets are being exchanged';
  if (view.nds.state === 'active') return over ? 'the old set stayed' : 'the old set serves';
  if (view.nds.state === 'active, locked') return 'the old set is locked';
  return view.rst.state === 'complete, disabled' ? 'the restored set is disabled' : 'not activated';
}

/** Data, verified, active: in this order. A light that is off in a restore that is over says `no` instead of `not yet`; `file` is for a restore into a new file. */
export function lightTexts(view: RestoreView, over: boolean, file = false): LightText[] {
  const light = (name: LightName, detail: string): LightText => {
    const silent = name === 'verified' && view.verification.status === 'unreachable';
    const state = silent && view.lights[name] === 'failed' ? 'undecided' : view.lights[name];
    return { name, state, word: state === 'off' ? (over ? 'no' : 'not yet') : words[state], detail };
  };
  return [
    light('data', dataDetail(view)),
    light('verified', verifiedDetail(view, over)),
    light('active', activeDetail(view, over, file)),
  ];
}
