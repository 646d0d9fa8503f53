/** Rebuilds as tests see them: alarms ring when they are due, jobs come to nodes, nodes report what they stored. */
import { env } from 'cloudflare:workers';
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import type { Problem, Rebuild, ReceiptMessage, SegmentTable } from '../../shared/protocol/messages.ts';
import { clock } from '../clock.ts';
import { shardFor } from '../network/shards.ts';
import { advance, call, everyoneReports, type TestTransfer } from './test-network.ts';
import type { TestNode } from './test-node.ts';

/** More rings than any change sets off: alarms that ring for ever fail a test. */
const MAX_RINGS = 50;

export interface Job {
  readonly rebuilder: TestNode;
  readonly message: Rebuild;
}

export class Repairs {
  readonly transfer: TestTransfer;
  /** Every node of the network; tests add to it. */
  readonly nodes: TestNode[];
  readonly #seen = new Map<TestNode, number>();

  constructor(transfer: TestTransfer, nodes: readonly TestNode[]) {
    this.transfer = transfer;
    this.nodes = [...nodes];
  }

  get watch() {
    return shardFor(env.WATCH, this.transfer.id);
  }

  /** Lets the alarms of the transfer and its watch ring as long as one is due. */
  async ring(): Promise<void> {
    for (let rings = 0; rings < MAX_RINGS; rings++) {
      let rang = false;
      for (const stub of [this.transfer.stub, this.watch] as DurableObjectStub[]) {
        const dueMs = await runInDurableObject(stub, (_, state) => state.storage.getAlarm());
        if (dueMs === null || dueMs > clock.nowMs()) continue;
        await runDurableObjectAlarm(stub);
        rang = true;
      }
      if (!rang) return;
    }
    throw new Error('alarms ring for ever');
  }

  /** What was asked of nodes since the last time. */
  takeJobs(): Job[] {
    return this.nodes.flatMap((rebuilder) => {
      const jobs = rebuilder.rebuilds.slice(this.#seen.get(rebuilder) ?? 0);
      this.#seen.set(rebuilder, rebuilder.rebuilds.length);
      return jobs.map(({ message }) => ({ rebuilder, message }));
    });
  }
  async nextJob(): Promise<Job | null> {
    await this.ring();
    return this.takeJobs()[0] ?? null;
  }

  node(nodeId: string): TestNode {
    return this.nodes.find((node) => node.nodeId === nodeId)!;
  }

  /** What the targets sign when they have stored everything. */
  receipts({ message }: Job, except: readonly number[] = []): Promise<ReceiptMessage[]> {
    const targets = message.targets.filter(({ shardIndex }) => !except.includes(shardIndex));
    return Promise.all(targets.map(({ shardIndex, nodeId, segments }) => this.transfer.receipt(shardIndex, segments, this.node(nodeId))));
  }
  report({ rebuilder, message }: Job, receipts: readonly ReceiptMessage[], problems: readonly Problem[] = []): Promise<Response> {
    return call('POST', `${this.transfer.path}/rebuilds`, { node: rebuilder, body: { jobId: message.jobId, receipts, problems } });
  }

  /** Every job is done as it should be, until no more come. @returns the jobs. */
  async mend(): Promise<Job[]> {
    const done: Job[] = [];
    for (let job = await this.nextJob(); job !== null; job = await this.nextJob()) {
      await this.report(job, await this.receipts(job));
      done.push(job);
    }
    return done;
  }

  /** Time passes for everybody who is up. */
  async wait(ms: number): Promise<void> {
    advance(ms);
    await everyoneReports();
  }

  /** By segment, the indexes that recipients are told of. */
  async stored(): Promise<string[]> {
    const { segments } = await (await this.transfer.asRecipient('GET', '/segments?from=0')).json<SegmentTable>();
    return segments.map(({ stored }) => stored.join(' '));
  }

  /** The rows of one of the transfer's tables. */
  rows<Row extends Record<string, SqlStorageValue>>(table: string): Promise<Row[]> {
    return runInDurableObject(this.transfer.stub, (_, state) => state.storage.sql.exec<Row>(`SELECT * FROM ${table}`).toArray());
  }
}
