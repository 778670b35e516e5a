#!/usr/bin/env node
// Extracts a SQLite database from Holdfast backup files. Needs nothing but Node.js 22.15 or newer: copy this one file.
// Written from docs/technical/restore-without-holdfast.md alone; nothing of Holdfast is used.
//
//   node holdfast-extract.mjs OUT.db FULL.bak [INCREMENTAL.bak …] [--search FOLDER]   writes OUT.db
//   node holdfast-extract.mjs --check FULL.bak [INCREMENTAL.bak …] [--search FOLDER]  only checks
import { createDecipheriv, createHash, createHmac, hkdfSync, scryptSync, timingSafeEqual } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import zlib from 'node:zlib';

const { crc32, zstdDecompressSync } = zlib;

class Refusal extends Error {}
function refuse(sentence) {
  throw new Refusal(sentence);
}
const must = (good, file, what) => good || refuse(`${file} is damaged: ${what}.`);
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

/** Reads exactly `length` bytes, or refuses the file as cut off. */
function readAt(part, position, length) {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const got = fs.readSync(part.fd, bytes, done, length - done, position + done);
    if (got === 0) refuse(`${part.file} is cut off: it ends at byte ${position + done}.`);
    done += got;
  }
  return bytes;
}

/** Opens one file of a backup and checks its header: the XML text, and the preamble behind it. */
function openPart(file) {
  const part = { file, fd: fs.openSync(file, 'r') };
  const { size } = fs.fstatSync(part.fd);
  const start = readAt(part, 0, Math.min(size, 4 * 1024 * 1024));
  const end = start.indexOf('</backup>');
  if (start.toString('latin1', 0, 5) !== '<?xml') refuse(`${file} is not a Holdfast backup.`);
  if (end < 0) refuse(`${file} is cut off within its header, or is not a Holdfast backup.`);
  const at = end + '</backup>'.length;
  const fixed = readAt(part, at, 16);
  if (fixed.toString('latin1', 0, 8) !== 'HOLDFAST') refuse(`${file} is not a Holdfast backup.`);
  const length = fixed.readUInt32LE(12);
  must(length >= 64 && length <= 1024 * 1024, file, 'the preamble has no sensible length');
  const preamble = readAt(part, at, length);
  const crc = preamble.readUInt32LE(20);
  preamble.fill(0, 20, 24);
  must(crc32(preamble) === crc, file, 'the checksum of the preamble is wrong');
  const version = preamble.readUInt32LE(8);
  if (version > 3) refuse(`${file} was written by a newer Holdfast: format ${version}, and this reads 1 to 3.`);
  must(sha256(start.subarray(0, at)).equals(preamble.subarray(24, 56)), file, 'the XML header was changed');
  part.record = JSON.parse(preamble.toString('utf8', 64, 64 + preamble.readUInt32LE(16)));
  part.body = at + length;
  if (size < part.record.partBytes) refuse(`${file} is cut off: it has ${size} of ${part.record.partBytes} bytes.`);
  must(size === part.record.partBytes, file, 'there are bytes after its end');
  return part;
}

/** All parts of a set, in order: beside the first, in the folders that it names, and in those that were given. */
function openSet(file, search) {
  const first = openPart(file);
  const { idtag, serial, part, parts, partFolders = [] } = first.record;
  if (part !== 0) refuse(`${file} is part ${part + 1} of ${parts}; give the first, which has no number at its end.`);
  const set = [first];
  for (let number = 1; number < parts; number++) {
    const name = `${path.basename(file)}.${String(number).padStart(5, '0')}`;
    const places = [path.dirname(file), ...partFolders, ...search].map((folder) => path.join(folder, name));
    const found = places.find((one) => fs.existsSync(one));
    if (!found) refuse(`Part ${number + 1} of ${parts} is missing: ${name} is in no folder that was searched.`);
    const next = openPart(found);
    if (next.record.idtag !== idtag || next.record.serial !== serial || next.record.part !== number)
      refuse(`${found} is not part ${number + 1} of this backup: parts were mixed up or renamed.`);
    set.push(next);
  }
  return set;
}

