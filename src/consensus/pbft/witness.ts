import type { Address } from '../../crypto/index.ts';
import type { SignedMessage } from '../messages.ts';
import { isRoundKept } from './add-vote.ts';
import type { HeightRules } from './justification.ts';
import type { Core, HeightState } from './state.ts';

/** Says that a message of `peer` cost work and was worth nothing: whoever counts them may turn it away. */
export function waste(core: Core, peer: Address): void {
  core.effects.push({ type: 'waste', peer });
}

/**
 * Holds a sealer's message against what it said before (rule 23).
 *
 * @param heard - whether its signature was found right, and who delivered it
 */
export function witness(
  core: Core,
  message: SignedMessage,
  heard: { readonly checked: boolean; readonly via?: Address } = { checked: true },
): void {
  if (heard.checked) core.watch.seen(message);
  const h = core.current;
  if (h?.height === message.height && !isRoundKept(h, message.round)) return;
  const noting = core.watch.note(message, heard.checked);
  if (noting === undefined) return;
  if ('evidence' in noting) core.effects.push({ type: 'evidence', evidence: noting.evidence });
  else if (heard.via !== undefined) waste(core, heard.via);
}

/** What proofs and justifications of this height are checked by. */
export function rulesOf(core: Core, h: HeightState): HeightRules {
  const { height, sealers, quorum } = h;
  return { height, sealers, quorum, domain: core.options.domain, witness: (message) => witness(core, message) };
}
