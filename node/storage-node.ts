/** One storage node, put together from its parts. */
import { hash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import manifest from '../package.json' with { type: 'json' };
import { encodeB64 } from '../shared/protocol/index.ts';
import { Api } from './api/server.ts';
import { AuditRecord, type AnsweredAudit } from './audit/audit-record.ts';
import { systemClock, type Clock } from './clock.ts';
import { ConfigError } from './config-error.ts';
import { ExpiryClock } from './expiry/expiry-clock.ts';
import { CoordinatorPin, hasNodeKey, loadOrCreateNodeKey, writeCoordinatorUrl } from './identity/key-files.ts';
import { compareInventory } from './inventory/inventory.ts';
import { InventoryClock } from './inventory/inventory-clock.ts';
import { describeError, logToStderr, type Log } from './log.ts';
import { CoordinatorClient } from './membership/coordinator-client.ts';
import { Membership } from './membership/membership.ts';
import { Metrics, type Gauge } from './metrics.ts';
import type { NodeOptions } from './options.ts';
import { OrderGate } from './orders/order-gate.ts';
import { RebuildQueue } from './rebuild/rebuild-queue.ts';
import { ShardStore } from './store/shard-store.ts';

/** SQLite: the file is malformed, or no database. A new start makes the index anew from the disk. */
const DAMAGED_INDEX = new Set([11, 26]);

export interface NodeSurroundings {
  readonly clock?: Clock | undefined;
  readonly log?: Log | undefined;
  /** Called when the node cannot go on; it is to be closed and started again. */
  readonly onFatal?: ((thrown: unknown) => void) | undefined;
}

export interface RunningNode {
  /** On this machine. */
  readonly url: string;
  readonly publicUrl: string;
  readonly port: number;
  /** b64. */
  readonly nodeId: string;
  /** Lets shards in flight end, for up to 5 s, and gives up every file and socket. */
  close(): Promise<void>;
}

/** Starts a node. It serves at once; it obeys orders when it has met its coordinator. @throws ConfigError. */
export async function runNode(options: NodeOptions, surroundings: NodeSurroundings = {}): Promise<RunningNode> {
  const { clock = systemClock, log = logToStderr, onFatal = () => {} } = surroundings;
  const { dataDir: directory, capacityBytes } = options;
  await makeFolder(directory);
  const known = hasNodeKey(directory);
  const store = await ShardStore.open({ directory, capacityBytes, clock, known, diskReserveBytes: options.diskReserveBytes });
  const undo: (() => Promise<void> | void)[] = [() => store.close()];
  try {
    const key = await loadOrCreateNodeKey(directory);
    const pin = new CoordinatorPin(directory);
    await pin.load();
    await writeCoordinatorUrl(directory, options.coordinator);
    const metrics = new Metrics();
    store.onDamaged = () => metrics.add('damaged_shards_total');
    store.folder.onChange = (isThere) => log(isThere ? 'folder_back' : 'folder_gone');
    metrics.add('damaged_shards_total', store.reconciliation.removed);
    log('opened', { shards: store.shards, ...store.reconciliation });
    const unexpected = (thrown: unknown): void => {
      log('unexpected', describeError(thrown));
      if (thrown instanceof Error && 'errcode' in thrown && DAMAGED_INDEX.has(thrown.errcode as number)) onFatal(thrown);
    };

    const { version } = manifest;
    const client = new CoordinatorClient(options.coordinator, key, pin, clock);
    const gate = new OrderGate(key.nodeId, store, clock, () => pin.key);
    const inventory = new InventoryClock({ nodeId: key.nodeId, clock, log, metrics, compare: (signal) => compareInventory({ client, clock, gate, store, metrics }, signal) });
    let publicUrl = '';
    const membership = new Membership({
      client,
      key,
      pin,
      clock,
      log,
      metrics,
      heartbeatMs: options.heartbeatMs,
      registration: async () => ({
        url: publicUrl,
        operator: options.operator,
        capacityBytes,
        freeBytes: (await store.measure()).freeBytes,
        version,
        viewHash: encodeB64(hash('sha256', key.viewToken, 'buffer')),
        ...(options.region === undefined ? {} : { region: options.region }),
      }),
      heartbeat: async () => {
        const { freeBytes, usedBytes } = await store.measure();
        return { freeBytes, usedBytes, version };
      },
      onEpochs: (epochMs) => inventory.setEpoch(epochMs),
    });
    const rebuilds = new RebuildQueue({ clock, metrics, log, silenceMs: options.rebuildSilenceMs, report: (transferId, report) => membership.report(transferId, report) });
    const gauges = (): Gauge[] => [
      { name: 'shards', help: 'Shards held.', value: store.shards },
      { name: 'used_bytes', help: 'Bytes of shard files.', value: store.capacity.usedBytes },
      { name: 'free_bytes', help: 'Bytes that may still be stored.', value: store.capacity.freeBytes },
      { name: 'capacity_bytes', help: 'The limit of the operator.', value: capacityBytes },
      { name: 'connections', help: 'Open store sockets and fetch streams.', value: api.stores, label: ['kind', 'store'] },
      { name: 'connections', help: 'Open store sockets and fetch streams.', value: api.fetches, label: ['kind', 'fetch'] },
      { name: 'rebuilds_open', help: 'Rebuild jobs that wait or run.', value: rebuilds.open },
      { name: 'next_expiry_seconds', help: 'When the next shard expires, in seconds since 1970; 0 for never.', value: (store.index.nextExpiryMs() ?? 0) / 1000 },
    ];
    const audits = new AuditRecord(directory, unexpected);
    undo.push(() => audits.close());
    const onAudited = (audit: AnsweredAudit): void => {
      log('audited', { epoch: audit.epoch, proved: audit.proved, absent: audit.absent });
      audits.note(audit);
    };
    const context = { key, version, store, gate, clock, metrics, rebuilds, gauges, onAudited, unexpected };
    const api: Api = await Api.listen({ host: options.host, port: options.port, tls: options.tls, log }, context);
    undo.push(() => api.close());

    const expiry = new ExpiryClock(store, clock, metrics, log);
    expiry.start();
    undo.push(() => expiry.stop());
    const url = `${options.tls === undefined ? 'http' : 'https'}://${hostOf(options.host)}:${api.port}`;
    publicUrl = options.publicUrl ?? url;
    membership.start();
    undo.push(() => inventory.stop());
    undo.push(() => membership.stop());
    undo.push(() => rebuilds.stop());

    let closing: Promise<void> | null = null;
    const close = (): Promise<void> => (closing ??= closeAll(undo));
    return { url, publicUrl, port: api.port, nodeId: encodeB64(key.nodeId), close };
  } catch (thrown) {
    await closeAll(undo);
    throw thrown;
  }
}

async function closeAll(undo: readonly (() => Promise<void> | void)[]): Promise<void> {
  for (const step of undo.toReversed()) await step();
}

function hostOf(host: string | undefined): string {
  if (host === undefined || host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

async function makeFolder(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new ConfigError(`${directory} cannot be made. Is the path right, and may this user write there?`, { cause });
  }
}
