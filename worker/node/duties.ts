/**
 * What a node's object does by its alarm, a bounded piece at a time. Each duty is written down before it is done and
 * struck out after, so that alarms may repeat, come late, or break off anywhere.
 */
import { recordDeclaredLoss } from '../../shared/policy/index.ts';
import type { WorkerEnv } from '../environment.ts';
import { clock } from '../clock.ts';
import { shardFor } from '../network/shards.ts';
import { transferOf } from '../objects/named.ts';
import type { NotedErrand } from './errands.ts';
import type { LossRow } from './losses.ts';
import { judgementOf, type NodeStores } from './stores.ts';

export interface NodeContext {
  readonly env: WorkerEnv;
  /** b64. */
  readonly nodeId: string;
  readonly stores: NodeStores;
  /** Runs a change as one transaction. */
  readonly write: <T>(change: () => T) => T;
}

/** Tells transfers what became of the node, some at a time. */
export async function tellNews({ env, nodeId, stores, write }: NodeContext): Promise<void> {
  const news = stores.news.of(stores.reputation.read());
  const tell = async (transferId: string): Promise<void> => {
    await transferOf(env, transferId).seatNews(nodeId, news);
    write(() => stores.news.told(transferId, news.generation));
  };
  await allDone(stores.news.nextUntold(), tell, (transferId) => write(() => stores.news.failed(transferId)));
}

/** Asks transfers whether what the node does not list was to be there, and tells those where it was; then the node is judged by all of it at once. */
export async function settleLosses({ env, nodeId, stores, write }: NodeContext): Promise<void> {
  if (stores.losses.isEmpty()) return;
  const isCurrent = ({ transferId, heldAtMs }: LossRow): boolean => stores.holdings.find(transferId)?.heldAtMs === heldAtMs;
  const settle = async (loss: LossRow): Promise<void> => {
    const { transferId, heldShards, lostBytes } = loss;
    const { expiresAtMs = 0, shards = 0 } = stores.holdings.find(transferId) ?? {};
    const isLost = isCurrent(loss) && (await transferOf(env, transferId).whereabouts(nodeId)) === 'keep';
    if (isLost) await transferOf(env, transferId).seatLost(nodeId, heldShards);
    write(() => {
      if (isLost) {
        stores.losses.confirm(transferId, Math.ceil(lostBytes * unmetPart(stores, transferId, shards - heldShards)));
        stores.audits.keepAsking(transferId, expiresAtMs);
      } else stores.losses.drop(transferId);
      // What is left of it is held again once the transfer says so.
      if (isCurrent(loss)) stores.letGo(transferId);
    });
  };
  await allDone(stores.losses.unconfirmed(), settle, ({ transferId }) => write(() => stores.losses.failed(transferId)));
  if (stores.losses.unconfirmed().length > 0) return;
  write(() => {
    const { lostBytes, signedBytes } = stores.losses.takeConfirmed();
    if (lostBytes === 0) return;
    const share = lostBytes / (stores.holdings.totals().bytes + signedBytes);
    stores.take(recordDeclaredLoss(stores.reputation.read(), share), clock.nowMs());
  });
}

/** The part of a transfer's lost shards that no audit has met: those that were counted wrong, or that are still asked for, are weighed there. */
function unmetPart({ audits, countedLosses }: NodeStores, transferId: string, lostShards: number): number {
  const asked = audits.owed((each) => each === transferId)?.leaves.map(({ segment }) => segment) ?? [];
  const met = new Set([...countedLosses.segmentsOf(transferId), ...asked]).size;
  return Math.max(0, lostShards - met) / lostShards;
}

/** Runs what waits to be told to directory and transfers. */
export async function runErrands({ env, nodeId, stores, write }: NodeContext): Promise<void> {
  const directory = shardFor(env.DIRECTORY, nodeId);
  const run = async ({ entry, errand }: NotedErrand): Promise<void> => {
    const strikeOut = (): void => write(() => stores.errands.done(entry));
    // Sums must not count twice: one that may have been heard is not said again.
    if (errand.to === 'tally') strikeOut();
    if (errand.to === 'tally') await directory.tally(errand.tally, errand.epoch);
    else if (errand.to === 'judge') await directory.judge(nodeId, judgementOf(stores.reputation.read()));
    else await transferOf(env, errand.transferId).visit(nodeId);
    strikeOut();
  };
  await allDone(stores.errands.next(), run);
}

/** Does all of it at once, also when some fail. @throws what failed first. */
async function allDone<T>(items: readonly T[], work: (item: T) => Promise<void>, onFailure: (item: T) => void = () => undefined): Promise<void> {
  const outcomes = await Promise.allSettled(items.map(work));
  const failures = outcomes.flatMap((outcome, i) => (outcome.status === 'rejected' ? [{ item: items[i]!, reason: outcome.reason as unknown }] : []));
  for (const { item } of failures) onFailure(item);
  if (failures[0]) throw failures[0].reason;
}
