/** The coordinator dies at every call that a transfer makes, before it is made or after it was heard: nothing is lost, and nothing is left over. */
import { env } from 'cloudflare:workers';
import { runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { NodeObject } from '../objects/node.ts';
import { TransferObject } from '../objects/transfer.ts';
import { WatchObject } from '../objects/watch.ts';
import { addNode, startNetwork, TestTransfer } from '../testing/test-network.ts';
import type { TestNode } from '../testing/test-node.ts';
import { Repairs } from '../testing/test-repairs.ts';
import { Outbox } from './outbox.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

type When = 'before' | 'after';
type Calls<Name extends string> = { [Key in Name]: (...args: never[]) => Promise<unknown> };

/**
 * An end at the n-th call from now on; calls are those to nodes, to their objects and to the watch. An object can be
 * killed only from within: where another one is called, it dies when it notes the outcome.
 */
class Crash {
  #left = Infinity;
  #when: When = 'before';
  #object: { ctx: DurableObjectState } | undefined;
  #isDying = false;
  happened = false;

  constructor(nodes: readonly TestNode[]) {
    const remember = (object: unknown): void => void (this.#object = object as { ctx: DurableObjectState });
    this.#around(TransferObject.prototype, 'alarm', async (alarm, object) => {
      remember(object);
      await alarm();
    });
    for (const node of nodes) {
      const answer = node.answer.bind(node);
      node.answer = async (request) => (request.url.includes('/v1/health') ? await answer(request) : await this.#pass(() => answer(request), true));
    }
    for (const name of ['hold', 'letGo'] as const) this.#around(NodeObject.prototype, name, (call) => this.#pass(call, false));
    for (const name of ['note', 'forget'] as const) this.#around(WatchObject.prototype, name, (call) => this.#pass(call, false));
    for (const name of ['told', 'failed'] as const) {
      const original = Outbox.prototype[name] as (...args: unknown[]) => void;
      const dieFirst = (): void => this.#dieIfDying();
      Outbox.prototype[name] = function (this: Outbox, ...args: unknown[]) {
        dieFirst();
        original.apply(this, args);
      };
      restorations.push(() => void (Outbox.prototype[name] = original));
    }
  }

  arm(calls: number, when: When): void {
    [this.#left, this.#when, this.happened] = [calls, when, false];
  }

  #around<Name extends string>(prototype: Calls<Name>, name: Name, passing: (call: () => Promise<unknown>, object: unknown) => Promise<unknown>): void {
    const original = prototype[name];
    prototype[name] = function (this: unknown, ...args: never[]) {
      return passing(() => original.apply(this, args), this);
    };
    restorations.push(() => void (prototype[name] = original));
  }

  async #pass<T>(call: () => Promise<T>, isWithin: boolean): Promise<T> {
    if (this.#left-- !== 0) return await call();
    this.happened = this.#isDying = true;
    if (this.#when === 'before') {
      if (isWithin) this.#dieIfDying();
      throw new Error('killed');
    }
    const outcome = await call();
    if (isWithin) this.#dieIfDying();
    return outcome;
  }

  #dieIfDying(): void {
    if (!this.#isDying) return;
    this.#isDying = false;
    this.#object!.ctx.abort('killed by the test');
    throw new Error('killed');
  }
}
const restorations: (() => void)[] = [];
afterEach(() => {
  for (const restore of restorations.splice(0)) restore();
});

interface Scene {
  readonly repairs: Repairs;
  readonly crash: Crash;
  readonly fresh: TestNode;
}
/** Four nodes: 2 of 4, of which 3 are safe; and one that comes later. */
async function sent(): Promise<Scene> {
  for (const restore of restorations.splice(0)) restore();
  vi.restoreAllMocks();
  const nodes = await startNetwork(4);
  const transfer = await new TestTransfer().send({ contentBytes: 3 * 2 ** 20 });
  const fresh = await addNode();
  const repairs = new Repairs(transfer, nodes);
  return { repairs, crash: new Crash(repairs.nodes), fresh };
}

/** Does what is due, and whatever the crash cut off: the object is touched, time passes, jobs are reported once more. */
async function recover({ repairs }: Scene): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await repairs.transfer.status().catch(() => null);
    try {
      await repairs.mend();
    } catch (thrown) {
      if (!/killed|abort/i.test(String(thrown))) throw thrown;
    }
    await repairs.wait(3 * 60_000);
  }
}

