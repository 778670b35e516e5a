// A notice in words, for the subject and body of a mail and the title of a desktop notification.
import type { Notice } from '../contract/notify.ts';
import { momentText } from '../platform/time-text.ts';

const HEADS: Record<Notice['kind'], string> = {
  failure: '',
  recovery: 'Over: ',
  success: 'Done: ',
  test: 'Test: ',
};

export function noticeTitle(notice: Notice): string {
  const level =
    notice.kind === 'failure' ? `${notice.level === 'critical' ? 'CRITICAL' : 'Warning'}: ` : HEADS[notice.kind];
  return `Holdfast ${level}${notice.source}`;
}

export function noticeBody(notice: Notice): string {
  const lines = [notice.text, '', `At       ${momentText(notice.at)}`];
  if (notice.since !== null) lines.push(`Since    ${momentText(notice.since)}`);
  lines.push(`Source   ${notice.source}`);
  return `${lines.join('\n')}\n`;
}