/** The keys of an encrypted backup from a password; null when the password is wrong. */
function keysOf({ scrypt, seed, check }, password) {
  const options = { ...scrypt, maxmem: 256 * scrypt.cost * scrypt.blockSize };
  const master = scryptSync(password.normalize('NFC'), Buffer.from(scrypt.salt, 'hex'), 32, options);
  const bytes = Buffer.from(hkdfSync('sha256', master, Buffer.from(seed, 'hex'), 'holdfast backup 1', 80));
  if (!timingSafeEqual(bytes.subarray(64), Buffer.from(check, 'hex'))) return null;
  return { block: bytes.subarray(0, 32), checksum: bytes.subarray(32, 64) };
}

/** Null when the block, or what it is bound to, was changed. */
function decrypt(keys, sequence, bound, sealed) {
  const nonce = Buffer.from(Uint32Array.of(sequence, 0, 0).buffer);
  const decipher = createDecipheriv('aes-256-gcm', keys.block, nonce, { authTagLength: 16 });
  decipher.setAAD(bound).setAuthTag(sealed.subarray(-16));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  } catch {
    return null;
  }
}

/** One block: its pages, after every checksum was compared. `state` is what all blocks of the set so far add up to. */
function readBlock(part, at, head, state, keys) {
  const { file, record } = part;
  const word = (place) => head.readUInt32LE(place);
  const [sequence, pages, first, flags, raw, stored, listed] = [4, 8, 12, 16, 20, 24, 28].map(word);
  const sound = (good, what) => must(good, file, `block ${sequence} at byte ${at} ${what}`);
  sound(crc32(head.subarray(0, 60)) === word(60), 'has a header with a wrong checksum');
  if (flags & ~7) refuse(`${file} was written by a newer Holdfast: block ${sequence} is stored in an unknown way.`);
  sound(sequence === state.blocks && head.subarray(48, 56).equals(state.setId), 'does not belong there');
  sound(pages > 0 && raw === pages * record.pageSize && raw <= 1024 * 1024, 'contradicts itself');
  sound(stored <= raw + 16 && listed === (flags & 1 ? pages * 4 : 0), 'contradicts itself');
  sound(Boolean(flags & 4) === Boolean(keys), 'is not encrypted as the others are');
  const bytes = readAt(part, at + 64, listed + stored);
  sound(crc32(bytes) === word(56), 'has a wrong checksum');
  const list = bytes.subarray(0, listed);
  let data = bytes.subarray(listed);
  if (flags & 4) data = decrypt(keys, sequence, Buffer.concat([head.subarray(0, 56), list]), data);
  sound(data, 'was changed after it was encrypted');
  try {
    if (flags & 2) data = zstdDecompressSync(data, { maxOutputLength: raw });
  } catch {
    sound(false, 'cannot be decompressed');
  }
  sound(data.length === raw, 'has another length than it says');
  const page = (index) => data.subarray(index * record.pageSize, (index + 1) * record.pageSize);
  const all = Array.from({ length: pages }, (_, index) => index);
  const sum = sha256(Buffer.concat(all.map((index) => sha256(page(index)).subarray(0, 16)))).subarray(0, 16);
  const blind = keys ? createHmac('sha256', keys.checksum).update(sum).digest().subarray(0, 16) : sum;
  sound(blind.equals(head.subarray(32, 48)), 'holds other pages than were backed up');
  const numbers = all.map((index) => (flags & 1 ? list.readUInt32LE(index * 4) : first + index));
  sound(!numbers.includes(0), 'has a page without a number');
  state.blocks += 1;
  state.pages += pages;
  state.raw += raw;
  state.digest.update(head);
  return { pages: numbers.map((number, index) => [number, page(index)]), list, end: at + 64 + listed + stored };
}

