import type { Address } from '../../crypto/index.ts';
import { SKIP_WINDOW_BLOCKS } from '../../limits.ts';
import { faultsOf } from './quorum.ts';

/** What a committed header says of the turns at its height. */
export interface BuiltBlock {
  readonly height: number;
  /** Who built the block, as its header says: a block that is proposed again names its first builder. */
  readonly builder: Address;
  /** Who voted for this height, in their agreed order. */
  readonly sealers: readonly Address[];
}

interface Missed {
  readonly height: number;
  /** How far behind the first turn. */
  readonly turn: number;
}

/**
 * The sealers whose turns are passed over at a height, because they did not build when it was theirs to: a function of
 * committed headers alone, so that every sealer has the same list. (In which round a block was decided is no part of it:
 * certificates differ from sealer to sealer.)
 *
 * The turns of a height go round from sealer `height mod n`. Everybody before the builder was passed by there, because it
 * failed or because it was on the list; whoever builds is off it. A sealer is listed when it was passed by more lately than
 * it built; of more than f such the latest f, and at one height those whose turn was earlier. At its first own turn in each
 * span of {@link SKIP_WINDOW_BLOCKS} heights it gets a try. What is older than the window is forgotten.
 *
 * @param place - the height that begins, and who votes for it
 * @param history - the blocks of the {@link SKIP_WINDOW_BLOCKS} heights before, ascending, or of all there are
 */
export function skippedProposers(
  place: { readonly height: number; readonly sealers: readonly Address[] },
  history: readonly BuiltBlock[],
): readonly Address[] {
  const faults = faultsOf(place.sealers.length);
  if (faults === 0) return [];
  const missed = new Map<Address, Missed>();
  for (const block of history) {
    if (block.height >= place.height - SKIP_WINDOW_BLOCKS && block.height < place.height) noteTurns(missed, block);
  }
  // As a rule everybody built when it was its turn.
  if (missed.size === 0) return [];
  const failed = place.sealers.flatMap((sealer) => {
    const last = missed.get(sealer);
    return last === undefined ? [] : { sealer, ...last };
  });
  const latest = failed.toSorted((left, right) => right.height - left.height || left.turn - right.turn).slice(0, faults);
  const tried = triedNow(place, history);
  return latest.flatMap(({ sealer }) => (sealer === tried ? [] : sealer));
}

/** Walks the turns of a block's height up to its builder. */
function noteTurns(missed: Map<Address, Missed>, { height, builder, sealers }: BuiltBlock): void {
  // A builder that did not vote says nothing of anybody's turn.
  if (firstAt({ height, sealers }) !== builder && !sealers.includes(builder)) return;
  for (let turn = 0; ; turn++) {
    const sealer = sealers[(height + turn) % sealers.length] as Address;
    if (sealer === builder) break;
    missed.set(sealer, { height, turn });
  }
  missed.delete(builder);
}

/** Whose first own turn in this span of heights it is. */
function triedNow(
  place: { readonly height: number; readonly sealers: readonly Address[] },
  history: readonly BuiltBlock[],
): Address | undefined {
  const sealer = firstAt(place);
  const span = spanOf(place.height);
  const again = history.some((block) => spanOf(block.height) === span && firstAt(block) === sealer);
  return again ? undefined : sealer;
}

function firstAt({ height, sealers }: { readonly height: number; readonly sealers: readonly Address[] }): Address | undefined {
  return sealers[height % sealers.length];
}

function spanOf(height: number): number {
  return Math.floor(height / SKIP_WINDOW_BLOCKS);
}
