import type { MatchQuery, NoMatchReason } from '../../contracts/index.ts';
import type { Address, Hex } from '../../crypto/index.ts';

/** A node as the registry's events have left it. */
export interface RegisteredNode {
  readonly id: number;
  readonly node: Address;
  readonly company: Address;
  readonly latitudeE6: number;
  readonly longitudeE6: number;
  readonly capacity: number;
  readonly inUse: number;
  readonly priceWei: bigint;
  readonly services: readonly Hex[];
  readonly active: boolean;
}

export interface Candidate {
  readonly node: RegisteredNode;
  /** In square micro-degrees. */
  readonly distanceSquared: bigint;
}

/** The nearest eligible nodes in order, or why there is none. */
export type SearchOutcome =
  | { readonly found: true; readonly nearest: readonly [Candidate, ...Candidate[]] }
  | { readonly found: false; readonly reason: Exclude<NoMatchReason, 'attemptsExhausted'> };

/** Doubles round squares of micro-degrees by less than this share: nothing nearer is ever thrown away by it. */
const ROUNDING = 1 + 1e-9;

/**
 * Looks at every node, one after the other: the best are those that offer the service, have a free place and cost at most the limit,
 * nearest first, ties by the lower id. It shares nothing with the contract's index, so that it can judge it.
 *
 * @param tried - ids of nodes that failed the task already
 * @param wanted - how many of the nearest are returned
 */
export function searchAllNodes(
  nodes: Iterable<RegisteredNode>,
  query: MatchQuery & { readonly tried?: readonly number[]; readonly wanted?: number },
): SearchOutcome {
  const { tried = [], wanted = 1 } = query;
  const nearest: Candidate[] = [];
  let offering = 0;
  let free = 0;
  for (const node of nodes) {
    if (!node.active || !node.services.includes(query.service) || tried.includes(node.id)) continue;
    offering++;
    if (node.inUse >= node.capacity) continue;
    free++;
    if (node.priceWei <= query.maxPriceWei) keepNearest(nearest, node, query, wanted);
  }
  const [first, ...rest] = nearest;
  if (first !== undefined) return { found: true, nearest: [first, ...rest] };
  if (offering === 0) return { found: false, reason: 'noneOffersService' };
  return { found: false, reason: free === 0 ? 'noneHasCapacity' : 'allAboveLimit' };
}

function keepNearest(nearest: Candidate[], node: RegisteredNode, at: MatchQuery, wanted: number): void {
  const dy = node.latitudeE6 - at.latitudeE6;
  const dx = node.longitudeE6 - at.longitudeE6;
  const last = nearest.at(-1);
  const full = nearest.length === wanted && last !== undefined;
  if (full && dx * dx + dy * dy > Number(last.distanceSquared) * ROUNDING) return;
  const candidate = { node, distanceSquared: BigInt(dx) * BigInt(dx) + BigInt(dy) * BigInt(dy) };
  if (full && !isBefore(candidate, last)) return;
  let place = nearest.length;
  while (place > 0 && isBefore(candidate, nearest[place - 1] as Candidate)) place--;
  nearest.splice(place, 0, candidate);
  if (nearest.length > wanted) nearest.pop();
}

function isBefore(left: Candidate, right: Candidate): boolean {
  if (left.distanceSquared !== right.distanceSquared) return left.distanceSquared < right.distanceSquared;
  return left.node.id < right.node.id;
}
