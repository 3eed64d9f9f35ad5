import type { Address } from '../../crypto/index.ts';
import { HEARD_BYTES_MAX, HEARD_FRAME_BYTES_MAX, HEARD_SPARE } from '../../limits.ts';
import type { ConsensusEvent } from '../core.ts';
import { type SignedStatement, verifyStatement } from '../evidence.ts';
import type { HeardGroup, HeardPlace, ShownStatement } from '../hearsay.ts';
import { faultsOf } from './quorum.ts';
import { sendShown, show } from './show.ts';
import type { Core, HeightState } from './state.ts';
import type { WatchedHeight } from './watched-height.ts';
import { note, waste } from './witness.ts';

/** Time to compare: what was heard is told where something is new, or all of it to a peer that was not there (rule 29). */
export function onCompare(core: Core, h: HeightState, { peer }: ConsensusEvent & { type: 'compare' }): void {
  for (const watched of core.watch.heights()) {
    if (watched.height === h.height) {
      // What is said in round 0 is told when the round or the height is over.
      if (h.round === 0) continue;
      watched.round = h.round;
    }
    if (peer === undefined && !watched.news) continue;
    tell(core, watched, peer);
  }
}

/** What another sealer tells, asks or shows about a height that is still watched; the rest is of no use any more. */
export function onHearsay(core: Core, { hearsay, via }: ConsensusEvent & { type: 'hearsay' }): void {
  const watched = core.watch.at(hearsay.height);
  const teller = watched?.positionOf(via);
  if (watched === undefined || teller === undefined || via === core.options.self) return;
  switch (hearsay.kind) {
    case 'heard':
      if (watched.claims.admitsTelling(teller)) compare(core, watched, teller, hearsay.groups);
      return;
    case 'ask':
      sendShown(
        core,
        watched,
        teller,
        hearsay.places.filter((place) => watched.first(place) !== undefined && watched.claims.admitsAnswer(teller)),
      );
      return;
    case 'show':
      for (const statement of hearsay.statements) if (!take(core, watched, { statement, teller, via })) return;
  }
}

/**
 * Who is told what was heard at a height: the f+1 whose turn it is, one of whom is honest at least, and the next
 * {@link HEARD_SPARE}, so that one is left when some of these are not there. Of up to seven sealers that is all.
 */
export function listenersOf(sealers: readonly Address[], height: number): readonly Address[] {
  const count = sealers.length;
  const listeners = faultsOf(count) + 1 + HEARD_SPARE;
  if (listeners >= count) return sealers;
  const first = (height * listeners) % count;
  return Array.from({ length: listeners }, (_, at) => sealers[(first + at) % count] as Address);
}

function tell(core: Core, watched: WatchedHeight, peer: Address | undefined): void {
  const { self } = core.options;
  const { height, sealers } = watched;
  if (watched.positionOf(self) === undefined) return;
  const listeners = listenersOf(sealers, height).filter((sealer) => sealer !== self);
  const to = peer === undefined ? listeners : listeners.filter((sealer) => sealer === peer);
  if (peer === undefined) watched.news = false;
  if (to.length === 0) return;
  const groups = watched.groups(
    Math.min(HEARD_FRAME_BYTES_MAX - FRAME_HEAD_BYTES, Math.floor(HEARD_BYTES_MAX / listeners.length)),
  );
  if (groups.length > 0) core.effects.push({ type: 'hearsay', to, hearsay: { kind: 'heard', height, groups } });
}

/** Kind, height and the headers of two lists. */
const FRAME_HEAD_BYTES = 16;

/** Holds what another sealer heard against what was heard here, and against what others told of it. */
function compare(core: Core, watched: WatchedHeight, teller: number, groups: readonly HeardGroup[]): void {
  const self = watched.positionOf(core.options.self);
  const contrary = new Map<number, HeardPlace>();
  const questions = new Map<number, HeardPlace[]>();
  const ask = (asked: number, place: HeardPlace): void => {
    if (watched.claims.admitsQuestion(asked)) questions.set(asked, [...(questions.get(asked) ?? []), place]);
  };
  for (const group of groups) {
    const { type, round, fingerprint } = group;
    const isAlike = watched.alike(group);
    for (const signer of group.signers) {
      // What it says itself is heard from it, and what this node said it knows.
      if (signer === teller || signer === self || signer >= watched.sealers.length) continue;
      const alike = isAlike(signer);
      if (alike === true) continue;
      const place: HeardPlace = { type, round, signer };
      if (alike === false) contrary.set(signer, contrary.get(signer) ?? place);
      else for (const asked of watched.claims.claim(place, fingerprint, teller)) ask(asked, place);
    }
  }
  if (contrary.size > 0) show(core, watched, teller, [...contrary.values()]);
  for (const [asked, places] of questions) {
    const to = watched.sealers[asked];
    if (to !== undefined)
      core.effects.push({ type: 'hearsay', to: [to], hearsay: { kind: 'ask', height: watched.height, places } });
  }
}

/** A signed statement that another sealer heard; false when it is forged: then nothing else of the same frame is read. */
function take(
  core: Core,
  watched: WatchedHeight,
  shown: { readonly statement: ShownStatement; readonly teller: number; readonly via: Address },
): boolean {
  const { type, round, signer: position, content, signature } = shown.statement;
  const signer = watched.sealers[position];
  if (signer === undefined || signer === core.options.self) return true;
  const statement: SignedStatement = { type, height: watched.height, round, signer, content, signature };
  if (!watched.lacks(statement) || !watched.claims.admitsShown(shown.teller)) return true;
  if (!verifyStatement(core.options.domain, statement)) {
    waste(core, shown.via);
    return false;
  }
  note(core, statement);
  return true;
}
