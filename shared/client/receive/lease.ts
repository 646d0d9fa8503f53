/** Keeps a claim alive while bytes flow. docs/protocol.md §10, claims. */
import { CLAIM_LEASE_MS } from '../../protocol/limits.ts';
import type { TransferApi } from '../coordinator-api.ts';
import type { ClientDeps } from '../deps.ts';

export class Lease {
  readonly #api: TransferApi;
  readonly #claimId: string;
  readonly #deps: ClientDeps;
  readonly #signal: AbortSignal;
  #renewAtMs: number;

  constructor(api: TransferApi, claimId: string, deps: ClientDeps, signal: AbortSignal) {
    this.#api = api;
    this.#claimId = claimId;
    this.#deps = deps;
    this.#signal = signal;
    this.#renewAtMs = deps.now() + CLAIM_LEASE_MS / 3;
  }

  /** To be called whenever bytes have flown. A failed renewal is tried again at the next call; the commit decides in the end. */
  touch(): void {
    if (this.#deps.now() < this.#renewAtMs) return;
    this.#renewAtMs = this.#deps.now() + CLAIM_LEASE_MS / 3;
    this.#api.renew(this.#claimId, { signal: this.#signal, patienceMs: 0 }).catch(() => {
      this.#renewAtMs = this.#deps.now() + CLAIM_LEASE_MS / 30;
    });
  }
}
