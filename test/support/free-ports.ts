/** Ports for the programs of one test file. */
import { probePort } from '../../cli/network/ports.ts';

/** Test files that run at the same time keep to ports of their own. */
const PORTS_A_WORKER = 500;
/** Below the range from which systems give ports to outgoing connections: nobody takes one between a look and its use, and a killed program gets its own back. */
const FIRST_PORT = 20_000 + PORTS_A_WORKER * (Number(process.env['VITEST_POOL_ID'] ?? 1) % 2);
const LAST_PORT = FIRST_PORT + PORTS_A_WORKER - 1;

/** @returns the first of `count` ports in a row that nobody listens on. */
export async function freePorts(count: number): Promise<number> {
  const span = LAST_PORT - FIRST_PORT - count;
  for (let tries = 0; tries < 100; tries++) {
    const first = FIRST_PORT + Math.floor(Math.random() * span);
    const probes = await Promise.all(Array.from({ length: count }, (_, i) => probePort(first + i)));
    if (probes.every((port) => port !== null)) return first;
  }
  throw new Error('no row of free ports');
}
