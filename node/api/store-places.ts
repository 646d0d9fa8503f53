/**
 * How many store sockets a node serves, and how many it lets wait without an order. Whoever holds an order shows it at
 * once, so that where too many wait, the one that has waited longest gives way: idle sockets close the node to nobody.
 */
import { BlockList, isIP } from 'node:net';
import { SendError } from '../../shared/protocol/index.ts';

export const MAX_STORES = 256;
export const MAX_WAITING = 128;
/** Of one remote address. Not of this machine's own, behind which a proxy has all its clients. */
export const MAX_WAITING_OF_ADDRESS = 16;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** One socket's place, from its upgrade to its close. */
export interface StorePlace {
  /** Before its order is looked at. @throws SendError `node_busy`: the order stays unused. */
  open(): void;
  /** Its order was none: it waits again. */
  refuse(): void;
  leave(): void;
}

interface Waiting {
  readonly address: string;
  readonly giveWay: () => void;
}

export class StorePlaces {
  /** Oldest first. */
  readonly #waiting = new Set<Waiting>();
  readonly #open = new Set<Waiting>();

  get full(): boolean {
    return this.#open.size >= MAX_STORES;
  }

  /** @param giveWay - ends the socket at once: others wait in its place. */
  enter(address: string, giveWay: () => void): StorePlace {
    const own: Waiting = { address, giveWay };
    this.#wait(own);
    return {
      open: () => {
        if (this.full || !this.#waiting.delete(own)) throw new SendError('node_busy'); // not waiting: it gave way already
        this.#open.add(own);
      },
      refuse: () => {
        if (this.#open.delete(own)) this.#wait(own);
      },
      leave: () => {
        this.#waiting.delete(own);
        this.#open.delete(own);
      },
    };
  }

  #wait(own: Waiting): void {
    const ofAddress = isLoopback(own.address) ? [] : [...this.#waiting].filter(({ address }) => address === own.address);
    const oldest = ofAddress.length >= MAX_WAITING_OF_ADDRESS ? ofAddress[0] : this.#waiting.size >= MAX_WAITING ? [...this.#waiting][0] : undefined;
    if (oldest !== undefined) {
      this.#waiting.delete(oldest);
      oldest.giveWay();
    }
    this.#waiting.add(own);
  }
}

/** Also where a socket for both families writes IPv4 as `::ffff:127.0.0.1`. A socket that closed already has no address. */
function isLoopback(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !address.includes('%') && loopback.check(address, family === 6 ? 'ipv6' : 'ipv4'); // a zone: link-local
}
