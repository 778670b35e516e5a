// The three lights in words. A light's colour is the engine's; the words add what is behind it.
import type { RestoreView } from '../../../core/contract/restore.ts';
import { countCells } from './block-map.ts';

export type LightName = 'data' | 'verified' | 'active';

export interface LightText {
  name: LightName;
  state: RestoreView['lights']['data'];
  /** `yes`, `not yet`, `no`, `not verified`, `working`, `failed`: what the colour says, without colour. */
  word: string;
  detail: string;
}

const words = { working: 'working', on: 'yes', failed: 'failed' } as const;

function dataDetail(view: RestoreView): string {
  if (view.lights.data === 'on') return 'every page is there';
  if (view.lights.data === 'failed') return 'the set is not complete';
  const counts = countCells(view.blockMap);
  if (counts.total === 0) return 'nothing restored yet';
  return `${Math.floor(((counts.restored + counts.verified) / counts.total) * 100)} % of the pages`;
}

function verifiedDetail(view: RestoreView, over: boolean): string {
  const { verification } = view;
  const servers = new Set(verification.servers.map((peer) => peer.server)).size;
  switch (verification.status) {
    case 'waiting':
      return over ? 'not reached' : 'follows step 5';
    case 'running':
      return verification.integrity === 'running' ? 'integrity check runs' : 'servers are being asked';
    case 'ok':
      return `against ${servers} ${servers === 1 ? 'server' : 'servers'}`;
    case 'behind':
      return `data is missing, ${verification.code}`;
    case 'unreachable':
      return 'a server did not answer';
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

/** Data, verified, active: in this order. A light that is off in a restore that is over says `no` or `not verified` instead of `not yet`; `file` is for a restore into a new file. */
export function lightTexts(view: RestoreView, over: boolean, file = false): LightText[] {
  const light = (name: LightName, detail: string): LightText => {
    const state = view.lights[name];
    const off = !over ? 'not yet' : name === 'verified' ? 'not verified' : 'no';
    return { name, state, word: state === 'off' ? off : words[state], detail };
  };
  return [
    light('data', dataDetail(view)),
    light('verified', verifiedDetail(view, over)),
    light('active', activeDetail(view, over, file)),
  ];
}
