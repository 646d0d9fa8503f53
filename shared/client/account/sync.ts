/**
 * Keeps this machine's records and the account's vault the same: reads what came, merges, writes what is new here, and does
 * so again where another machine was quicker. A crash anywhere leaves nothing to mend: what was done is done again, and
 * changes nothing then. docs/protocol.md §14.
 */
import { OpenError, openVaultEntry, sealVaultEntry, sealVaultHead, type VaultEntry } from '../../crypto/index.ts';
import type { VaultChange } from '../../protocol/account.ts';
import { decodeB64, encodeB64, equalBytes } from '../../protocol/bytes.ts';
import { SendError } from '../../protocol/errors.ts';
import { HIDDEN_NAME_BYTES, MAX_ENTRIES_PER_VAULT_WRITE, VAULT_PAGE_BYTES } from '../../protocol/limits.ts';
import type { CallOptions } from '../coordinator-call.ts';
import { SENDS_FOLDER, VaultSendStore } from '../sends/send-store.ts';
import type { Vault } from '../sends/vault.ts';
import type { AccountApi } from './account-api.ts';
import type { Identity } from './identity.ts';
import { mergeEntry, sharedText } from './merge-entry.ts';
import { VaultMirror } from './vault-mirror.ts';

/** Each time another machine was quicker, which it can be only so often. */
const MOST_ROUNDS = 20;

export interface SyncParts {
  readonly vault: Vault;
  readonly identity: Identity;
  readonly api: AccountApi;
}

export interface SyncOutcome {
  /** Entries that were changed here, and those that were written to the vault at last. */
  readonly received: number;
  readonly sent: number;
}

/** @throws SendError `vault_damaged` or `vault_replayed`, before anything here is changed; `vault_full`; and whatever a call may meet. */
export async function syncVault(parts: SyncParts, options?: CallOptions): Promise<SyncOutcome> {
  let received = 0;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = await loadMirror(parts);
    const now = await pull(parts, before, options);
    received += await takeOver(parts, before, now);
    if (now !== before) await saveMirror(parts, now);
    const changes = await changesSince(parts, now);
    try {
      await push(parts, now, changes, options);
      return { received, sent: changes.length };
    } catch (thrown) {
      if (!(thrown instanceof SendError && thrown.code === 'vault_moved')) throw thrown;
    }
  }
  throw new SendError('vault_moved', 'other machines were always quicker');
}

const mirrorName = ({ identity }: Pick<SyncParts, 'identity'>): string => `mirrors/${identity.accountId}`;

/** Forgets how the vault last stood: the next time it is taken as it is, as by a machine that has nothing but the words. */
export const forgetMirror = (parts: Pick<SyncParts, 'vault' | 'identity'>): Promise<void> => parts.vault.remove(mirrorName(parts));

async function loadMirror(parts: SyncParts): Promise<VaultMirror> {
  const bytes = await parts.vault.read(mirrorName(parts));
  return bytes === null ? VaultMirror.empty : VaultMirror.decode(bytes);
}

const saveMirror = (parts: SyncParts, mirror: VaultMirror): Promise<void> => parts.vault.write(mirrorName(parts), mirror.encode());

/** @returns the vault as it stands, checked; `mirror` itself where nothing came. */
async function pull({ identity, api }: SyncParts, mirror: VaultMirror, options: CallOptions | undefined): Promise<VaultMirror> {
  const changes: VaultChange[] = [];
  let cursor: { since: number; after: string | null } = { since: mirror.revision, after: null };
  for (;;) {
    const page = await api.readVault(cursor, options);
    if (page.revision < mirror.revision) throw new SendError('vault_replayed', 'the vault went back');
    changes.push(...page.entries);
    const last = page.entries.at(-1);
    if (page.more && last !== undefined) {
      cursor = { since: last.revision, after: last.name };
      continue;
    }
    if (page.head === null) {
      if (page.revision > 0 || changes.length > 0) throw new SendError('vault_damaged', 'a vault without a head');
      return mirror;
    }
    const now = mirror.after(page.revision, changes);
    await now.check(identity.vaultKey, decodeB64(page.head)).catch((thrown: unknown) => {
      // The revision that this machine knows, with other entries: something older under the same number, or nothing of ours.
      if (page.revision === mirror.revision && thrown instanceof SendError) throw new SendError('vault_replayed', 'the vault is another one at the same revision');
      throw thrown;
    });
    return page.revision === mirror.revision ? mirror : now;
  }
}

