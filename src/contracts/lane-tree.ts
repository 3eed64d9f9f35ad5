import { fromHex, type Hex, keccak256, toHex } from '../crypto/index.ts';
import { LANE_LEAVES_MAX } from '../limits.ts';

/** Where a leaf stands in a lane's tree, as the contracts take it. */
export interface Place {
  /** Leaves of the tree that is meant. */
  readonly size: bigint;
  readonly index: bigint;
  /** Hashes from the leaf's neighbour up to the root's child. */
  readonly proof: readonly Hex[];
}

/**
 * The Merkle tree of a lane: of the shape that RFC 9162 gives to logs, with keccak256. It only grows, and it proves any leaf in
 * the tree of any earlier size: the root that another ledger believes may be older than the newest message.
 */
export class LaneTree {
  /** `levels[k][i]` is the root of the full subtree over the leaves from `i * 2^k` on. */
  readonly #levels: Uint8Array[][] = [[]];

  get size(): number {
    return (this.#levels[0] as Uint8Array[]).length;
  }

  /** Adds a leaf, 32 bytes; returns its index. @throws RangeError when the tree is as large as one may be in memory */
  append(leaf: Uint8Array | Hex): number {
    const index = this.size;
    if (index >= LANE_LEAVES_MAX) throw new RangeError(`a lane's tree has at most ${LANE_LEAVES_MAX} leaves in memory`);
    let node = typeof leaf === 'string' ? fromHex(leaf) : leaf;
    (this.#levels[0] as Uint8Array[]).push(node);
    for (let level = 0; (index >> level) & 1; level++) {
      node = join(this.#node(level, (index >> level) - 1), node);
      const above = this.#levels[level + 1];
      if (above === undefined) this.#levels.push([node]);
      else above.push(node);
    }
    return index;
  }

  /** The leaf at `index`. @throws RangeError when there is none */
  leaf(index: number): Hex {
    return toHex(this.#node(0, index));
  }

  /** The root over the first `size` leaves; zeros for none. @throws RangeError when there are fewer */
  root(size = this.size): Hex {
    this.#requireSize(size);
    return size === 0 ? `0x${'00'.repeat(32)}` : toHex(this.#rootOf(0, size));
  }

  /** That leaf `index` is in the tree of the first `size` leaves. @throws RangeError when it is not */
  place(index: number, size = this.size): Place {
    this.#requireSize(size);
    if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw new RangeError(`no leaf ${index} among ${size}`);
    const proof: Uint8Array[] = [];
    let [from, to] = [0, size];
    while (to - from > 1) {
      const middle = from + largestPowerBelow(to - from);
      if (index < middle) {
        proof.push(this.#rootOf(middle, to));
        to = middle;
      } else {
        proof.push(this.#rootOf(from, middle));
        from = middle;
      }
    }
    return { size: BigInt(size), index: BigInt(index), proof: proof.reverse().map(toHex) };
  }

  #requireSize(size: number): void {
    if (!Number.isSafeInteger(size) || size < 0 || size > this.size) throw new RangeError(`no tree of ${size} leaves here`);
  }

  #node(level: number, index: number): Uint8Array {
    const node = this.#levels[level]?.[index];
    if (node === undefined) throw new RangeError(`no leaf ${index} here`);
    return node;
  }

  /** Root over the leaves from `from` to `to`, where `from` is a multiple of the power of two that holds them. */
  #rootOf(from: number, to: number): Uint8Array {
    const count = to - from;
    const half = largestPowerBelow(count);
    if (count === 2 * half || count === 1) return this.#node(Math.log2(count), from / count);
    return join(this.#rootOf(from, from + half), this.#rootOf(from + half, to));
  }
}

/** Whether `leaf` stands at this place under `root`, as the contracts check it. */
export function isPlacedUnder(root: Hex, leaf: Hex, { size, index, proof }: Place): boolean {
  if (index < 0n || index >= size) return false;
  let [position, last, node] = [index, size - 1n, fromHex(leaf)];
  for (const step of proof) {
    if (last === 0n) return false;
    if ((position & 1n) === 1n || position === last) {
      node = join(fromHex(step), node);
      while ((position & 1n) === 0n && position !== 0n) [position, last] = [position >> 1n, last >> 1n];
    } else {
      node = join(node, fromHex(step));
    }
    [position, last] = [position >> 1n, last >> 1n];
  }
  return last === 0n && toHex(node) === root;
}

/** The largest power of two below `count`; 1 for 1 and 2. */
function largestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

function join(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(64);
  both.set(left, 0);
  both.set(right, 32);
  return keccak256(both);
}