const holdings = async ({ repairs }: Scene): Promise<(number | null)[]> =>
  Promise.all(
    repairs.nodes.map((node) =>
      runInDurableObject(env.NODES.get(env.NODES.idFromName(node.nodeId)), (_, state) => {
        const [row] = state.storage.sql.exec<{ shards: number }>('SELECT shards FROM holdings WHERE transferId = ?', repairs.transfer.id).toArray();
        return row?.shards ?? null;
      }),
    ),
  );
/** What each node is to hold according to the transfer. */
async function expectEverybodyKnows(scene: Scene): Promise<void> {
  const seats = await scene.repairs.rows<{ nodeId: string; shards: number }>('seats');
  expect(await holdings(scene)).toEqual(scene.repairs.nodes.map(({ nodeId }) => seats.find((seat) => seat.nodeId === nodeId)?.shards ?? null));
  expect((await scene.repairs.rows<{ dueAtMs: number | null }>('outbox')).every(({ dueAtMs }) => dueAtMs === null)).toBe(true);
}

/** Runs `during` with a crash at its first call, its second, and so on, until it has no more calls. */
async function atEveryCall(when: When, prepare: (scene: Scene) => Promise<void>, during: (scene: Scene) => Promise<void>, after: (scene: Scene) => Promise<void>): Promise<void> {
  for (let calls = 0; ; calls++) {
    const scene = await sent();
    await prepare(scene);
    scene.crash.arm(calls, when);
    await during(scene);
    await recover(scene);
    await after(scene);
    if (!scene.crash.happened) {
      expect(calls).toBeGreaterThan(2);
      return;
    }
  }
}

const leave = async ({ repairs }: Scene): Promise<void> =>
  await repairs.transfer.stub.seatNews(repairs.transfer.nodeAt(0).nodeId, { standing: 'leaving', owedSinceEpoch: null, generation: 99 });
const noPreparation = async (): Promise<void> => {};

describe.each(['before', 'after'] as const)('killed %s a call', (when) => {
  it('of hardening, a transfer ends up with every seat filled and known', { timeout: 240_000 }, async () => {
    await atEveryCall(when, noPreparation, noPreparation, async (scene) => {
      expect((await scene.repairs.transfer.status()).survives).toBe(2);
      await expectEverybodyKnows(scene);
      expect((await scene.repairs.watch.census()).byMargin).toEqual([{ margin: 2, transfers: 1, shards: 8 }]);
    });
  });
  it('of a repair, the seat has moved, and who had it has deleted', { timeout: 240_000 }, async () => {
    await atEveryCall(when, recover, leave, async (scene) => {
      const { repairs } = scene;
      expect((await repairs.rows<{ nodeId: string }>('seats'))[0]!.nodeId).toBe(scene.fresh.nodeId);
      expect((await repairs.transfer.status()).survives).toBe(2);
      expect(await repairs.rows('formers')).toEqual([]);
      expect(repairs.transfer.nodeAt(0).deletions.length).toBeGreaterThan(0);
      await expectEverybodyKnows(scene);
      expect((await repairs.watch.census()).repairs, 'whatever became of the job').toMatchObject({ shards: 2 });
    });
  });
  it('of its end, nobody holds or watches it any more', { timeout: 240_000 }, async () => {
    await atEveryCall(
      when,
      recover,
      async ({ repairs }) => void (await repairs.transfer.asOwner('DELETE', '')),
      async (scene) => {
        const { repairs } = scene;
        expect(await holdings(scene)).toEqual([null, null, null, null, null]);
        expect(await repairs.rows('outbox')).toEqual([]);
        expect((await repairs.rows<{ statement: string | null }>('deletions')).map(({ statement }) => statement === null)).toEqual([false, false, false, false]);
        expect((await repairs.watch.census()).live).toBe(0);
      },
    );
  });
});
