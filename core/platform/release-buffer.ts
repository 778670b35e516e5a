// Gives the memory of large buffers back at once.

/**
 * For a buffer that nobody else knows: it must not be used afterwards. Left to the collector, a stream of megabyte buffers
 * piles up dozens of them, and collecting them takes longer than copying what is in them.
 */
export function releaseBuffer(bytes: Buffer): void {
  const { buffer } = bytes;
  // Smaller ones can be slices of Node's pool, which others use.
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0);
}
