/** A coordinator and nodes in memory, as one sender sees them, and processes of it that end at a chosen step. */
import { KEY_BYTES, SIGNATURE_BYTES, decodeB64, encodeB64, equalBytes, type ShardId } from '../../protocol/bytes.ts';
import { problemOf } from '../../protocol/error-sentences.ts';
import { TransferLayout, redundancyFor } from '../../protocol/layout.ts';
import type { CommitSegments, CreateTransfer, PresenceWord, SegmentEntry } from '../../protocol/messages.ts';
import { ORDER_BYTES } from '../../protocol/order.ts';
import { encodeAbsent, encodeReady, encodeReceipt, encodeStored, parseClientMessage } from '../../protocol/store-messages.ts';
import { abortableDelay, type ClientDeps, type SocketLike } from '../deps.ts';

/** Version 1, action store; nobody here looks at the rest of it. */
const STORE_ORDER = Uint8Array.of(1, 1, ...new Uint8Array(ORDER_BYTES - 2));

/** One process: it does so many steps and is gone, before or after its last one took effect. */
export class Life {
  readonly died: Promise<void>;
  #steps: number;
  readonly #isAfter: boolean;
  readonly #die: () => void;

  /** @param steps - at least 1; Infinity for one that ends by itself. */
  constructor(steps: number, isAfter = false) {
    this.#steps = steps;
    this.#isAfter = isAfter;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.died = promise;
    this.#die = resolve;
  }

  get isOver(): boolean {
    return this.#steps <= 0;
  }

  /** @returns whether the process is there to hear of it. */
  step(effect: () => void): boolean {
    if (this.isOver) return false;
    this.#steps--;
    if (!this.isOver || this.#isAfter) effect();
    if (this.isOver) this.#die();
    return !this.isOver;
  }

  kill(): void {
    this.#steps = 0;
    this.#die();
  }

  /** A step that a dead process waits for without end. */
  async wait<T>(effect: () => T): Promise<T> {
    let answer: T;
    if (!this.step(() => (answer = effect()))) await new Promise(() => undefined);
    return answer!;
  }
}

interface HeldShard {
  readonly root: ShardId;
  readonly bytes: Uint8Array<ArrayBuffer>;
}
interface Entry {
  readonly entry: SegmentEntry;
  readonly stored: Set<number>;
}

/** Of one transfer. Nodes take one shard after the other; one that came and was not stored is lost with its sender. */
export class MemoryNetwork {
  state: 'none' | 'uploading' | 'ready' | 'revoked' = 'none';
  expiresAtMs = 0;
  manifest: Uint8Array<ArrayBuffer> | null = null;
  readonly entries = new Map<number, Entry>();
  readonly nodes: readonly Map<number, HeldShard>[];
  /** Of shards that came to nodes. */
  receivedBytes = 0;
  socketsOpened = 0;
  /** What no sender may do: another name for a segment that has one. */
  readonly contradictions: string[] = [];
  /** What the sender said of itself. */
  readonly words: PresenceWord[] = [];
  onWord: (word: PresenceWord) => void = () => undefined;
  /** Told when the transfer is complete, before anybody else hears of it. */
  onReady: () => void = () => undefined;
  #layout: TransferLayout | null = null;

  constructor(nodeCount: number) {
    this.nodes = Array.from({ length: nodeCount }, () => new Map<number, HeldShard>());
  }

  get redundancy() {
    return redundancyFor(this.nodes.length);
  }

