/** Certificates from files, read again when they change: renewing one must not stop a node. */
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import { ConfigError } from '../config-error.ts';
import { describeError, type Log } from '../log.ts';

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

const WATCH_MS = 5000;

/** @throws ConfigError when a file is missing, or the two do not belong together. */
export async function readCertificate({ certFile, keyFile }: TlsFiles): Promise<Certificate> {
  try {
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (cause) {
    throw new ConfigError(`--tls-cert ${certFile} and --tls-key ${keyFile} are not a readable certificate and its key`, { cause });
  }
}

/** Also on SIGHUP. A pair that does not fit, as between two renames, leaves the old one in use. @returns a function that ends it. */
export function keepCertificateFresh(server: Server, files: TlsFiles, log: Log): () => void {
  const reload = async (): Promise<void> => {
    try {
      server.setSecureContext(await readCertificate(files));
      log('certificate_loaded');
    } catch (thrown) {
      log('certificate_refused', describeError(thrown));
    }
  };
  for (const file of [files.certFile, files.keyFile]) watchFile(file, { interval: WATCH_MS, persistent: false }, reload);
  process.on('SIGHUP', reload);
  return () => {
    for (const file of [files.certFile, files.keyFile]) unwatchFile(file, reload);
    process.off('SIGHUP', reload);
  };
}
