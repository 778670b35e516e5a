// Draws the icons (a keep with a gate, on a rounded square) as PNG files: build/icons.mjs OUTPUT_FOLDER.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

const SAMPLES = 4;
const tones = {
  icon: [15, 108, 189],
  'tray-ok': [16, 124, 65],
  'tray-info': [15, 108, 189],
  'tray-warning': [218, 140, 0],
  'tray-critical': [196, 49, 75],
};

/** Coverage tests in a unit square, y downwards. */
const inBox = (x, y, left, top, right, bottom) => x >= left && x < right && y >= top && y < bottom;

function inRoundedSquare(x, y) {
  const radius = 0.2;
  const dx = Math.max(radius - x, x - (1 - radius), 0);
  const dy = Math.max(radius - y, y - (1 - radius), 0);
  return dx * dx + dy * dy <= radius * radius;
}

function inKeep(x, y) {
  const wall = inBox(x, y, 0.26, 0.36, 0.74, 0.8);
  const merlons = [0.22, 0.42, 0.62].some((left) => inBox(x, y, left, 0.2, left + 0.16, 0.4));
  const ledge = inBox(x, y, 0.22, 0.33, 0.78, 0.42);
  const gate = inBox(x, y, 0.42, 0.62, 0.58, 0.8) || (x - 0.5) ** 2 + (y - 0.62) ** 2 <= 0.08 ** 2;
  return (wall || merlons || ledge) && !gate;
}

function drawPixels(size, tone) {
  const pixels = Buffer.alloc(size * (size * 4 + 1));
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      let ground = 0;
      let keep = 0;
      for (let sample = 0; sample < SAMPLES * SAMPLES; sample++) {
        const x = (column + ((sample % SAMPLES) + 0.5) / SAMPLES) / size;
        const y = (row + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES) / size;
        if (!inRoundedSquare(x, y)) continue;
        ground++;
        if (inKeep(x, y)) keep++;
      }
      const white = ground === 0 ? 0 : keep / ground;
      const at = row * (size * 4 + 1) + 1 + column * 4;
      for (let channel = 0; channel < 3; channel++)
        pixels[at + channel] = Math.round(tone[channel] * (1 - white) + 255 * white);
      pixels[at + 3] = Math.round((255 * ground) / SAMPLES ** 2);
    }
  return pixels;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

function png(size, tone) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 6, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(drawPixels(size, tone))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** An icon file is a 22-byte directory around one PNG picture. */
function ico(size, picture) {
  const directory = Buffer.alloc(22);
  directory.writeUInt16LE(1, 2);
  directory.writeUInt16LE(1, 4);
  directory.set([size, size, 0, 0, 1, 0, 32, 0], 6);
  directory.writeUInt32LE(picture.length, 14);
  directory.writeUInt32LE(22, 18);
  return Buffer.concat([directory, picture]);
}

const folder = process.argv[2];
if (!folder) throw new Error('usage: build/icons.mjs OUTPUT_FOLDER');
mkdirSync(folder, { recursive: true });
for (const [name, tone] of Object.entries(tones)) {
  const size = name === 'icon' ? 512 : 32;
  writeFileSync(path.join(folder, `${name}.png`), png(size, tone));
}
writeFileSync(path.join(folder, 'favicon.ico'), ico(32, png(32, tones.icon)));
