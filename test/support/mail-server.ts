// A small SMTP server on the loopback address: takes mails, asks for a password when told so, and can refuse.
import net from 'node:net';
import { onTestFinished } from 'vitest';

export interface MailServer {
  port: number;
  /** Mails as they came, headers and body. */
  mails: string[];
  /** `user:password` of the logins. */
  logins: string[];
  /** The answer to RCPT while it is set, such as `550 no such user`. */
  refuse: string | null;
}

export async function startMailServer(options: { login?: string } = {}): Promise<MailServer> {
  const state: MailServer = { port: 0, mails: [], logins: [], refuse: null };
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    let text = '';
    let data: string | null = null;
    const say = (line: string) => socket.write(`${line}\r\n`);
    const command = (line: string) => {
      const verb = line.split(' ')[0]?.toUpperCase() ?? '';
      if (verb === 'EHLO') return say(options.login ? '250-test\r\n250 AUTH PLAIN' : '250 test');
      if (verb === 'AUTH') {
        const [, user = '', password = ''] = Buffer.from(line.split(' ')[2] ?? '', 'base64')
          .toString()
          .split('\0');
        state.logins.push(`${user}:${password}`);
        return say(`${user}:${password}` === options.login ? '235 welcome' : '535 wrong user or password');
      }
      if (verb === 'STARTTLS') return say('502 not here');
      if (verb === 'RCPT' && state.refuse) return say(state.refuse);
      if (verb === 'DATA') {
        data = '';
        return say('354 go on');
      }
      if (verb === 'QUIT') {
        say('221 bye');
        return socket.end();
      }
      return say('250 ok');
    };
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        if (data === null) command(line);
        else if (line === '.') {
          state.mails.push(data);
          data = null;
          say('250 taken');
        } else data += `${line}\n`;
      }
    });
    say('220 test');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.port = (server.address() as net.AddressInfo).port;
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return state;
}
