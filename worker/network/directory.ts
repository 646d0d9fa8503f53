/** The directory as this isolate sees it: a snapshot that is two seconds old at most, so that choosing nodes asks no object. */
import { DirectoryIndex, isOnline, type DirectoryNode } from '../../shared/policy/index.ts';
import { clock } from '../clock.ts';
import { onlineForMsOf, type WorkerEnv } from '../environment.ts';
import { DIRECTORY_NAME } from '../objects/directory.ts';

const FRESH_FOR_MS = 2_000;

export class Directory {
  readonly nodes: readonly DirectoryNode[];
  /** For choosing; made once a snapshot. */
  readonly index: DirectoryIndex;
  readonly readAtMs: number;
  readonly #onlineForMs: number;

  constructor(nodes: readonly DirectoryNode[], readAtMs: number, onlineForMs: number) {
    this.nodes = nodes;
    this.readAtMs = readAtMs;
    this.index = new DirectoryIndex(nodes);
    this.#onlineForMs = onlineForMs;
  }

  find(nodeId: string): DirectoryNode | undefined {
    return this.index.find(nodeId);
  }

  isOnline(nodeId: string, nowMs: number): boolean {
    const node = this.find(nodeId);
    return node !== undefined && isOnline(node, nowMs, this.#onlineForMs);
  }

  countOnline(nowMs: number): number {
    return this.nodes.filter((node) => isOnline(node, nowMs, this.#onlineForMs)).length;
  }
}

let last: Directory | undefined;

// Only values are shared between requests: waiting for another request's promise would tie one to the other's end.
export async function readDirectory(env: WorkerEnv): Promise<Directory> {
  const nowMs = clock.nowMs();
  if (last !== undefined && nowMs >= last.readAtMs && nowMs - last.readAtMs < FRESH_FOR_MS) return last;
  const nodes = await env.DIRECTORY.get(env.DIRECTORY.idFromName(DIRECTORY_NAME)).snapshot();
  last = new Directory(nodes, nowMs, onlineForMsOf(env));
  return last;
}

/** After a registration: its node counts at once, at least here. */
export function forgetDirectory(): void {
  last = undefined;
}
