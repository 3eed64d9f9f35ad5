import type { LedgerClient } from '../../contracts/index.ts';
import type { Ledger } from '../../ledger/index.ts';
import { LaneBook } from './lane-book.ts';

/** A full node of another ledger in the same process: believed as this node believes its own ledger. */
export interface Sibling {
  readonly chainId: number;
  /** Whether that is the federal ledger, with which the others are filed. */
  readonly federal: boolean;
  readonly ledger: Ledger;
  /** Acts for that node's account there. */
  readonly client: LedgerClient;
  /** What that ledger's consensus signatures cover, 32 bytes. */
  readonly domain: Uint8Array;
  /** Its lanes, rebuilt from events. */
  readonly lanes: LaneBook;
}

/** The full nodes that one process seats, by ledger. What is in another process is not in here: nobody has to trust a neighbour. */
export class Siblings {
  readonly #byChain = new Map<number, Sibling[]>();

  /** Makes a node known to the others; returns what takes it out again. */
  add(node: Omit<Sibling, 'lanes'>): { readonly sibling: Sibling; leave(): void } {
    const sibling: Sibling = { ...node, lanes: new LaneBook(node.client) };
    const seated = this.#byChain.get(node.chainId) ?? [];
    this.#byChain.set(node.chainId, [...seated, sibling]);
    const leave = (): void => {
      const left = (this.#byChain.get(node.chainId) ?? []).filter((other) => other !== sibling);
      if (left.length > 0) this.#byChain.set(node.chainId, left);
      else this.#byChain.delete(node.chainId);
    };
    return { sibling, leave };
  }

  /** The node of a ledger; undefined when this process seats none there at the moment. */
  of(chainId: number): Sibling | undefined {
    return this.#byChain.get(chainId)?.[0];
  }

  /** One node of each ledger but this one, ascending by chain id. */
  others(chainId: number): readonly Sibling[] {
    const others = [...this.#byChain].filter(([id]) => id !== chainId).sort(([left], [right]) => left - right);
    return others.flatMap(([, seated]) => seated.slice(0, 1));
  }
}
