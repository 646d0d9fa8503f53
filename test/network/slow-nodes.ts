/** Three of 24 nodes are ten times slower than the others, and what that costs a transfer: for the tests beside this. */
import type { ClientDeps } from '../../shared/client/index.ts';
import type { FaultNetwork } from '../support/fault-network.ts';
import { memoryFile, receive, send } from '../support/memory-files.ts';
import { untilHardened } from '../support/network.ts';

const PACE_BYTES_PER_SECOND = 1_500_000;
/** The first that are asked, by senders and by recipients. */
const SLOW_SHARDS: ReadonlySet<number> = new Set([0, 1, 2]);

/** A network with lines whose nodes are as fast as one another, so that two transfers can be compared. */
export class PacedNetwork {
  readonly #network: FaultNetwork;
  readonly #deps: ClientDeps;
  constructor(network: FaultNetwork, deps: ClientDeps) {
    this.#network = network;
    this.#deps = deps;
  }

  /** @returns milliseconds from the first request to the link's being good. */
  async upload(content: Buffer, slow: boolean): Promise<{ ms: number; link: string }> {
    const deps = this.#whenSeated('PUT', /\/api\/transfers\/[\w-]{22}$/, slow);
    const startedAtMs = performance.now();
    const { link } = await send(this.#network.origin, [memoryFile('file.bin', content)], deps);
    const ms = performance.now() - startedAtMs;
    // What follows is the nodes' own work, at their full pace.
    this.#pace(null);
    await untilHardened(link, this.#deps);
    return { ms, link };
  }

  async download(link: string, slow: boolean): Promise<{ ms: number; content: Buffer }> {
    const startedAtMs = performance.now();
    const { files } = await receive(link, this.#whenSeated('POST', /\/claim$/, slow));
    const ms = performance.now() - startedAtMs;
    this.#pace(null);
    return { ms, content: files.get('file.bin')! };
  }

  /** Sets the nodes' paces before the client meets them. */
  #whenSeated(method: string, endOfPath: RegExp, slow: boolean): ClientDeps {
    return {
      ...this.#deps,
      fetch: async (input, init) => {
        const response = await this.#deps.fetch(input, init);
        if (init?.method !== method || !endOfPath.test(input)) return response;
        this.#pace(PACE_BYTES_PER_SECOND);
        const { nodes } = (await response.clone().json()) as { nodes: { shardIndex: number; url: string }[] };
        for (const { shardIndex, url } of nodes) {
          if (!slow || !SLOW_SHARDS.has(shardIndex)) continue;
          const { toTarget, fromTarget } = this.#network.nodeAt(url).line!;
          toTarget.bytesPerSecond = fromTarget.bytesPerSecond = PACE_BYTES_PER_SECOND / 10;
        }
        return response;
      },
    };
  }

  #pace(bytesPerSecond: number | null): void {
    for (const { line } of this.#network.nodes) line!.toTarget.bytesPerSecond = line!.fromTarget.bytesPerSecond = bytesPerSecond;
  }
}
