// The console's page as files: which file a URL path names, its type, and the policy it is served with, at every door.
import fs from 'node:fs';
import path from 'node:path';

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

/** Sent with every file. `webSocket` is the page's own `ws://host:port`, or null where it speaks over a message port. */
export function pageHeaders(webSocket: string | null): Record<string, string> {
  return {
    'content-security-policy': [
      "default-src 'self'",
      "script-src 'self'",
      // The component library writes its rules into style elements.
      "style-src 'self' 'unsafe-inline'",
      "img-src 'self' data:",
      "font-src 'self'",
      `connect-src 'self'${webSocket ? ` ${webSocket}` : ''}`,
      "object-src 'none'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  };
}

export interface PageFile {
  body: Buffer<ArrayBuffer>;
  contentType: string;
  /** Its name carries a hash of its content. */
  immutable: boolean;
}

/** The file that a URL's path names below `folder`, `/` being index.html; null when there is none or it would lie outside. */
export function readPageFile(folder: string, urlPath: string): PageFile | null {
  const file = resolvePageFile(folder, urlPath);
  if (file === null) return null;
  const contentType = contentTypes[path.extname(file).toLowerCase()];
  if (contentType === undefined) return null;
  try {
    return { body: fs.readFileSync(file), contentType, immutable: path.basename(path.dirname(file)) === 'assets' };
  } catch (error) {
    if (['ENOENT', 'EISDIR', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

function resolvePageFile(folder: string, urlPath: string): string | null {
  let decoded: string;
  try {
    decoded = decodeURIComponent(urlPath);
  } catch {
    return null;
  }
  if (/[\\\0]/.test(decoded) || !decoded.startsWith('/')) return null;
  const root = fs.realpathSync(folder);
  const wanted = path.join(root, decoded === '/' ? 'index.html' : decoded);
  let real: string;
  try {
    // A link inside the folder must not lead out of it.
    real = fs.realpathSync(wanted);
  } catch {
    return null;
  }
  return real.startsWith(root + path.sep) ? real : null;
}
