import type { SignedStatement } from '../evidence.ts';
import { fingerprintOf, type HeardPlace, type ShownStatement } from '../hearsay.ts';
import { faultsOf } from './quorum.ts';
import type { Core } from './state.ts';
import type { WatchedHeight } from './watched-height.ts';

/** Shows to one sealer that heard something else what was heard here at these places (rule 30). */
export function show(core: Core, watched: WatchedHeight, teller: number, places: readonly HeardPlace[]): void {
  const liarsMax = Math.max(1, faultsOf(watched.sealers.length));
  const due = places.filter(({ signer }) => watched.claims.admitsShowing(teller, signer, liarsMax));
  sendShown(core, watched, teller, due);
}

export function sendShown(core: Core, watched: WatchedHeight, teller: number, places: readonly HeardPlace[]): void {
  const { height, sealers } = watched;
  const to = sealers[teller];
  const statements = places.flatMap((place): ShownStatement[] => {
    const first = watched.first(place);
    if (first === undefined) return [];
    const { content, signature } = first;
    return [{ type: place.type, round: place.round, signer: place.signer, content, signature }];
  });
  if (to === undefined || statements.length === 0) return;
  core.effects.push({ type: 'hearsay', to: [to], hearsay: { kind: 'show', height, statements } });
}

/** A statement was heard for the first time: those who said before that they heard another one are shown it. */
export function settleClaims(core: Core, watched: WatchedHeight, statement: SignedStatement): void {
  // As a rule nobody claimed anything.
  if (watched.claims.isEmpty) return;
  const signer = watched.positionOf(statement.signer);
  if (signer === undefined) return;
  const place: HeardPlace = { type: statement.type, round: statement.round, signer };
  for (const teller of watched.claims.settle(place, () => fingerprintOf(statement.content))) {
    show(core, watched, teller, [place]);
  }
}
