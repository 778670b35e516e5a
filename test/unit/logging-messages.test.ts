// Room for the logs, holds on the WAL and grave hazards as messages: one each, for as long as they last.
import { expect, it } from 'vitest';
import type { MessageStore } from '../../core/catalog/messages.ts';
import type { InstanceStatus } from '../../core/contract/instance.ts';
import type { LogSpace, WalPin } from '../../core/contract/logging.ts';
import { reportConditions } from '../../core/engine/conditions.ts';
import { createMessageBoard } from '../../core/messages/board.ts';
import { systemClock } from '../../core/platform/clock.ts';
import { fixtureInstance, fixtureStatus } from '../support/fixture-snapshot.ts';

function desk() {
  const store: MessageStore = { list: () => [], save: () => {}, remove: () => {} };
  const news: string[] = [];
  const board = createMessageBoard(
    store,
    systemClock,
    () => {},
    () => {},
    (message) => news.push(message.text),
  );
  const report = (more: Partial<InstanceStatus>) =>
    reportConditions(board, [], [fixtureInstance('SRV-1', 0, { status: fixtureStatus(0, more) })]);
  const standing = () => board.list().filter((message) => message.standing);
  return { report, standing, news };
}

const calm = fixtureStatus(0).logging;
const space = (patch: Partial<LogSpace>): LogSpace => ({
  ...(calm.space as LogSpace),
  level: 'ok',
  fullInMs: null,
  ...patch,
});
const logging = (patch: Partial<LogSpace>) => ({ ...calm, space: space(patch) });
const none = { walPins: [], hazards: [], logging: logging({}) };
const pin = (bytes: number): WalPin => ({ pid: 7, program: 'app', kind: 'reader', since: 0, bytes, level: 'warning' });

it('warns of a WAL that is held once, however it grows, and until it is let go', () => {
  const { report, standing, news } = desk();
  report({ ...none, walPins: [pin(70e6)] });
  report({ ...none, walPins: [pin(90e6)] });
  expect(news).toEqual(['SRV-1/Directory: app (process 7) keeps the WAL from being released by a read transaction.']);
  expect(standing()).toMatchObject([{ level: 'warning' }]);
  report({ ...none, walPins: [{ ...pin(1e6), level: 'info' }] });
  expect(standing()).toEqual([]);
});

it('says that the volume of the logs fills up: yellow within a day, red within an hour or when next to nothing is left', () => {
  const { report, standing, news } = desk();
  report({ ...none, logging: logging({ level: 'warning', fullInMs: 9e6 }) });
  report({ ...none, logging: logging({ level: 'warning', fullInMs: 8e6 }) });
  expect(standing()).toMatchObject([{ level: 'warning', text: expect.stringContaining('full in less than a day') }]);
  report({ ...none, logging: logging({ level: 'critical', fullInMs: 1e6 }) });
  expect(standing()).toMatchObject([{ level: 'critical', text: expect.stringContaining('full in less than an hour') }]);
  report({ ...none, logging: logging({ level: 'critical' }) });
  expect(standing()).toMatchObject([{ level: 'critical', text: expect.stringContaining('is nearly full') }]);
  expect(news).toHaveLength(3);
  report(none);
  expect(standing()).toEqual([]);
});

it('raises critical hazards alone', () => {
  const { report, standing } = desk();
  const hazard = { message: 'm.', action: 'a' };
  report({ ...none, hazards: [{ ...hazard, code: 'WAL_RESET_RACE', level: 'warning' }] });
  expect(standing()).toEqual([]);
  report({ ...none, hazards: [{ ...hazard, code: 'LOW_DISK', level: 'critical' }] });
  expect(standing()).toMatchObject([{ level: 'critical', text: expect.stringContaining('nearly full') }]);
});
