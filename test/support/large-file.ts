/** Files that are too large for memory: written, and compared, as they stream. */
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

const PIECE_BYTES = 4 * 1024 * 1024;

/** Writes bytes that no compression could shrink, others each time. @returns their SHA-256, in hex. */
export async function writeLargeFile(file: string, bytes: number): Promise<string> {
  const cipher = createCipheriv('aes-128-ctr', randomBytes(16), Buffer.alloc(16));
  const zeros = Buffer.alloc(PIECE_BYTES);
  const hash = createHash('sha256');
  await pipeline(function* () {
    for (let left = bytes; left > 0; left -= PIECE_BYTES) {
      const piece = cipher.update(zeros.subarray(0, Math.min(left, PIECE_BYTES)));
      hash.update(piece);
      yield piece;
    }
  }, createWriteStream(file));
  return hash.digest('hex');
}

/** @returns in hex. */
export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: PIECE_BYTES }), hash);
  return hash.digest('hex');
}
