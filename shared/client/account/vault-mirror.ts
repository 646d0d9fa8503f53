/**
 * The vault as this machine and the coordinator last agreed on it: each entry's box, the revision, and so the digest. It is
 * what the next changes are measured from, and what no coordinator can go back behind. docs/protocol.md §14.
 */
import { OpenError, openVaultHead, vaultDigest, type BoxKey } from '../../crypto/index.ts';
import { ByteReader, ByteWriter, decodeB64, encodeB64, equalBytes } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import { HIDDEN_NAME_BYTES, MAX_VAULT_BOX_BYTES, MAX_VAULT_ENTRIES } from '../../protocol/limits.ts';
import type { VaultChange } from '../../protocol/account.ts';

export class VaultMirror {
  readonly revision: number;
  /** By hidden name, b64. */
  readonly boxes: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

  private constructor(revision: number, boxes: ReadonlyMap<string, Uint8Array<ArrayBuffer>>) {
    this.revision = revision;
    this.boxes = boxes;
  }

  static readonly empty = new VaultMirror(0, new Map());

  /** After these changes were made, in this order. */
  after(revision: number, changes: Iterable<VaultChange>): VaultMirror {
    const boxes = new Map(this.boxes);
    for (const { name, box } of changes) {
      if (box === null) boxes.delete(name);
      else boxes.set(name, decodeB64(box));
    }
    return new VaultMirror(revision, boxes);
  }

  /** @returns 32 bytes. */
  digest(): Uint8Array {
    const entries = [...this.boxes].map(([name, box]) => ({ hiddenName: decodeB64(name, HIDDEN_NAME_BYTES), box }));
    return vaultDigest(
      this.revision,
      entries.toSorted((a, b) => compareBytes(a.hiddenName, b.hiddenName)),
    );
  }

  /** @throws SendError `vault_damaged` where the head is of other entries or of another revision than these. */
  async check(vaultKey: BoxKey, head: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      const sealed = await openVaultHead(vaultKey, head);
      if (sealed.revision === this.revision && equalBytes(sealed.digest, this.digest())) return;
    } catch (thrown) {
      if (!(thrown instanceof OpenError)) throw thrown;
    }
    throw new SendError('vault_damaged', 'the head is not that of these entries');
  }

  /** `u8 1 ‖ u64 revision ‖ u32 count ‖ (hidden name ‖ u32 bytes ‖ box) …`. */
  encode(): Uint8Array<ArrayBuffer> {
    const boxBytes = [...this.boxes.values()].reduce((sum, box) => sum + box.length, 0);
    const writer = new ByteWriter(1 + 8 + 4 + this.boxes.size * (HIDDEN_NAME_BYTES + 4) + boxBytes).u8(1).u64(this.revision).u32(this.boxes.size);
    for (const [name, box] of this.boxes) writer.put(decodeB64(name, HIDDEN_NAME_BYTES)).u32(box.length).put(box);
    return writer.done();
  }

  /** @throws SendError `record_unreadable`. */
  static decode(bytes: Uint8Array): VaultMirror {
    const reader = new ByteReader(bytes, 'record_unreadable');
    if (reader.u8() !== 1) throw new SendError('record_unreadable', 'the mirror is of another version');
    const revision = reader.u64();
    const count = reader.u32();
    if (count > MAX_VAULT_ENTRIES) throw new SendError('record_unreadable', 'the mirror has too many entries');
    const boxes = new Map<string, Uint8Array<ArrayBuffer>>();
    for (let i = 0; i < count; i++) {
      const name = encodeB64(reader.bytes(HIDDEN_NAME_BYTES));
      const length = reader.u32();
      if (length > MAX_VAULT_BOX_BYTES) throw new SendError('record_unreadable', 'a box of the mirror is too large');
      boxes.set(name, Uint8Array.from(reader.bytes(length)));
    }
    reader.end();
    return new VaultMirror(revision, boxes);
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}
