// Sends a notice by mail through the SMTP server of the channel.
import { createTransport } from 'nodemailer';
import type { ChannelInput, Notice } from '../contract/notify.ts';
import { noticeBody, noticeTitle } from './notice-text.ts';

const TIMEOUT_MS = 15_000;

/** Throws with the server's reason when the mail was not taken for every recipient. */
export async function sendMail(
  channel: Extract<ChannelInput, { kind: 'email' }>,
  secret: string | null,
  notice: Notice,
  timeoutMs = TIMEOUT_MS,
): Promise<void> {
  const transport = createTransport({
    host: channel.host,
    port: channel.port,
    secure: channel.security === 'tls',
    requireTLS: channel.security === 'starttls',
    ignoreTLS: channel.security === 'none',
    ...(channel.user ? { auth: { user: channel.user, pass: secret ?? '' } } : {}),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    const sent = await transport.sendMail({
      from: channel.sender,
      to: channel.to,
      subject: noticeTitle(notice),
      text: noticeBody(notice),
      headers: { 'X-Holdfast-Event': notice.kind, 'X-Holdfast-Delivery': notice.id },
    });
    const refused = sent.rejected as unknown[];
    if (refused.length > 0) throw new Error(`${channel.host} refused ${refused.join(', ')}`);
  } finally {
    transport.close();
  }
}
