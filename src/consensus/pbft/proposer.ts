import type { Address } from '../../crypto/index.ts';
import { invariant } from '../../errors.ts';
import { faultsOf } from './quorum.ts';

/**
 * In which order the sealers propose at a height: they take turns by height, and those that are passed over have none.
 * At most f are, so among any f+1 turns in a row one is an honest sealer's.
 *
 * @param sealers - who votes for the height, in their agreed order; at least one
 * @param skipped - sealers without a turn; the same at every sealer
 */
export function turnOrder(sealers: readonly Address[], height: number, skipped: readonly Address[] = []): readonly Address[] {
  invariant(sealers.length > 0, 'every height has a proposer', { height });
  invariant(skipped.length <= faultsOf(sealers.length), 'no more than f sealers are passed over', { height });
  const first = height % sealers.length;
  const order = [...sealers.slice(first), ...sealers.slice(0, first)];
  return skipped.length === 0 ? order : order.filter((sealer) => !skipped.includes(sealer));
}

/**
 * Who proposes in a round: the sealers take turns by height, and by round within a height.
 *
 * @param sealers - who votes for the height, in their agreed order; at least one
 * @param place - the height and the round in it, and who is passed over at this height
 */
export function proposerOf(
  sealers: readonly Address[],
  place: { readonly height: number; readonly round: number; readonly skipped?: readonly Address[] },
): Address {
  const order = turnOrder(sealers, place.height, place.skipped);
  return inTurn(order, place.round);
}

/** Who proposes in `round` when the turns of the height are in this order. */
export function inTurn(order: readonly Address[], round: number): Address {
  const proposer = order[round % order.length];
  invariant(proposer !== undefined, 'every round has a proposer', { round, sealers: order.length });
  return proposer;
}
