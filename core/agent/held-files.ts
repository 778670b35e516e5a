// The other files that a backup holds, opened for reading: from its header or from the blocks behind its pages, proved piece by piece.
import { FileContents, openFileCiphers } from '../backup/file-content.ts';
import { type HeaderFile, IN_BLOCKS } from '../backup/header.ts';
import { type Part, readPart } from '../backup/part-header.ts';
import { openParts } from '../backup/reader.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { PlaceFiles } from '../contract/other-files.ts';
import { createOpener, namingSecret } from '../encryption/sealed-file.ts';
import type { Agent } from './agent.ts';
import { keysOf } from './encryption-settings.ts';

export interface HeldFile {
  name: string;
  type: 'user' | 'nici';
  bytes: number;
  /** Somebody wrote to it while it was backed up. */
  changed: boolean;
  /** Its content in pieces of at most a few MiB, each proved; can be asked for again. Throws BACKUP_DAMAGED, BACKUP_TRUNCATED. */
  content(): AsyncIterable<Buffer>;
}

/** Those that were asked for. Throws NOT_FOUND when there are none of a kind, PASSWORD_REQUIRED, WRONG_PASSWORD, BACKUP_DAMAGED. */
export async function openHeldFiles(agent: Agent, request: PlaceFiles): Promise<HeldFile[]> {
  const { files } = agent.deps;
  const file = agent.allowed(request.file);
  const first = readPart(file, files);
  const listed = first.header.files;
  for (const [asked, type, what] of [
    [request.security, 'nici', 'security files'],
    [request.included, 'user', 'included files'],
  ] as const)
    if (asked && !listed.some((one) => one.type === type))
      throw new HoldfastError('NOT_FOUND', `${request.file} holds no ${what}.`, {
        hint: 'Its header lists what it holds: holdfast header FILE.',
      });
  const wanted = (one: HeaderFile) => (one.type === 'nici' ? request.security : request.included);
  const inBlocks = listed.some(({ encoding }) => encoding === IN_BLOCKS);
  return inBlocks
    ? await fromBlocks(agent, request, file, first, wanted)
    : await fromHeader(agent, request, listed.filter(wanted));
}

async function fromHeader(agent: Agent, request: PlaceFiles, listed: HeaderFile[]): Promise<HeldFile[]> {
  const open = createOpener(keysOf(agent, request.secrets.security, homesOf(agent)));
  const held: HeldFile[] = [];
  for (const one of listed) {
    const { name, type } = one;
    const content = type === 'nici' ? await open(name, decoded(one)) : decoded(one);
    held.push({ name, type, bytes: content.length, changed: false, content: () => once(content) });
  }
  return held;
}

async function fromBlocks(
  agent: Agent,
  request: PlaceFiles,
  file: string,
  first: Part,
  wanted: (one: HeaderFile) => boolean,
): Promise<HeldFile[]> {
  const { files } = agent.deps;
  const keys = (password: string | null) => keysOf(agent, password, homesOf(agent));
  const { nici } = await namingSecret(
    'security files',
    openFileCiphers(first, request.security ? { nici: keys(request.secrets.security) } : {}),
  );
  const { user } = await namingSecret(
    'included files',
    openFileCiphers(first, request.included ? { user: keys(request.secrets.pages) } : {}),
  );
  const contents = new FileContents(openParts(file, files), files);
  return first.header.files.flatMap((one, index) => {
    if (!wanted(one)) return [];
    const { name, type, bytes = 0 } = one;
    const content = () => contents.read(index, { user, nici });
    return [{ name, type, bytes, changed: contents.changed(index), content }];
  });
}

const homesOf = (agent: Agent): string[] => [...agent.instances.values()].map(({ home }) => home);

/** A copy, since whoever reads it may give its memory back. */
async function* once(content: Buffer): AsyncGenerator<Buffer, void, void> {
  yield Buffer.from(content);
}

function decoded({ name, encoding, data }: HeaderFile): Buffer {
  const text = data.trim();
  if (encoding !== 'base64' || !/^[A-Za-z0-9+/\s]*={0,2}$/.test(text))
    throw new HoldfastError('BACKUP_DAMAGED', `The file ${name} is not written in base64 in the header.`);
  return Buffer.from(text, 'base64');
}
