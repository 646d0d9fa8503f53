/** Ports on this machine. */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';

export const LOOPBACK = '127.0.0.1';

/** @param port - 0 for any. @returns the port, or null when it is taken. */
export async function probePort(port: number): Promise<number | null> {
  const server = createServer();
  try {
    server.listen({ host: LOOPBACK, port, exclusive: true });
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : null;
  } catch {
    return null; // taken, or not allowed: either way not this one
  } finally {
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
  }
}

/**
 * A node keeps its port from start to start while it is free, so that its address stays what the coordinator knows.
 *
 * @param folder - the node's; exists.
 * @param taken - ports given to others; gains the result.
 */
export async function choosePort(folder: string, preferred: number, taken: Set<number>): Promise<number> {
  const file = path.join(folder, 'network-port');
  const remembered = Number(await readFile(file, 'utf8').catch(() => ''));
  for (const candidate of [remembered, preferred]) {
    if (candidate > 0 && candidate < 65_536 && !taken.has(candidate) && (await probePort(candidate)) !== null) return remember(candidate);
  }
  for (;;) {
    const free = await probePort(0);
    if (free === null) throw new Error('no port is free on this machine');
    if (!taken.has(free)) return remember(free);
  }

  async function remember(port: number): Promise<number> {
    taken.add(port);
    if (port !== remembered) await writeFile(file, `${port}\n`);
    return port;
  }
}
