/** One account: what the coordinator keeps for whoever signs with its key. docs/protocol.md §14. */
import { DurableObject } from 'cloudflare:workers';
import type { VaultPage, VaultWrite } from '../../shared/protocol/account.ts';
import { VaultKeeper, type VaultCursor } from '../account/vault-keeper.ts';
import type { WorkerEnv } from '../environment.ts';
import { toResult, type Result } from '../result.ts';

export class AccountObject extends DurableObject<WorkerEnv> {
  readonly #vault = new VaultKeeper(this.ctx.storage);

  async readVault(cursor: VaultCursor): Promise<VaultPage> {
    return this.#vault.read(cursor);
  }

  /** @returns the revision that it became. */
  writeVault(write: VaultWrite): Promise<Result<number>> {
    return toResult(() => this.#vault.write(write));
  }

  /** Leaves nothing behind. */
  async erase(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }
}