/** The files that went along (format 3) are not written anywhere, but every one of their blocks is checked; returns where they end. */
function checkFiles(part, at, state) {
  const { file, record } = part;
  if (record.filesOffset === undefined) return at;
  const end = record.partBytes - 80;
  must(record.filesOffset === at, file, 'the files that went along are not in their place');
  while (at < end) {
    const head = readAt(part, at, 64);
    const sound = crc32(head.subarray(0, 60)) === head.readUInt32LE(60) && head.toString('latin1', 0, 4) === 'HFA1';
    must(sound, file, `the file block at byte ${at} has a header with a wrong checksum`);
    const here = head.readUInt32LE(4) === state.fileBlocks && head.subarray(48, 56).equals(state.setId);
    const stored = head.readUInt32LE(20);
    must(here && at + 64 + stored <= end, file, `the file block at byte ${at} does not belong there`);
    const good = crc32(readAt(part, at + 64, stored)) === head.readUInt32LE(56);
    must(good, file, `the file block at byte ${at} has a wrong checksum`);
    state.files.update(head);
    state.fileBlocks += 1;
    at += 64 + stored;
  }
  return end;
}

/** Behind the last block of a part: the map of its blocks (format 2), files (format 3), and the trailer, which sums up the set so far. */
function checkEnd(part, at, entries, state, last) {
  const { file, record } = part;
  let end = at;
  if (record.mapOffset !== undefined) {
    const [head, map] = [readAt(part, at, 32), Buffer.concat(entries)];
    const sums = crc32(head.subarray(0, 28)) === head.readUInt32LE(28) && crc32(map) === head.readUInt32LE(24);
    const place = record.mapOffset === at && head.subarray(16, 24).equals(state.setId);
    const same = Number(head.readBigUInt64LE(8)) === map.length && readAt(part, at + 32, map.length).equals(map);
    must(sums && place && same, file, 'the block map does not agree with the blocks');
    end += 32 + map.length;
  }
  end = checkFiles(part, end, state);
  const bytes = readAt(part, end, 80);
  must(crc32(bytes.subarray(0, 76)) === bytes.readUInt32LE(76), file, 'the checksum of the trailer is wrong');
  const wanted = Buffer.alloc(76);
  wanted.write('HFE1');
  const words = { 4: last ? 2 : 1, 8: state.blocks, 12: record.part + 1, 40: last ? record.pageCount : 0 };
  for (const [place, word] of Object.entries(words)) wanted.writeUInt32LE(word, Number(place));
  wanted.writeBigUInt64LE(BigInt(state.pages), 16);
  wanted.writeBigUInt64LE(BigInt(state.raw), 24);
  Buffer.concat([state.setId, wanted.subarray(40, 44), state.digest.copy().digest()]).copy(wanted, 32);
  must(wanted.equals(bytes.subarray(0, 76)), file, 'its blocks are not all there, or not all of this backup');
  must(end + 80 === record.partBytes, file, 'there are bytes after its end');
}

/** Every page of a set, in order, to `put(number, bytes)`. */
function readSet(set, keys, put) {
  const { idtag, serial } = set[0].record;
  const setId = sha256(`${idtag} ${serial}`).subarray(0, 8);
  const sums = { digest: createHash('sha256'), files: createHash('sha256') };
  const state = { blocks: 0, pages: 0, raw: 0, fileBlocks: 0, setId, ...sums };
  for (const [index, part] of set.entries()) {
    const entries = [];
    let at = part.body;
    for (;;) {
      const head = readAt(part, at, Math.min(64, part.record.partBytes - at));
      if (head.toString('latin1', 0, 4) !== 'HFB1') break;
      const { pages, list, end } = readBlock(part, at, head, state, keys);
      for (const [number, bytes] of pages) put(number, bytes);
      entries.push(Buffer.from(BigUint64Array.of(BigInt(at)).buffer), head, list);
      at = end;
    }
    checkEnd(part, at, entries, state, index === set.length - 1);
    fs.closeSync(part.fd);
  }
  const { file, record } = set[0];
  const all = (record.files?.blocks ?? 0) === state.fileBlocks;
  const same = !record.files || record.files.digest === state.files.digest('hex');
  must(all && same, file, 'the files that went along are not all there');
}