/** Brings here what the vault has new. @returns how many entries changed here. */
async function takeOver(parts: SyncParts, before: VaultMirror, now: VaultMirror): Promise<number> {
  if (now === before) return 0;
  const names = new Set([...before.boxes.keys(), ...now.boxes.keys()]);
  const changed = [...names].filter((name) => !isSame(before.boxes.get(name), now.boxes.get(name)));
  const took = await Promise.all(
    changed.map(async (hidden) => {
      const [base, theirs] = await Promise.all([openIn(parts, before, hidden), openIn(parts, now, hidden)]);
      return takeEntry(parts.vault, (theirs ?? base)!.name, base?.text ?? null, theirs?.text ?? null);
    }),
  );
  return took.filter(Boolean).length;
}

async function takeEntry(vault: Vault, name: string, base: Uint8Array<ArrayBuffer> | null, theirs: Uint8Array<ArrayBuffer> | null): Promise<boolean> {
  let isRemoved = false;
  let isChanged = false;
  if (theirs !== null && (await isDamaged(vault, name))) {
    await vault.write(name, theirs);
    return true;
  }
  await vault.change(name, (mine) => {
    const merged = mergeEntry(base, mine, theirs);
    isRemoved = merged === null && mine !== null;
    isChanged = merged !== null && !(mine !== null && equalBytes(mine, merged));
    return isChanged ? merged : null;
  });
  if (isRemoved) await new VaultSendStore(vault).remove(name.slice(SENDS_FOLDER.length));
  return isChanged || isRemoved;
}

/** What this machine has that the vault has not, sealed. */
async function changesSince(parts: SyncParts, mirror: VaultMirror): Promise<VaultChange[]> {
  const { vault, identity } = parts;
  const known = new Map<string, VaultEntry>();
  await Promise.all([...mirror.boxes.keys()].map(async (hidden) => known.set(hidden, (await openIn(parts, mirror, hidden))!)));
  const here = new Set<string>();
  const changes: VaultChange[] = [];
  await Promise.all(
    (await vault.names(SENDS_FOLDER)).map(async (name) => {
      const hiddenName = identity.hide(name);
      const hidden = encodeB64(hiddenName);
      here.add(hidden);
      const text = await vault.read(name).catch(nullIfUnreadable);
      if (text === null) return; // gone since, of which the next time says; or damaged here, and what the vault has stays
      const shared = sharedText(text);
      const before = known.get(hidden)?.text;
      if (before && equalBytes(sharedText(before), shared)) return;
      changes.push({ name: hidden, box: encodeB64(await sealVaultEntry(identity.vaultKey, hiddenName, { name, text: shared })) });
    }),
  );
  for (const hidden of known.keys()) if (!here.has(hidden)) changes.push({ name: hidden, box: null });
  return changes;
}

/** In writes that each are whole: a vault between two of them is one that any machine may build on. */
async function push(parts: SyncParts, mirror: VaultMirror, changes: readonly VaultChange[], options: CallOptions | undefined): Promise<void> {
  const { identity, api } = parts;
  let now = mirror;
  for (const entries of batchesOf(changes)) {
    const next = now.after(now.revision + 1, entries);
    const head = await sealVaultHead(identity.vaultKey, { revision: next.revision, digest: next.digest() });
    await api.writeVault({ base: now.revision, entries, head: encodeB64(head) }, options);
    now = next;
    await saveMirror(parts, now);
  }
}

function* batchesOf(changes: readonly VaultChange[]): Generator<VaultChange[]> {
  let batch: VaultChange[] = [];
  let characters = 0;
  for (const change of changes) {
    const more = change.box?.length ?? 0;
    if (batch.length === MAX_ENTRIES_PER_VAULT_WRITE || (batch.length > 0 && characters + more > VAULT_PAGE_BYTES)) {
      yield batch;
      [batch, characters] = [[], 0];
    }
    batch.push(change);
    characters += more;
  }
  if (batch.length > 0) yield batch;
}

/** @returns null where it has none. @throws SendError `vault_damaged`. */
async function openIn({ identity }: SyncParts, mirror: VaultMirror, hidden: string): Promise<VaultEntry | null> {
  const box = mirror.boxes.get(hidden);
  if (box === undefined) return null;
  try {
    const entry = await openVaultEntry(identity.vaultKey, decodeB64(hidden, HIDDEN_NAME_BYTES), box);
    if (encodeB64(identity.hide(entry.name)) === hidden && entry.name.startsWith(SENDS_FOLDER)) return entry;
  } catch (thrown) {
    if (!(thrown instanceof OpenError)) throw thrown;
  }
  throw new SendError('vault_damaged', 'an entry is not what its name says');
}

/** Whether this machine has the entry and cannot open it. */
async function isDamaged(vault: Vault, name: string): Promise<boolean> {
  const [there] = await vault.names(name);
  return there === name && (await vault.read(name).catch(nullIfUnreadable)) === null;
}

function nullIfUnreadable(thrown: unknown): null {
  if (thrown instanceof SendError && thrown.code === 'record_unreadable') return null;
  throw thrown;
}

const isSame = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean => (a === undefined || b === undefined ? a === b : equalBytes(a, b));
