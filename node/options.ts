/** What an operator may choose, as flags of the command and as the options of `runNode`. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parseMessage, registrationSchema } from '../shared/protocol/index.ts';
import type { TlsFiles } from './api/tls.ts';
import { ConfigError } from './config-error.ts';

export interface NodeOptions {
  /** Holds everything the node keeps. */
  readonly dataDir: string;
  /** 0: any free one. */
  readonly port: number;
  /** Interface to listen on; left out, all of them. */
  readonly host?: string | undefined;
  /** Where clients and the coordinator reach this node; left out, this machine. */
  readonly publicUrl?: string | undefined;
  readonly coordinator: string;
  readonly capacityBytes: number;
  /** Who runs the node; shards of one segment go to different operators. */
  readonly operator: string;
  readonly tls?: TlsFiles | undefined;
  readonly region?: { readonly latitude: number; readonly longitude: number } | undefined;
  readonly heartbeatMs?: number | undefined;
  /** Disk space that is left to others, whatever the capacity. */
  readonly diskReserveBytes?: number | undefined;
  /** Patience with nodes in a rebuild. */
  readonly rebuildSilenceMs?: number | undefined;
}

export const NODE_USAGE = `Usage: npm run -s shardsend -- node --data DIR --coordinator URL --operator NAME [options]

  --data DIR            keeps the node's key, index and shards
  --coordinator URL     the network to join: https://example.org
  --operator NAME       who runs this node
  --capacity SIZE       most that may be stored: 500GiB, 2TB, or bytes (default 10GiB)
  --port P              port to listen on (default 8790; 0: any)
  --host ADDRESS        interface to listen on (default: all)
  --url URL             public address of this node (default: this machine and port)
  --tls-cert FILE       certificate chain, PEM; read again when it changes
  --tls-key FILE        its key, PEM
  --region LAT,LON      where the node stands, in degrees
  --heartbeat-ms N      between signs of life to the coordinator (default 30000; also SHARDSEND_HEARTBEAT_MS)
  --reserve SIZE        disk space to leave to others (default 64MiB)
`;

const DEFAULT_PORT = '8790';
const DEFAULT_CAPACITY = '10GiB';
const UNITS: Readonly<Record<string, number>> = { '': 1, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30, TIB: 2 ** 40, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** @throws ConfigError. */
export function parseNodeFlags(args: readonly string[], environment: Readonly<Record<string, string | undefined>> = {}): NodeOptions {
  const flags = readFlags(args);
  const required = (name: 'data' | 'coordinator' | 'operator'): string => {
    const value = flags[name];
    if (value === undefined || value === '') throw new ConfigError(`--${name} is missing`);
    return value;
  };
  const certFile = flags['tls-cert'];
  const keyFile = flags['tls-key'];
  if ((certFile === undefined) !== (keyFile === undefined)) throw new ConfigError('--tls-cert and --tls-key go together');
  const heartbeat = flags['heartbeat-ms'] ?? environment['SHARDSEND_HEARTBEAT_MS'];
  return {
    dataDir: path.resolve(required('data')),
    coordinator: parseUrl('--coordinator', required('coordinator')),
    operator: parseOperator(required('operator')),
    capacityBytes: parseByteSize('--capacity', flags.capacity ?? DEFAULT_CAPACITY),
    port: parseWhole('--port', flags.port ?? DEFAULT_PORT, 0, 65_535),
    host: flags.host,
    publicUrl: flags.url === undefined ? undefined : parseUrl('--url', flags.url),
    tls: certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile },
    region: flags.region === undefined ? undefined : parseRegion(flags.region),
    heartbeatMs: heartbeat === undefined ? undefined : parseWhole('--heartbeat-ms', heartbeat, 100, 3600_000),
    diskReserveBytes: flags.reserve === undefined ? undefined : parseByteSize('--reserve', flags.reserve),
  };
}

function readFlags(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = {
    data: text,
    coordinator: text,
    operator: text,
    capacity: text,
    port: text,
    host: text,
    url: text,
    'tls-cert': text,
    'tls-key': text,
    region: text,
    'heartbeat-ms': text,
    reserve: text,
  };
  try {
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (cause) {
    throw new ConfigError(cause instanceof Error ? cause.message : 'unreadable flags', { cause });
  }
}

/** `500GiB`, `2TB`, `1048576`. */
export function parseByteSize(flag: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([KMGT]i?B)?$/i.exec(text);
  const unit = UNITS[match?.[2]?.toUpperCase() ?? ''];
  const bytes = match === null || unit === undefined ? Number.NaN : Math.floor(Number(match[1]) * unit);
  if (!Number.isSafeInteger(bytes)) throw new ConfigError(`${flag} takes a size such as 500GiB, 2TB or 1048576, not "${text}"`);
  return bytes;
}

function parseWhole(flag: string, text: string, min: number, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw new ConfigError(`${flag} takes a number from ${min} to ${max}, not "${text}"`);
  return value;
}

function parseUrl(flag: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain = url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.search === '' && url.hash === '';
  if (!plain) throw new ConfigError(`${flag} takes an http or https address, not "${text}"`);
  return url.href.replace(/\/+$/, '');
}

function parseRegion(text: string): { latitude: number; longitude: number } {
  const match = /^(-?\d{1,2}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)$/.exec(text);
  const region = { latitude: Number(match?.[1]), longitude: Number(match?.[2]) };
  if (match === null || Math.abs(region.latitude) > 90 || Math.abs(region.longitude) > 180) throw new ConfigError(`--region takes degrees such as 52.5,13.4, not "${text}"`);
  return region;
}

function parseOperator(name: string): string {
  try {
    return parseMessage(registrationSchema.entries.operator, name);
  } catch (cause) {
    throw new ConfigError('--operator takes a name of up to 64 letters, digits, spaces and . _ @ -', { cause });
  }
}
