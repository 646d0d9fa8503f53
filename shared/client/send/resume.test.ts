/** Sends that are killed between any two steps, against the simple word on them: what was sent arrives, or the file changed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateEntryKey } from '../../crypto/index.ts';
import { shardRoot } from '../../merkle/index.ts';
import { KEY_BYTES, asContentSecret, asShardId, asTransferId, decodeB64, equalBytes } from '../../protocol/bytes.ts';
import { TransferLayout, contentBytesOf } from '../../protocol/layout.ts';
import { SendError } from '../../protocol/errors.ts';
import { SegmentsDigest } from '../../protocol/manifest.ts';
import { TransferApi } from '../coordinator-api.ts';
import type { SourceFile } from '../deps.ts';
import { readManifest } from '../receive/open-transfer.ts';
import { MemoryBoxes, Vault, VaultJournal } from '../sends/index.ts';
import { Life, MemoryNetwork } from '../testing/memory-network.ts';
import type { CreatedTransfer, SendResult } from '../types.ts';
import { checkSameContent } from './check-unchanged.ts';
import { resumeTransfer, sendTransfer } from './send.ts';

const COORDINATOR = 'https://coordinator.test';
const NODES = 4;
const MODIFIED_MS = 1_790_000_000_000;
const HOUR_MS = 3600_000;
/** Three segments of two shards. */
const content = new Uint8Array(4_300_000).map((_, i) => (i * 31 + (i >> 8)) & 0xff);

const fileOf = (bytes: Uint8Array<ArrayBuffer>, modifiedMs = MODIFIED_MS): SourceFile => ({
  path: 'file.bin',
  bytes: bytes.length,
  type: '',
  modifiedMs,
  open: (at) => new Blob([bytes.subarray(at)]).stream(),
});
const file = fileOf(content);

/** What the machine keeps, which outlives its processes; and the transfer that they send. */
class Machine {
  network = new MemoryNetwork(NODES);
  created: CreatedTransfer | null = null;
  readonly #boxes: MemoryBoxes;

  private constructor(boxes: MemoryBoxes) {
    this.#boxes = boxes;
  }
  static async start(): Promise<Machine> {
    return new Machine(new MemoryBoxes(await generateEntryKey()));
  }

  journal(life: Life, transferId = this.created!.transferId): VaultJournal {
    const boxes = this.#boxes;
    return new VaultJournal(
      new Vault({
        key: () => boxes.key(),
        names: (prefix) => boxes.names(prefix),
        read: (name) => boxes.read(name),
        write: (name, box, before) => keep(life, () => boxes.write(name, box, before)),
        remove: (name) => keep(life, () => boxes.remove(name)),
      }),
      transferId,
    );
  }

  /** Goes on where something is kept, and else sends. Null: it was killed on the way. */
  async run(life: Life, files: () => Promise<SourceFile[]> = async () => [file]): Promise<SendResult | null> {
    const known = this.created && (await this.journal(new Life(Infinity)).load());
    const ended = life.died.then(() => null);
    if (this.created && known) {
      return Promise.race([resumeTransfer({ files, coordinator: COORDINATOR, created: this.created, journal: this.journal(life) }, this.network.depsOf(life)), ended]);
    }
    // Nobody can have used a link whose transfer never came to be kept.
    if (this.created === null && this.network.state !== 'none') this.network = new MemoryNetwork(NODES);
    else if (this.network.state === 'ready') return null;
    const sending = sendTransfer(
      {
        files: [file],
        options: { coordinator: COORDINATOR, expiresInSeconds: 3600, downloadLimit: null },
        journal: (transferId) => this.journal(life, transferId),
        onLink: (created) => life.wait(() => void (this.created = created)),
      },
      this.network.depsOf(life),
    );
    return Promise.race([sending, ended]);
  }
}

const keep = async <T>(life: Life, effect: () => Promise<T>): Promise<T> => (await life.wait(() => [effect()] as const))[0];

async function expectWhole({ network, created }: Machine): Promise<void> {
  const { requiredShards, totalShards, safeShards } = network.redundancy;
  const layout = new TransferLayout(contentBytesOf(content.length), requiredShards);
  const segments = Array.from({ length: layout.segmentCount }, (_, index) => {
    const { entry, stored } = network.entries.get(index)!;
    expect(stored.size).toBeGreaterThanOrEqual(safeShards);
    const roots = decodeB64(entry.roots);
    return { index, salt: decodeB64(entry.salt), roots: Array.from({ length: totalShards }, (_, i) => asShardId(roots.slice(KEY_BYTES * i, KEY_BYTES * (i + 1)))), stored };
  });
  const secret = asContentSecret(decodeB64(created!.contentSecret));
  await checkSameContent(segments, { files: [file], secret, layout, totalShards, signal: new AbortController().signal, onProgress: () => undefined });
  for (const { index, roots, stored } of segments) {
    for (const shardIndex of stored) expect(equalBytes(await shardRoot(network.nodes[shardIndex]!.get(index)!.bytes), roots[shardIndex]!)).toBe(true);
  }
  const transferId = asTransferId(decodeB64(created!.transferId));
  const digest = new SegmentsDigest(transferId, layout.segmentCount);
  for (const segment of segments) digest.add(segment);
  const api = new TransferApi(COORDINATOR, transferId, { role: 'owner', token: decodeB64(created!.ownerToken) }, network.depsOf(new Life(Infinity)));
  expect((await readManifest({ api, contentSecret: secret }, null, {})).segmentsDigest).toEqual(digest.digest());
}

