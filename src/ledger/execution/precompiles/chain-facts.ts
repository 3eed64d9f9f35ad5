import { CHAIN_FACTS_ADDRESS } from './addresses.ts';
import { answer, type BuiltIn } from './built-in.ts';

/** What a contract pays to learn the facts: as much as for a warm storage slot. */
const GAS = 100;

/**
 * The 32-byte domain of this chain's consensus signatures, whatever the data are: with it a contract can check what a
 * sealer signed. The answer is empty on a chain that was opened without one.
 */
export function chainFacts(domain: Uint8Array | undefined): BuiltIn {
  return {
    address: CHAIN_FACTS_ADDRESS,
    needsAccount: false,
    // biome-ignore lint/correctness/useYield: it needs nothing from the disk
    *run(_call, _place, meter) {
      meter.charge(GAS);
      return answer(domain ?? new Uint8Array(0));
    },
  };
}
