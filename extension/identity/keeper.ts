/**
 * The identity on this machine: sealed under its password in `storage.local`, and, while it is open, in `storage.session`,
 * which is memory that no page of a site reads and that ends with the browser.
 */
import * as v from 'valibot';
import { browser } from 'wxt/browser';
import { lockedIdentitySchema, type LockedIdentity } from '../../shared/client/account/index.ts';
import { asEntropy, type Entropy } from '../../shared/crypto/index.ts';
import { KEY_BYTES, decodeB64, encodeB64 } from '../../shared/protocol/bytes.ts';

/** Without use by its person. */
const LOCKED_AFTER_MINUTES = 15;
export const LOCK_ALARM = 'lock';
export const SYNC_ALARM = 'synchronise';
const SYNC_EVERY_MINUTES = 5;
const LOCKED = 'identity';
const OPEN = 'openIdentity';

const openSchema = v.object({ entropy: v.string(), untilMs: v.number() });

/** @returns null where there is none, or what is kept is not one. */
export async function readLocked(): Promise<LockedIdentity | null> {
  const parsed = v.safeParse(lockedIdentitySchema, (await browser.storage.local.get(LOCKED))[LOCKED]);
  return parsed.success ? parsed.output : null;
}

/** Keeps it, opened. */
export async function keepIdentity(locked: LockedIdentity, entropy: Entropy, nowMs: number): Promise<void> {
  await browser.storage.local.set({ [LOCKED]: locked });
  await openUntilLater(entropy, nowMs);
}

export async function openUntilLater(entropy: Entropy, nowMs: number): Promise<void> {
  await browser.storage.session.set({ [OPEN]: { entropy: encodeB64(entropy), untilMs: nowMs + LOCKED_AFTER_MINUTES * 60_000 } });
  await browser.alarms.create(LOCK_ALARM, { delayInMinutes: LOCKED_AFTER_MINUTES });
  await browser.alarms.create(SYNC_ALARM, { periodInMinutes: SYNC_EVERY_MINUTES });
}

/** @returns null while it is locked, or where there is none. */
export async function readOpen(nowMs: number): Promise<Entropy | null> {
  const parsed = v.safeParse(openSchema, (await browser.storage.session.get(OPEN))[OPEN]);
  if (!parsed.success) return null;
  if (parsed.output.untilMs > nowMs) return asEntropy(decodeB64(parsed.output.entropy, KEY_BYTES));
  await lock();
  return null;
}

/** Somebody is there: it stays open for as long again. */
export async function touch(nowMs: number): Promise<void> {
  const entropy = await readOpen(nowMs);
  if (entropy !== null) await openUntilLater(entropy, nowMs);
}

export async function lock(): Promise<void> {
  await browser.storage.session.remove(OPEN);
  await Promise.all([browser.alarms.clear(LOCK_ALARM), browser.alarms.clear(SYNC_ALARM)]);
}

export async function removeIdentity(): Promise<void> {
  await lock();
  await browser.storage.local.remove(LOCKED);
}
