/** What a sender does with the links of a transfer: add, limit, revoke. docs/protocol.md §10, links. */
import type { LinkStatus } from '../../shared/protocol/messages.ts';
import type { Owner } from '../http/tokens.ts';
import type { NewLink } from './links.ts';
import { isEnded } from './record.ts';
import type { TransferState } from './state.ts';
import { linkStatusOf } from './status.ts';

export class LinkKeeper {
  readonly #state: TransferState;
  constructor(state: TransferState) {
    this.#state = state;
  }

  /** @throws SendError `conflict`, `too_many_links`. */
  add(owner: Owner, link: NewLink): LinkStatus {
    this.#state.open(owner);
    return this.#change(link.linkId, () => this.#state.links.add(link));
  }

  /** @throws SendError `not_found`; `conflict` below what is committed. */
  changeLimit(owner: Owner, linkId: string, downloadLimit: number | null): LinkStatus {
    this.#state.open(owner);
    const link = this.#state.links.known(linkId);
    return this.#change(linkId, () => this.#state.links.changeLimit(link, downloadLimit));
  }

  /** Downloads that are under way with it end; those of other links go on. What has ended stays as it ended. @throws SendError `not_found`. */
  revoke(owner: Owner, linkId: string): LinkStatus {
    const row = this.#state.known(owner);
    const link = this.#state.links.known(linkId);
    if (isEnded(row.state)) return linkStatusOf(this.#state, link);
    return this.#change(linkId, () => {
      this.#state.links.revoke(linkId);
      this.#state.claims.releaseAll(linkId);
    });
  }

  #change(linkId: string, change: () => void): LinkStatus {
    this.#state.write(() => {
      change();
      this.#state.endIfUsedUp();
    });
    return linkStatusOf(this.#state, this.#state.links.known(linkId));
  }
}