/** Asks without showing what is typed. */
async function askPassword(file) {
  if (process.env.HOLDFAST_PASSWORD !== undefined) return process.env.HOLDFAST_PASSWORD;
  if (!process.stdin.isTTY) refuse(`${file} is encrypted: run this on a terminal, or set HOLDFAST_PASSWORD.`);
  process.stderr.write(`Password of ${path.basename(file)}: `);
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  return await lines.question('').finally(() => lines.close() ?? console.error());
}

async function main(words) {
  const search = words.filter((_, i) => words[i - 1] === '--search');
  const [out, ...files] = words.filter((word, i) => word !== '--search' && words[i - 1] !== '--search');
  if (files.length === 0)
    refuse('Usage: node holdfast-extract.mjs OUT.db|--check FULL.bak [INC.bak …] [--search FOLDER]');
  const check = out === '--check';
  if (fs.existsSync(out)) refuse(`${out} exists; nothing is overwritten.`);
  const sets = files.map((file) => openSet(file, search));
  for (const [i, [{ file, record }]] of sets.entries()) {
    const { type, previousSerial, sequence, baseIdtag } = record;
    const before = sets[i - 1]?.[0].record;
    if (!before && type !== 'full') refuse(`${file} is an incremental; begin with its full backup ${baseIdtag}.`);
    if (before && (previousSerial !== before.serial || sequence !== before.sequence + 1))
      refuse(`${file} does not continue ${files[i - 1]}: it is of another chain, or one between them is missing.`);
  }
  const { pageSize } = sets[0][0].record;
  const temporary = `${out}.unfinished`;
  const fd = check ? null : fs.openSync(temporary, 'wx+', 0o600);
  try {
    let there = new Uint8Array(0);
    for (const set of sets) {
      const { file, record } = set[0];
      const { encryption, pageCount } = record;
      const keys = encryption ? keysOf(encryption, await askPassword(file)) : null;
      if (encryption && !keys) refuse(`The password does not open ${file}.`);
      there = Uint8Array.from({ length: pageCount + 1 }, (_, number) => there[number] ?? 0);
      there[1_073_741_824 / pageSize + 1] = 1;
      readSet(set, keys, (number, bytes) => {
        if (number > pageCount) return;
        there[number] = 1;
        if (fd !== null) fs.writeSync(fd, bytes, 0, pageSize, (number - 1) * pageSize);
      });
      const lost = there.indexOf(0, 1);
      must(lost < 0, file, `page ${lost} is missing`);
      if (fd !== null) fs.ftruncateSync(fd, pageCount * pageSize);
    }
    const { pageCount, consistentAt } = sets.at(-1)[0].record;
    const what = `${pageCount} pages, as of ${new Date(consistentAt).toISOString()}`;
    if (fd === null) return console.log(`Every checksum is right: ${what}.`);
    // Bytes 18 and 19 of a SQLite file: a copy of a locked database says 3 there, which would keep it read-only.
    const [mode] = readAt({ file: temporary, fd }, 19, 1);
    fs.writeSync(fd, Buffer.alloc(2, mode === 2 ? 2 : 1), 0, 2, 18);
    fs.fsyncSync(fd);
    fs.renameSync(temporary, out);
    console.log(`${out}: ${what}.`);
  } finally {
    if (fd !== null) fs.closeSync(fd);
    if (fd !== null) fs.rmSync(temporary, { force: true });
  }
}

if (!zstdDecompressSync) refuse(`This needs Node.js 22.15 or newer; here runs ${process.version}.`);
main(process.argv.slice(2)).catch((error) => {
  console.error(error instanceof Refusal || error.code ? error.message : error.stack);
  process.exitCode = 1;
});
