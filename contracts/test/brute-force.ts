import type { Hex } from '../../src/crypto/index.ts';

/** A node as a test knows it. */
export interface KnownNode {
  readonly id: number;
  latitudeE6: number;
  longitudeE6: number;
  capacity: number;
  inUse: number;
  priceWei: bigint;
  services: readonly Hex[];
  active: boolean;
}

export interface Wanted {
  readonly latitudeE6: number;
  readonly longitudeE6: number;
  readonly service: Hex;
  readonly maxPriceWei: bigint;
}

/** The contract's reasons, by number. */
export const reasons = { none: 0, noneOffersService: 1, noneHasCapacity: 2, allAboveLimit: 3 } as const;

export function distanceSquared(node: KnownNode, wanted: Wanted): bigint {
  const [dy, dx] = [BigInt(node.latitudeE6 - wanted.latitudeE6), BigInt(node.longitudeE6 - wanted.longitudeE6)];
  return dx * dx + dy * dy;
}

/** Looks at every node: those that can take the task, nearest first, ties by id; or the reason why there is none. */
export function bruteForce(
  nodes: readonly KnownNode[],
  wanted: Wanted,
  tried: readonly number[] = [],
): { readonly reason: number; readonly ids: readonly number[] } {
  const offering = nodes.filter(({ id, active, services }) => active && services.includes(wanted.service) && !tried.includes(id));
  if (offering.length === 0) return { reason: reasons.noneOffersService, ids: [] };
  const free = offering.filter(({ inUse, capacity }) => inUse < capacity);
  if (free.length === 0) return { reason: reasons.noneHasCapacity, ids: [] };
  const eligible = free.filter(({ priceWei }) => priceWei <= wanted.maxPriceWei);
  if (eligible.length === 0) return { reason: reasons.allAboveLimit, ids: [] };
  const sorted = eligible
    .map((node) => ({ id: node.id, distance: distanceSquared(node, wanted) }))
    .sort((left, right) => (left.distance === right.distance ? left.id - right.id : left.distance < right.distance ? -1 : 1));
  return { reason: reasons.none, ids: sorted.map(({ id }) => id) };
}
