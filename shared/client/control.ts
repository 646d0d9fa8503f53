/** What a sender does with a transfer that was sent: look after it, move its time, end it. docs/protocol.md §10. */
import { ID_BYTES, KEY_BYTES, asTransferId, decodeB64 } from '../protocol/bytes.ts';
import type { OwnerStatus } from '../protocol/messages.ts';
import { TransferApi } from './coordinator-api.ts';
import type { CallOptions } from './coordinator-call.ts';
import type { ClientDeps } from './deps.ts';
import { readNetwork } from './network.ts';
import type { SendRecord } from './sends/index.ts';

export class TransferControl {
  readonly #api: TransferApi;
  readonly #origin: string;
  readonly #deps: ClientDeps;

  /** @throws SendError `bad_request` for ids and tokens of another form. */
  constructor({ coordinator, transferId, ownerToken }: Pick<SendRecord, 'coordinator' | 'transferId' | 'ownerToken'>, deps: ClientDeps) {
    const owner = { role: 'owner', token: decodeB64(ownerToken, KEY_BYTES) } as const;
    this.#api = new TransferApi(coordinator, asTransferId(decodeB64(transferId, ID_BYTES)), owner, deps);
    this.#origin = coordinator;
    this.#deps = deps;
  }

  /** @throws SendError with the code of an ended state, and whatever a call may meet. */
  status(options?: CallOptions): Promise<OwnerStatus> {
    return this.#api.ownerStatus(options);
  }

  /** Lets the transfer live so long from now, by the coordinator's clock: this machine's may be wrong. */
  async extend(expiresInSeconds: number, options?: CallOptions): Promise<OwnerStatus> {
    return this.#api.changeExpiry((await this.#nowMs(options?.signal)) + expiresInSeconds * 1000, options);
  }

  revoke(options?: CallOptions): Promise<void> {
    return this.#api.revoke(options);
  }

  async #nowMs(signal: AbortSignal | undefined): Promise<number> {
    return (await readNetwork(this.#origin, this.#deps, { signal, patienceMs: 0 })).nowMs;
  }
}
