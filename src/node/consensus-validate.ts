import type { ConsensusEffect } from '../consensus/index.ts';
import type { Address } from '../crypto/index.ts';
import type { Environment } from '../environment/index.ts';
import { hasCode, TreadleError } from '../errors.ts';
import { decodeProposal, type Ledger, type ProposalVerdict } from '../ledger/index.ts';

/**
 * What the ledger says of a proposal; undefined when nobody has its bodies: then nobody is blamed, and without an answer
 * the round's time runs out.
 */
export async function validateProposal(
  { environment, ledger }: { readonly environment: Environment; readonly ledger: Ledger },
  effect: Extract<ConsensusEffect, { type: 'validate' }>,
): Promise<ProposalVerdict | undefined> {
  const { digest, proposal, proposer } = effect;
  const nowMs = Math.floor(environment.clock.now() / 1000);
  const stolen = effect.reproposed ? undefined : foreignBuilder(proposal, proposer);
  if (stolen !== undefined) return { valid: false, reason: stolen };
  try {
    return await ledger.check(proposal, { digest, from: proposer, nowMs });
  } catch (error) {
    // State that this node's disk has lost comes from peers, like bodies that it never had.
    if (!hasCode(error, 'LEDGER_BODIES_MISSING') && !hasCode(error, 'LEDGER_DAMAGED')) throw error;
    environment.log.warn('consensus.bodies-missing', { reason: error.code });
    return undefined;
  }
}

/**
 * A fresh block names the sealer whose turn it is as its builder. (One that is proposed again names the sealer that
 * built it first.) What cannot be read is left to the ledger, which says why.
 */
function foreignBuilder(proposal: Uint8Array, proposer: Address): string | undefined {
  try {
    const builder = decodeProposal(proposal).header.proposer;
    return builder === proposer ? undefined : `its header names ${builder} as the proposer, the turn is that of ${proposer}`;
  } catch (error) {
    if (error instanceof TreadleError) return undefined;
    throw error;
  }
}
