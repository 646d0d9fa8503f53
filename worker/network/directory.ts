/** The directory as this isolate sees it: the published snapshot, looked at again every few seconds, so that choosing nodes asks no object. */
import { DirectoryIndex, isOnline, type DirectoryNode } from '../../shared/policy/index.ts';
import { SendError } from '../../shared/protocol/errors.ts';
import { clock } from '../clock.ts';
import { onlineForMsOf, publishMsOf, type WorkerEnv } from '../environment.ts';
import { logFailure } from '../http/log.ts';
import { readSnapshot, type PublishedSnapshot } from './published.ts';

const LONGEST_FRESH_MS = 5_000;

export class Directory {
  readonly nodes: readonly DirectoryNode[];
  readonly edition: string;
  readonly #onlineForMs: number;
  readonly #byId: ReadonlyMap<string, DirectoryNode>;
  #index: DirectoryIndex | undefined;

  constructor({ nodes, edition }: Pick<PublishedSnapshot, 'nodes' | 'edition'>, onlineForMs: number) {
    this.nodes = nodes;
    this.edition = edition;
    this.#onlineForMs = onlineForMs;
    this.#byId = new Map(nodes.map((node) => [node.nodeId, node]));
  }

  /** For choosing; made once a snapshot, by who chooses first. */
  get index(): DirectoryIndex {
    return (this.#index ??= new DirectoryIndex(this.nodes));
  }

  find(nodeId: string): DirectoryNode | undefined {
    return this.#byId.get(nodeId);
  }

  isOnline(nodeId: string, nowMs: number): boolean {
    const node = this.find(nodeId);
    return node !== undefined && isOnline(node, nowMs, this.#onlineForMs);
  }

  countOnline(nowMs: number): number {
    return this.nodes.filter((node) => isOnline(node, nowMs, this.#onlineForMs)).length;
  }
}

let last: { readonly directory: Directory; readonly readAtMs: number } | undefined;

// Only values are shared between requests: waiting for another request's promise would tie one to the other's end.
export async function readDirectory(env: WorkerEnv): Promise<Directory> {
  const nowMs = clock.nowMs();
  if (last !== undefined && nowMs >= last.readAtMs && nowMs - last.readAtMs < Math.min(LONGEST_FRESH_MS, publishMsOf(env))) return last.directory;
  const directory = await readLatest(env);
  last = { directory, readAtMs: nowMs };
  return directory;
}

/** @throws SendError `unavailable` when there is nothing to read it from, and nothing was read before. */
async function readLatest(env: WorkerEnv): Promise<Directory> {
  try {
    // Asked at the last moment: who waited along finds it parsed.
    const snapshot = await readSnapshot(env, (edition) => edition === last?.directory.edition);
    if (snapshot === null) return last?.directory ?? new Directory({ nodes: [], edition: '' }, onlineForMsOf(env));
    return new Directory(snapshot, onlineForMsOf(env));
  } catch (thrown) {
    logFailure('reading the directory', thrown);
    if (last !== undefined) return last.directory; // its heartbeats grow old, and say when it is of no more use
    throw new SendError('unavailable', "couldn't read the directory", { cause: thrown });
  }
}

/** Has the next reader look at what is published now. */
export function forgetDirectory(): void {
  last = undefined;
}
