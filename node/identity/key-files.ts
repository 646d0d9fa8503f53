/** The node's own key, made on first start, and the coordinator's, pinned when it first answers. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  KEY_BYTES,
  SendError,
  asNodeId,
  decodeB64,
  encodeB64,
  equalBytes,
  importVerifyingKey,
  signingKeyFromSeed,
  type NodeId,
  type SigningKey,
} from '../../shared/protocol/index.ts';
import { ConfigError } from '../config-error.ts';
import { writeFileDurably } from '../store/durable-files.ts';
import { viewTokenOf } from './view-token.ts';

export interface NodeKey extends SigningKey {
  readonly nodeId: NodeId;
  /** 32 bytes; reads the node's status at the coordinator. */
  readonly viewToken: Uint8Array;
}

const NODE_KEY = 'node.key';
const COORDINATOR_KEY = 'coordinator.key';
const COORDINATOR_URL = 'coordinator.url';

/** True when a node has lived in this folder before. */
export const hasNodeKey = (directory: string): boolean => existsSync(path.join(directory, NODE_KEY));

/** @throws ConfigError when the file is not a key: a new one would be another node, so none is made. */
export async function loadOrCreateNodeKey(directory: string): Promise<NodeKey> {
  const file = path.join(directory, NODE_KEY);
  if (!existsSync(file)) await writeFileDurably(file, `${encodeB64(randomBytes(KEY_BYTES))}\n`, 0o600);
  const seed = await readKey(file);
  const key = await signingKeyFromSeed(seed);
  return { ...key, nodeId: asNodeId(key.publicKey), viewToken: viewTokenOf(seed) };
}

/** Where the coordinator was when the node last started: for the operator's commands. @returns null when nobody wrote it down. */
export async function readCoordinatorUrl(directory: string): Promise<string | null> {
  const file = path.join(directory, COORDINATOR_URL);
  return existsSync(file) ? (await readFile(file, 'utf8')).trim() : null;
}

export const writeCoordinatorUrl = (directory: string, url: string): Promise<void> => writeFileDurably(path.join(directory, COORDINATOR_URL), `${url}\n`, 0o644);

/** The one coordinator whose orders this node obeys. */
export class CoordinatorPin {
  readonly #file: string;
  #bytes: Uint8Array | null = null;
  #key: CryptoKey | null = null;

  constructor(directory: string) {
    this.#file = path.join(directory, COORDINATOR_KEY);
  }

  /** Null until a coordinator was pinned. */
  get key(): CryptoKey | null {
    return this.#key;
  }
  /** The same, as 32 bytes. */
  get bytes(): Uint8Array | null {
    return this.#bytes;
  }

  async load(): Promise<void> {
    if (!existsSync(this.#file)) return;
    const bytes = await readKey(this.#file);
    this.#key = await importVerifyingKey(bytes);
    this.#bytes = bytes;
  }

  /** @throws SendError `conflict` for any other key than the one that is pinned. */
  check(bytes: Uint8Array): void {
    if (this.#bytes !== null && !equalBytes(bytes, this.#bytes)) throw new SendError('conflict', 'the coordinator shows another key than the one that is pinned');
  }

  /** Pins the first key; @throws SendError `conflict` for any other after it. */
  async pin(bytes: Uint8Array): Promise<void> {
    this.check(bytes);
    if (this.#bytes !== null) return;
    const key = await importVerifyingKey(bytes);
    await writeFileDurably(this.#file, `${encodeB64(bytes)}\n`, 0o644);
    this.#bytes = bytes;
    this.#key = key;
  }
}

async function readKey(file: string): Promise<Uint8Array> {
  const text = (await readFile(file, 'utf8')).trim();
  try {
    return decodeB64(text, KEY_BYTES);
  } catch (cause) {
    throw new ConfigError(`${file} is damaged: it must hold ${KEY_BYTES} bytes as base64url. Restore it from a backup.`, { cause });
  }
}