  depsOf(life: Life): ClientDeps {
    return {
      fetch: (url, init) => life.wait(() => this.#answer(new URL(url), init?.method ?? 'GET', init?.body)),
      openSocket: (url) => this.#socket(life, Number(/node-(\d+)/.exec(url)![1])),
      now: () => Date.now(),
      randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
      delay: (ms, signal) => abortableDelay(ms, signal),
    };
  }

  #answer(url: URL, method: string, body: unknown): Response {
    const [transferId, ...rest] = url.pathname.split('/').slice(3);
    const action = `${method} ${rest.join('/')}`;
    const isUploading = this.state === 'uploading';
    switch (action) {
      case 'PUT ': {
        const { contentBytes } = parse(body) as CreateTransfer;
        this.state = 'uploading';
        this.expiresAtMs = Date.now() + 3600_000;
        this.#layout = new TransferLayout(contentBytes, this.redundancy.requiredShards);
        const lost = this.nodes.length - this.redundancy.requiredShards;
        const terms = { ...this.redundancy, expiresAtMs: this.expiresAtMs, survives: { nodes: lost, operators: lost }, relaxed: [] };
        return Response.json({ transferId, state: 'uploading', ...terms, nodes: this.#seats() });
      }
      case 'PUT manifest':
        this.manifest = Uint8Array.from(body as Uint8Array);
        return new Response(null, { status: 204 });
      case 'GET manifest':
        return new Response(this.manifest);
      case 'POST store-orders':
        return isUploading ? Response.json({ nodes: this.#seats() }) : Response.json(problemOf('conflict'), { status: problemOf('conflict').status });
      case 'POST segments':
        return Response.json({ committed: this.#commit(parse(body) as CommitSegments) });
      case 'POST presence': {
        const word = parse(body) as PresenceWord;
        this.words.push(word);
        this.onWord(word);
        return new Response(null, { status: 204 });
      }
      case 'GET segments': {
        const segments = [...this.entries.values()].toSorted((a, b) => a.entry.index - b.entry.index);
        return Response.json({ segments: segments.map(({ entry, stored }) => ({ ...entry, stored: [...stored].toSorted((a, b) => a - b) })), next: null });
      }
      case 'POST complete':
        if (this.#committed() < this.#layout!.segmentCount) return Response.json(problemOf('incomplete'), { status: problemOf('incomplete').status });
        this.state = 'ready';
        this.onReady();
        return this.#status(transferId!);
      case 'DELETE ':
        this.state = 'revoked';
        return this.#status(transferId!);
      default:
        return this.#status(transferId!);
    }
  }

  #status(transferId: string): Response {
    const { requiredShards, totalShards } = this.redundancy;
    return Response.json({
      transferId,
      state: this.state,
      requiredShards,
      totalShards,
      contentBytes: this.#layout!.contentBytes,
      createdAtMs: 1,
      expiresAtMs: this.expiresAtMs,
      segments: { total: this.#layout!.segmentCount, committed: this.#committed() },
      sender: this.state === 'uploading' ? 'active' : null,
      survives: totalShards - requiredShards,
      links: [],
    });
  }

  #seats() {
    return this.nodes.map((_, shardIndex) => ({
      shardIndex,
      nodeId: encodeB64(new Uint8Array(KEY_BYTES).fill(shardIndex)),
      url: `https://node-${shardIndex}.test`,
      order: encodeB64(STORE_ORDER),
    }));
  }

  #committed(): number {
    return [...this.entries.values()].filter(({ stored }) => stored.size >= this.redundancy.safeShards).length;
  }

  #commit({ segments, receipts }: CommitSegments): number {
    for (const entry of segments) {
      const before = this.entries.get(entry.index);
      if (before && (before.entry.salt !== entry.salt || before.entry.roots !== entry.roots))
        this.contradictions.push(`the coordinator knew segment ${entry.index} by another name`);
      if (!before) this.entries.set(entry.index, { entry, stored: new Set() });
    }
    for (const { shardIndex, segments: signed } of receipts) {
      for (const index of signed) {
        const known = this.entries.get(index);
        const root = this.nodes[shardIndex]!.get(index)?.root;
        if (!known || !root || !equalBytes(decodeB64(known.entry.roots).subarray(KEY_BYTES * shardIndex, KEY_BYTES * (shardIndex + 1)), root)) {
          this.contradictions.push(`node ${shardIndex} signed for another shard of segment ${index}`);
        } else known.stored.add(shardIndex);
      }
    }
    return this.#committed();
  }

  #socket(life: Life, node: number): SocketLike {
    this.socketsOpened++;
    const held = this.nodes[node]!;
    const unsealed = new Set<number>();
    let header: { readonly segment: number; readonly root: ShardId } | null = null;
    const socket: SocketLike = {
      binaryType: 'arraybuffer',
      bufferedAmount: 0,
      onopen: null,
      onmessage: null,
      onclose: null,
      onerror: null,
      close: () => undefined,
      send: (data) => {
        if (header !== null) {
          const { segment, root } = header;
          header = null;
          if (life.isOver) return;
          this.receivedBytes += data.length;
          return later(() => store(segment, root, data.slice()));
        }
        const message = parseClientMessage(data);
        switch (message.type) {
          case 'shard':
            header = message;
            break;
          case 'hold': {
            const { segment, root } = message;
            const known = held.get(segment);
            const isHeld = known !== undefined && equalBytes(known.root, root);
            if (isHeld) unsealed.add(segment);
            later(() => answer(isHeld ? encodeStored(segment) : encodeAbsent(segment)));
            break;
          }
          case 'seal':
            later(() => {
              const signed = [...unsealed].toSorted((a, b) => a - b);
              unsealed.clear();
              if (life.step(() => undefined)) answer(encodeReceipt(1, new Uint8Array(SIGNATURE_BYTES), signed));
            });
            break;
          default:
            later(() => answer(encodeReady(1)));
        }
      },
    };
    const answer = (message: Uint8Array<ArrayBuffer>): void => socket.onmessage?.({ data: message.buffer });
    const later = (then: () => void): void => void setImmediate(() => !life.isOver && then());
    const store = (segment: number, root: ShardId, bytes: Uint8Array<ArrayBuffer>): void => {
      const known = held.get(segment);
      if (known && !equalBytes(known.root, root)) this.contradictions.push(`node ${node} was sent segment ${segment} by another name`);
      const isHeard = life.step(() => {
        held.set(segment, { root, bytes });
        unsealed.add(segment);
      });
      if (isHeard) answer(encodeStored(segment));
    };
    later(() => socket.onopen?.(undefined as never));
    return socket;
  }
}

const parse = (body: unknown): unknown => JSON.parse(String(body));
