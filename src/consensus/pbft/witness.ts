import type { Address } from '../../crypto/index.ts';
import { type SignedStatement, statementOf } from '../evidence.ts';
import type { SignedMessage } from '../messages.ts';
import { isRoundKept } from './add-vote.ts';
import type { HeightRules } from './justification.ts';
import { settleClaims } from './show.ts';
import type { Core, HeightState } from './state.ts';

/** Says that a message of `peer` cost work and was worth nothing: whoever counts them may turn it away. */
export function waste(core: Core, peer: Address): void {
  core.effects.push({ type: 'waste', peer });
}

/** Holds a sealer's message, whose signature was found right, against what it said before (rule 23). */
export function witness(core: Core, message: SignedMessage): void {
  core.newest.seen(message);
  note(core, statementOf(message));
}

/** The same for a statement that somebody shows: two for one place are evidence. */
export function note(core: Core, statement: SignedStatement): void {
  const h = core.current;
  if (statement.signer === core.options.self) return;
  if (h?.height === statement.height && !isRoundKept(h, statement.round)) return;
  const watched = core.watch.at(statement.height);
  const noting = watched?.note(statement);
  if (watched === undefined || noting === undefined) return;
  if (noting === 'first') settleClaims(core, watched, statement);
  else core.effects.push({ type: 'evidence', evidence: noting });
}

/** What proofs and justifications of this height are checked by. */
export function rulesOf(core: Core, h: HeightState): HeightRules {
  const { height, sealers, quorum } = h;
  return { height, sealers, quorum, domain: core.options.domain, witness: (message) => witness(core, message) };
}
