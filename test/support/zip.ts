/** A reader of ZIP archives that stores nothing away: enough to check one that was downloaded, by its central directory. */
import { crc32, inflateRawSync } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly modified: Date;
  readonly bytes: Buffer;
}

const END_BYTES = 22;
const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const UTF8_FLAG = 0x0800;

/** @throws Error where the archive contradicts itself, or a checksum does not fit. */
export function readZip(zip: Buffer): ZipEntry[] {
  const end = zip.length - END_BYTES;
  if (zip.readUInt32LE(end) !== END) throw new Error('no end of a central directory');
  const count = zip.readUInt16LE(end + 10);
  const entries: ZipEntry[] = [];
  let at = zip.readUInt32LE(end + 16);
  for (let i = 0; i < count; i++) {
    if (zip.readUInt32LE(at) !== CENTRAL) throw new Error(`entry ${i} is missing`);
    const nameBytes = zip.readUInt16LE(at + 28);
    const nameStart = at + 46;
    const rawName = zip.subarray(nameStart, nameStart + nameBytes);
    const name = rawName.toString('utf8');
    if (name !== rawName.toString('latin1') && (zip.readUInt16LE(at + 8) & UTF8_FLAG) === 0) throw new Error(`${name}: not marked as UTF-8`);
    const bytes = readData(zip, at, name, rawName);
    entries.push({ name, modified: readTime(zip.readUInt16LE(at + 12), zip.readUInt16LE(at + 14)), bytes });
    at = nameStart + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  if (at !== end) throw new Error('something stands behind the central directory');
  return entries;
}

function readData(zip: Buffer, central: number, name: string, rawName: Buffer): Buffer {
  const method = zip.readUInt16LE(central + 10);
  const packedBytes = zip.readUInt32LE(central + 20);
  const local = zip.readUInt32LE(central + 42);
  if (zip.readUInt32LE(local) !== LOCAL) throw new Error(`${name}: no local header`);
  const start = local + 30;
  const nameBytes = zip.readUInt16LE(local + 26);
  if (!zip.subarray(start, start + nameBytes).equals(rawName)) throw new Error(`${name}: two names`);
  const from = start + nameBytes + zip.readUInt16LE(local + 28);
  const packed = zip.subarray(from, from + packedBytes);
  const bytes = method === 0 ? packed : inflateRawSync(packed);
  if (bytes.length !== zip.readUInt32LE(central + 24)) throw new Error(`${name}: wrong length`);
  if (crc32(bytes) !== zip.readUInt32LE(central + 16)) throw new Error(`${name}: wrong checksum`);
  return bytes;
}

/** MS-DOS time: local, in steps of two seconds. */
const readTime = (time: number, date: number): Date => new Date(1980 + (date >> 9), ((date >> 5) & 15) - 1, date & 31, time >> 11, (time >> 5) & 63, (time & 31) * 2);
