/** An account's requests to its coordinator, each signed anew. docs/protocol.md §14. */
import type * as v from 'valibot';
import { vaultPageSchema, vaultWrittenSchema, type VaultPage, type VaultWrite } from '../../protocol/account.ts';
import { KEY_BYTES, decodeB64, utf8 } from '../../protocol/bytes.ts';
import { parseMessage } from '../../protocol/messages.ts';
import { signRequest } from '../../protocol/signature.ts';
import { callCoordinator, jsonBody, type CallOptions } from '../coordinator-call.ts';
import type { ClientDeps } from '../deps.ts';
import { readNetwork } from '../network.ts';
import type { Identity } from './identity.ts';

export interface VaultCursor {
  readonly since: number;
  /** b64: the last hidden name that came of revision `since`; null where that is not wanted. */
  readonly after: string | null;
}

export class AccountApi {
  readonly #origin: string;
  readonly #identity: Identity;
  readonly #deps: ClientDeps;
  #coordinatorKey: Promise<Uint8Array> | null = null;

  constructor(origin: string, identity: Identity, deps: ClientDeps) {
    this.#origin = origin;
    this.#identity = identity;
    this.#deps = deps;
  }

  readVault({ since, after }: VaultCursor, options?: CallOptions): Promise<VaultPage> {
    return this.#json(vaultPageSchema, 'GET', `/vault?since=${since}${after === null ? '' : `&after=${after}`}`, undefined, options);
  }

  /** @returns the revision that it became. @throws SendError `vault_moved`, `vault_full`. */
  async writeVault(write: VaultWrite, options?: CallOptions): Promise<number> {
    return (await this.#json(vaultWrittenSchema, 'POST', '/vault', write, options)).revision;
  }

  /** Everything that the coordinator has of the account. */
  erase(options?: CallOptions): Promise<void> {
    return this.#request('DELETE', '', undefined, async () => undefined, options);
  }

  #json<T extends v.GenericSchema>(schema: T, method: string, path: string, body: unknown, options: CallOptions | undefined): Promise<v.InferOutput<T>> {
    return this.#request(method, path, body, async (response) => parseMessage(schema, await response.json(), 'unavailable'), options);
  }

  async #request<T>(method: string, path: string, value: unknown, read: (response: Response) => Promise<T>, options: CallOptions | undefined): Promise<T> {
    const body = value === undefined ? undefined : jsonBody(value);
    const pathAndQuery = `/api/account${path}`;
    const coordinatorKey = await this.#key(options);
    const toSign = { coordinatorKey, method, pathAndQuery, body: utf8(body ? String(body.body) : '') };
    const authorization = (): Promise<string> => signRequest(this.#identity.signingKey, toSign, this.#deps.now(), 'account');
    return callCoordinator({ origin: this.#origin, method, path: pathAndQuery, authorization, body }, read, this.#deps, options);
  }

  /** Signatures are for this coordinator alone: another that is told the same can do nothing with it. */
  #key(options: CallOptions | undefined): Promise<Uint8Array> {
    this.#coordinatorKey ??= readNetwork(this.#origin, this.#deps, options)
      .then(({ coordinatorKey }) => decodeB64(coordinatorKey, KEY_BYTES))
      .catch((thrown: unknown) => {
        this.#coordinatorKey = null;
        throw thrown;
      });
    return this.#coordinatorKey;
  }
}
