/**
 * The directory as one published value. The coordinator writes it, its isolates read it every few seconds and make an
 * index of it: columns, since what is alike then stands together and nothing is said ten thousand times.
 *
 * UTF-8 JSON: {"version":1,"atMs","nodes":{column:[one value a node]}}. A region is two columns, a standing its number
 * in STANDINGS, the rest are the node's own fields.
 */
import { SendError } from '../protocol/errors.ts';
import { utf8 } from '../protocol/bytes.ts';
import type { DirectoryNode } from './directory-node.ts';
import { STANDINGS } from './standing.ts';

const VERSION = 1;

export interface DirectorySnapshot {
  /** When it was taken. */
  readonly atMs: number;
  readonly nodes: readonly DirectoryNode[];
}

type Row = Omit<DirectoryNode, 'region' | 'standing'> & { readonly latitude: number | null; readonly longitude: number | null; readonly standing: number };
type Column = keyof Row;
type Columns = { readonly [Name in Column]: readonly Row[Name][] };
type Check = (value: unknown) => boolean;

const isText =
  (form: RegExp): Check =>
  (value) =>
    typeof value === 'string' && form.test(value);
const isNumber =
  (min: number, max: number): Check =>
  (value) =>
    typeof value === 'number' && value >= min && value <= max;
const isWhole =
  (max: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && isNumber(0, max)(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const isCount = isWhole(Number.MAX_SAFE_INTEGER);

const CHECKS: Readonly<Record<Column, Check>> = {
  // b64 of 32 bytes: of the last character, two bits are unused and zero.
  nodeId: isText(/^[\w-]{42}[AEIMQUYcgkosw048]$/),
  url: isText(/^https?:\/\/.{1,512}$/),
  operator: isText(/^.{1,128}$/su),
  network: isText(/^.{1,256}$/su),
  country: orNull(isText(/^[A-Z]{2}$/)),
  asn: orNull(isWhole(2 ** 32 - 1)),
  latitude: orNull(isNumber(-90, 90)),
  longitude: orNull(isNumber(-180, 180)),
  capacityBytes: isCount,
  freeBytes: isCount,
  lastSeenMs: isCount,
  standing: isWhole(STANDINGS.length - 1),
  integrity: isNumber(0, 1),
  availability: isNumber(0, 1),
  speed: orNull(isNumber(0, Number.MAX_VALUE)),
};
const COLUMNS = Object.keys(CHECKS) as readonly Column[];

export function encodeSnapshot({ atMs, nodes }: DirectorySnapshot): Uint8Array<ArrayBuffer> {
  const rows = nodes.map(({ region, standing, ...node }): Row => ({
    ...node,
    latitude: region?.latitude ?? null,
    longitude: region?.longitude ?? null,
    standing: STANDINGS.indexOf(standing),
  }));
  const columns = Object.fromEntries(COLUMNS.map((name) => [name, rows.map((row) => row[name])]));
  return utf8(JSON.stringify({ version: VERSION, atMs, nodes: columns }));
}

/** @throws SendError `internal` when the bytes are no snapshot of this version, or one of its values is out of range. */
export function parseSnapshot(bytes: Uint8Array): DirectorySnapshot {
  const { version, atMs, nodes } = readObject(readJson(bytes), ['version', 'atMs', 'nodes']);
  if (version !== VERSION) return refuse(`directory snapshot: version ${String(version)} is not known`);
  if (!isCount(atMs)) return refuse('directory snapshot: atMs is no time');
  const columns = readColumns(readObject(nodes, COLUMNS));
  return { atMs: atMs as number, nodes: columns.nodeId.map((_, i) => nodeAt(columns, i)) };
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw new SendError('internal', 'directory snapshot: not JSON', { cause });
  }
}

function readObject<Name extends string>(value: unknown, names: readonly Name[]): Record<Name, unknown> {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== names.length || !names.every((name) => Object.hasOwn(value, name)))
    return refuse('directory snapshot: other fields expected');
  return value as Record<Name, unknown>;
}

function readColumns(values: Readonly<Record<Column, unknown>>): Columns {
  const { nodeId: ids } = values;
  if (!Array.isArray(ids) || new Set(ids).size !== ids.length) return refuse('directory snapshot: ids must differ');
  for (const name of COLUMNS) {
    const column = values[name];
    if (!Array.isArray(column) || column.length !== ids.length || !column.every(CHECKS[name])) return refuse(`directory snapshot: malformed column ${name}`);
  }
  const columns = values as Columns;
  if (!columns.latitude.every((latitude, i) => (latitude === null) === (columns.longitude[i] === null))) return refuse('directory snapshot: half a region');
  return columns;
}

function nodeAt(columns: Columns, i: number): DirectoryNode {
  const [latitude, longitude] = [columns.latitude[i]!, columns.longitude[i]!];
  return {
    nodeId: columns.nodeId[i]!,
    url: columns.url[i]!,
    operator: columns.operator[i]!,
    network: columns.network[i]!,
    country: columns.country[i]!,
    asn: columns.asn[i]!,
    region: latitude === null || longitude === null ? null : { latitude, longitude },
    capacityBytes: columns.capacityBytes[i]!,
    freeBytes: columns.freeBytes[i]!,
    lastSeenMs: columns.lastSeenMs[i]!,
    standing: STANDINGS[columns.standing[i]!]!,
    integrity: columns.integrity[i]!,
    availability: columns.availability[i]!,
    speed: columns.speed[i]!,
  };
}

function refuse(message: string): never {
  throw new SendError('internal', message);
}
