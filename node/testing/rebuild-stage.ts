/** A network for tests of rebuilding and visiting: node i has the seat of shard i of every transfer, and one more node rebuilds. */
import { hash, randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { ErasureCodec } from '../../shared/erasure/index.ts';
import { shardRoot } from '../../shared/merkle/index.ts';
import {
  asShardId,
  concatBytes,
  encodeB64,
  encodeHex,
  encodeStatements,
  parseMessage,
  rebuildReportSchema,
  type Order,
  type Rebuild,
  type RebuildReport,
  type TransferId,
} from '../../shared/protocol/index.ts';
import { SHARD_HEADER_BYTES } from '../store/shard-header.ts';
import type { NodeSurroundings, RunningNode } from '../storage-node.ts';
import { HOUR_MS, jsonBytes, newTransferId } from './coordinator.ts';
import type { NodeProcess } from './node-process.ts';
import type { TestShard } from './shards.ts';
import { Stage } from './stage.ts';
import { StoreClient } from './store-client.ts';

export const REQUIRED = 3;
export const TOTAL = 6;
export const SEGMENTS = 5;
export const SHARD_BYTES = 200_000;
/** For setting a stage: its processes come up one beside another, on a machine that may be busy. */
export const SETTING_MS = 60_000;

export interface CodedTransfer {
  readonly transferId: TransferId;
  /** By segment, then by shard index. */
  readonly shards: readonly (readonly TestShard[])[];
}

export interface Places {
  /** `url`: somebody else's, in place of the seat's. */
  readonly sources: readonly { shardIndex: number; url?: string }[];
  readonly targets: readonly number[];
}

export async function encodeTransfer(segments = SEGMENTS, shardBytes = SHARD_BYTES): Promise<CodedTransfer> {
  const codec = await ErasureCodec.create({ requiredShards: REQUIRED, totalShards: TOTAL, maxShardBytes: shardBytes });
  const set = codec.slot(0);
  const shards: TestShard[][] = [];
  for (let segment = 0; segment < segments; segment++) {
    for (let i = 0; i < REQUIRED; i++) set.shard(i, shardBytes).set(randomBytes(shardBytes));
    set.encode(shardBytes);
    const row = Array.from({ length: TOTAL }, async (_, i) => {
      const bytes = Uint8Array.from(set.shard(i, shardBytes));
      return { segment, shardBytes, root: asShardId(await shardRoot(bytes)), bytes };
    });
    shards.push(await Promise.all(row));
  }
  return { transferId: newTransferId(), shards };
}

const hashOf = (bytes: Uint8Array): Uint8Array => Uint8Array.from(hash('sha256', bytes, 'buffer'));
export const commitmentFor = (transfer: CodedTransfer, shardIndex: number): Uint8Array => hashOf(encodeStatements(transfer.shards.map((row) => row[shardIndex]!)));

export class RebuildStage {
  readonly stage: Stage;
  readonly nodes: readonly NodeProcess[];
  /** In this process, so that its patience and its clock are the test's. */
  readonly rebuilder: RunningNode;
  readonly shardExpiresAtMs = Date.now() + HOUR_MS;

  private constructor(stage: Stage, nodes: readonly NodeProcess[], rebuilder: RunningNode) {
    this.stage = stage;
    this.nodes = nodes;
    this.rebuilder = rebuilder;
  }

  /** @param silenceMs - the rebuilder's patience. @param seats - how many of the nodes are there: the first ones. */
  static async set(silenceMs: number, seats = TOTAL, surroundings: NodeSurroundings = {}): Promise<RebuildStage> {
    const stage = await Stage.set();
    if (surroundings.clock !== undefined) stage.coordinator.nowMs = () => surroundings.clock!.nowMs();
    const nodes = await Promise.all(Array.from({ length: seats }, () => stage.start()));
    return new RebuildStage(stage, nodes, await stage.run({ rebuildSilenceMs: silenceMs }, surroundings));
  }

  clear(): Promise<void> {
    return this.stage.clear();
  }

  order(nodeId: string, action: Order['action'], transferId: TransferId, shardIndex: number, commitment?: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const { shardExpiresAtMs } = this;
    return this.stage.coordinator.order(nodeId, { action, transferId, shardIndex, shardExpiresAtMs, ...(commitment === undefined ? {} : { commitment }) });
  }

  async place({ transferId, shards }: CodedTransfer, holders: readonly number[]): Promise<void> {
    for (const i of holders) {
      const { url, nodeId } = this.nodes[i]!;
      const client = await StoreClient.open(url, await this.order(nodeId, 'store', transferId, i));
      for (const row of shards) await client.store(row[i]!, row[i]!.bytes);
      await client.seal();
      await client.close();
    }
  }

  async makeJob(transfer: CodedTransfer, { sources, targets }: Places, changes: Partial<Rebuild> = {}): Promise<Rebuild> {
    const { transferId } = transfer;
    const segments = transfer.shards.map((row, index) => ({ index, shardBytes: row[0]!.shardBytes, roots: encodeB64(concatBytes(...row.map(({ root }) => root))) }));
    const source = async ({ shardIndex, url }: Places['sources'][number]) => {
      const { nodeId, url: own } = this.nodes[shardIndex]!;
      return { shardIndex, nodeId, url: url ?? own, order: encodeB64(await this.order(nodeId, 'fetch', transferId, shardIndex)) };
    };
    const target = async (shardIndex: number) => {
      const { nodeId, url } = this.nodes[shardIndex]!;
      const bytes = await this.order(nodeId, 'store', transferId, shardIndex, commitmentFor(transfer, shardIndex));
      return { shardIndex, nodeId, url, order: encodeB64(bytes), segments: segments.map(({ index }) => index) };
    };
    return {
      jobId: encodeB64(randomBytes(16)),
      transferId: encodeB64(transferId),
      requiredShards: REQUIRED,
      totalShards: TOTAL,
      lastSegment: segments.length - 1,
      leaseMs: 10 * 60_000,
      segments,
      sources: await Promise.all(sources.map(source)),
      targets: await Promise.all(targets.map(target)),
      ...changes,
    };
  }

  /** Hands the job to the rebuilder. @param body - what is sent under the job's order. */
  async send(job: Rebuild, { transferId }: CodedTransfer, body = jsonBytes(job)): Promise<Response> {
    const bytes = await this.order(this.rebuilder.nodeId, 'rebuild', transferId, 0, hashOf(jsonBytes(job)));
    return await fetch(`${this.rebuilder.url}/v1/rebuild`, { method: 'POST', body, headers: { Authorization: `Shardsend-Order ${encodeB64(bytes)}` } });
  }

  async reportOf(job: Rebuild): Promise<RebuildReport> {
    const isIt = ({ path: at, body }: { path: string; body: unknown }) =>
      at === `/api/transfers/${job.transferId}/rebuilds` && typeof body === 'object' && body !== null && 'jobId' in body && body.jobId === job.jobId;
    return parseMessage(rebuildReportSchema, (await this.stage.coordinator.next(isIt)).body);
  }
}

/** Changes what a node holds below its header, so that it serves it in good faith. */
export async function corrupt(node: NodeProcess, transferId: TransferId, segment: number): Promise<void> {
  const name = encodeHex(transferId);
  const file = await open(path.join(node.data, 'shards', name.slice(0, 2), name, `${segment}.shard`), 'r+');
  await file.write(Uint8Array.of(1, 2, 3, 4), 0, 4, SHARD_HEADER_BYTES + 1000);
  await file.close();
}
