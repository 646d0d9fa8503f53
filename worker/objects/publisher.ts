/** Publishes the directory: collects its shards, and writes one snapshot and one summary for everybody to read. */
import { DurableObject } from 'cloudflare:workers';
import type { WorkerEnv } from '../environment.ts';

/** There is one. */
export const PUBLISHER_NAME = 'publisher';

export class PublisherObject extends DurableObject<WorkerEnv> {
  /** Collects and writes now. */
  async publish(): Promise<void> {}

  /** A node registered: publishes soon. */
  async wake(): Promise<void> {}
}