/** The machine's file is another one for a while. */
async function expectRefused(machine: Machine, change: 'time' | 'byte'): Promise<void> {
  const { network } = machine;
  const known = machine.created && (await machine.journal(new Life(Infinity)).load());
  if (!known || network.state !== 'uploading') return;
  const [named] = known.segments;
  if (change === 'byte' && !named) return;
  const at = named ? new TransferLayout(contentBytesOf(content.length), network.redundancy.requiredShards).segment(named.index).textOffset : 0;
  const changed = change === 'time' ? fileOf(content, MODIFIED_MS + 1) : fileOf(content.with(at, content[at]! ^ 1));
  const before = [network.socketsOpened, network.receivedBytes];
  await expect(machine.run(new Life(Infinity), async () => [changed])).rejects.toMatchObject({ code: 'file_changed' });
  expect([network.socketsOpened, network.receivedBytes], 'refused before a byte leaves').toEqual(before);
}

const kill = fc.record({
  steps: fc.integer({ min: 1, max: 34 }),
  isAfter: fc.boolean(),
  afterwards: fc.constantFrom('nothing' as const, 'time' as const, 'byte' as const, 'expiry' as const),
});

describe('a send that is killed between any two steps', () => {
  it('arrives whole under the names that it began with, sends at most a segment again for each kill, and refuses a file that changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(kill, { minLength: 1, maxLength: 5 }), async (kills) => {
        const machine = await Machine.start();
        let result: SendResult | null = null;
        let killed = 0;
        for (const { steps, isAfter, afterwards } of kills) {
          result = await machine.run(new Life(steps, isAfter));
          if (result) break;
          killed++;
          if (afterwards === 'expiry') machine.network.expiresAtMs += HOUR_MS;
          else if (afterwards !== 'nothing') await expectRefused(machine, afterwards);
        }
        // Killed while the journal was being removed, it had finished.
        result ??= await machine.run(new Life(Infinity));
        const { network } = machine;
        expect(network.state).toBe('ready');
        if (result) expect(result).toMatchObject({ link: machine.created!.link, expiresAtMs: network.expiresAtMs });
        expect(network.contradictions).toEqual([]);
        const { requiredShards, totalShards, safeShards } = network.redundancy;
        const layout = new TransferLayout(contentBytesOf(content.length), requiredShards);
        expect(network.receivedBytes).toBeLessThanOrEqual(safeShards * layout.shardBytesPerNode + killed * totalShards * layout.segment(0).shardBytes);
        expect(await machine.journal(new Life(Infinity)).load()).toBeNull();
        await expectWhole(machine);
      }),
      { numRuns: 12 },
    );
  }, 240_000);

  it('and of which nothing is kept any more says that it cannot go on, and asks nobody', async () => {
    const machine = await Machine.start();
    const life = new Life(Infinity);
    await machine.run(new Life(20));
    const { created, network } = machine;
    await machine.journal(life).remove();
    const asked = network.words.length;
    const resumed = resumeTransfer({ files: async () => [file], coordinator: COORDINATOR, created: created!, journal: machine.journal(life) }, network.depsOf(life));
    await expect(resumed).rejects.toMatchObject({ code: 'upload_gone' });
    expect([network.state, network.words.length]).toEqual(['uploading', asked]);
  });

  it('just after it was complete finds that it is, also when its file is gone by now', async () => {
    const machine = await Machine.start();
    const life = new Life(Infinity);
    machine.network.onReady = () => life.kill();
    expect(await machine.run(life)).toBeNull();
    expect(await machine.journal(new Life(Infinity)).load()).not.toBeNull();
    const opened = machine.network.socketsOpened;
    const gone = async (): Promise<never> => {
      throw new SendError('file_unreadable');
    };
    expect(await machine.run(new Life(Infinity), gone)).toMatchObject({ link: machine.created!.link, bytes: content.length, sentBytes: 0 });
    expect(machine.network.socketsOpened).toBe(opened);
    expect(await machine.journal(new Life(Infinity)).load()).toBeNull();
  });
});
