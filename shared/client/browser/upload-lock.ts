/** Which uploads of this browser are under way: a lock each, which ends with its tab or worker, however that ends. */

const PREFIX = 'shardsend upload ';

/** Takes the lock until this worker ends. @returns false where another tab has it. */
export function uploadLock(transferId: string): Promise<boolean> {
  if (!('locks' in navigator)) return Promise.resolve(true);
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(PREFIX + transferId, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      // Whoever asks for a lock gives it back when this settles: never.
      return lock === null ? undefined : new Promise<void>(() => undefined);
    });
    held.catch(reject);
  });
}

/** Transfers whose upload goes on in some tab. */
export async function runningUploads(): Promise<Set<string>> {
  if (!('locks' in navigator)) return new Set();
  const { held = [] } = await navigator.locks.query();
  return new Set(held.flatMap(({ name }) => (name?.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : [])));
}
