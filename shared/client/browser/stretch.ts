/** Stretching a password beside the page: the page stays alive, and the 64 MiB go with the worker. */
import type { PasswordKey } from '../../crypto/index.ts';
import { SendError } from '../../protocol/errors.ts';
import { fromPlainError, type FromWorker, type ToWorker } from './worker-messages.ts';

/**
 * @param workerUrl - of the built transfer.worker.ts; as a TrustedScriptURL where the page enforces Trusted Types.
 * @param onProgress - told a fraction of 1.
 */
export function stretchInWorker(password: string, salt: Uint8Array, workerUrl: string, onProgress: (fraction: number) => void): Promise<PasswordKey> {
  const worker = new Worker(workerUrl, { type: 'module' });
  return new Promise<PasswordKey>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === 'stretching') onProgress(data.fraction);
      if (data.type === 'stretched') resolve(data.key);
      if (data.type === 'failed') reject(fromPlainError(data.error));
    };
    worker.onerror = () => reject(new SendError('internal', 'the worker could not start'));
    worker.postMessage({ type: 'stretch', password, salt } satisfies ToWorker);
  }).finally(() => worker.terminate());
}
