// The ways out: a signed post with its refusals, a mail through a server, and what an engine keeps of their secrets.
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ChannelInput, Notice } from '../../core/contract/notify.ts';
import { openSecretFile } from '../../core/engine/secret-file.ts';
import { sendMail } from '../../core/notify/email.ts';
import { postWebhook } from '../../core/notify/webhook.ts';
import { startHookServer } from '../support/hook-server.ts';
import { startMailServer } from '../support/mail-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const notice: Notice = {
  ...{ id: 'n1', at: Date.UTC(2026, 10, 20, 8), kind: 'failure', level: 'critical', source: 'SRV-1/Directory' },
  ...{ text: 'The backup "Friday full" of SRV-1/Directory failed: NO_SPACE', since: null },
};
const never = new AbortController().signal;
const post = (url: string, secret: string | null = null, timeoutMs = 5_000) =>
  postWebhook(url, secret, notice, Date.UTC(2026, 10, 20, 9), never, timeoutMs).then(
    () => 'ok',
    (error: Error) => error.message,
  );

describe('a webhook', () => {
  it('is posted as JSON that the receiver can check', async () => {
    const hook = await startHookServer();
    expect(await post(`${hook.url}/in?x=1`, 'shh')).toBe('ok');
    const [got] = hook.posts;
    expect(JSON.parse(got!.body)).toMatchObject({ kind: 'failure', level: 'critical', at: '2026-11-20T08:00:00.000Z' });
    const { 'x-holdfast-timestamp': stamp, 'x-holdfast-signature': signature } = got!.headers;
    const expected = createHmac('sha256', 'shh').update(`${stamp}.${got!.body}`).digest('hex');
    expect(signature).toBe(`sha256=${expected}`);
    expect(await post(hook.url)).toBe('ok');
    expect(hook.posts[1]!.headers['x-holdfast-signature']).toBeUndefined();
  });

  it('goes on within its host and never to another, nor as a GET', async () => {
    const [hook, other] = [await startHookServer(), await startHookServer()];
    hook.answer = (at) => (at === '/a' ? { status: 307, location: '/b' } : { status: 204 });
    expect(await post(`${hook.url}/a`)).toBe('ok');
    expect(hook.posts.map((one) => one.path)).toEqual(['/a', '/b']);
    expect(hook.posts[1]!.body).toBe(hook.posts[0]!.body);
    hook.answer = () => ({ status: 308, location: `${other.url}/steal` });
    expect(await post(`${hook.url}/a`, 'shh')).toContain('is not followed');
    hook.answer = () => ({ status: 302, location: '/b' });
    expect(await post(`${hook.url}/a`)).toContain('answered 302');
    hook.answer = () => ({ status: 307, location: '/a' });
    expect(await post(`${hook.url}/a`)).toContain('in a circle');
    expect(other.posts).toEqual([]);
  });

  it('says what was wrong: a status, silence, nobody there', async () => {
    const hook = await startHookServer();
    hook.answer = () => ({ status: 503 });
    expect(await post(hook.url)).toContain('answered 503');
    hook.answer = () => 'hang';
    expect(await post(hook.url, null, 200)).toContain('did not answer within 0.2 s');
    expect(await post('http://127.0.0.1:1/')).toContain('cannot be reached');
  });
});

describe('a mail', () => {
  const channel = (port: number, more: object = {}): Extract<ChannelInput, { kind: 'email' }> => ({
    ...{ kind: 'email', id: 'c1', name: 'Ops', enabled: true, from: 'warning', onSuccess: false },
    ...{ host: '127.0.0.1', port, security: 'none', user: null, secret: null },
    ...{ sender: 'holdfast@example.org', to: ['ops@example.org', 'dba@example.org'] },
    ...more,
  });
  const send = (port: number, more: object, secret: string | null = null) =>
    sendMail(channel(port, more), secret, notice, 5_000).then(
      () => 'ok',
      (error: Error) => error.message,
    );

  it('arrives with its subject, and logs in with its password', async () => {
    const server = await startMailServer({ login: 'me:secret' });
    expect(await send(server.port, { user: 'me' }, 'secret')).toBe('ok');
    expect(server.logins).toEqual(['me:secret']);
    expect(server.mails[0]).toContain('Subject: Holdfast CRITICAL: SRV-1/Directory');
    expect(server.mails[0]).toContain('To: ops@example.org, dba@example.org');
    expect(server.mails[0]).toContain('failed: NO_SPACE');
    expect(await send(server.port, { user: 'me' }, 'wrong')).toContain('535');
  });

  it('fails when it is not taken, when TLS is asked for and not offered, and when nobody is there', async () => {
    const server = await startMailServer();
    server.refuse = '550 no such user';
    expect(await send(server.port, {})).toContain('550 no such user');
    server.refuse = null;
    expect(await send(server.port, { security: 'starttls' })).not.toBe('ok');
    expect(server.mails).toEqual([]);
    expect(await send(1, {})).toContain('ECONNREFUSED');
  });
});

describe('the secrets of channels', () => {
  it('lie in a file of their own that only its user reads, sealed where there is a key ring', () => {
    const folder = temporaryFolder();
    const plain = openSecretFile(folder, null);
    expect(plain.get('a')).toBeNull();
    plain.set('a', 'one');
    plain.set('b', 'two');
    plain.set('a', null);
    const file = path.join(folder, 'secrets.json');
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect([openSecretFile(folder, null).get('a'), openSecretFile(folder, null).get('b')]).toEqual([null, 'two']);
    const flipped = (text: string) => [...text].reverse().join('');
    const sealed = openSecretFile(folder, { seal: flipped, open: flipped });
    sealed.set('c', 'three');
    expect(sealed.get('c')).toBe('three');
    expect(sealed.get('b')).toBe('two');
    expect(fs.readFileSync(file, 'utf8')).not.toContain('three');
    expect(() => plain.get('c')).toThrow('sealed by the desktop');
  });
});
