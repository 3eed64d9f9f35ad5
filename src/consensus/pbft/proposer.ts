import type { Address } from '../../crypto/index.ts';
import { invariant } from '../../errors.ts';

/**
 * Who proposes: the sealers take turns by height, and by round within a height.
 *
 * @param sealers - who votes for the height, in their agreed order; at least one
 * @param place - the height and the round in it
 */
export function proposerOf(sealers: readonly Address[], place: { readonly height: number; readonly round: number }): Address {
  const proposer = sealers[(place.height + place.round) % sealers.length];
  invariant(proposer !== undefined, 'every height and round has a proposer', { ...place, sealers: sealers.length });
  return proposer;
}
