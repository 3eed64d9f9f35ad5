import { equalBytes, type Hex, toHex } from '../crypto/index.ts';
import type { Objects, Reading } from '../environment/index.ts';
import { hasCode } from '../errors.ts';
import { type Checkpoint, headAfter } from './checkpoint.ts';
import { bundleOf } from './make-bundle.ts';
import { decodeReading } from './reading-entry.ts';
import type { SegmentRecord } from './segment-record.ts';
import { TILE_WIDTH } from './tile-paths.ts';
import { EMPTY_EDGE, growTree } from './tile-tree.ts';
import { leafHash, perfectHash } from './tree-hash.ts';
import { trustedTiles } from './trusted-tiles.ts';

export interface AuditOptions {
  /** What the entries must lead to: from the ledger, or kept from before. */
  readonly checkpoint: Checkpoint;
  /** Checkpoints below it, oldest first, which narrow down what was altered where the tiles were altered as well. */
  readonly segments: readonly Pick<SegmentRecord, 'size' | 'root'>[];
  /** Somebody else's copy of the tiles of hashes: what the owner altered in both places shows against it. */
  readonly reference?: Objects;
}

/** The first reading that is not as it was. */
export interface AlteredReading {
  readonly index: number;
  /** The last index that it may be, when tiles were altered too and only a range is known. */
  readonly lastIndex: number;
  /** What stands there now; absent when it is no reading any more. */
  readonly reading?: Reading;
  /** Its hash as it was; absent when only a range is known. */
  readonly expected?: Hex;
  /** Its hash now; absent when it is missing. */
  readonly actual?: Hex;
}

export interface AuditReport {
  /** Readings that were looked at. */
  readonly checked: number;
  readonly altered?: AlteredReading;
  /** Tiles of hashes that are not as they were, by path; readings are judged without them. */
  readonly alteredTiles: readonly string[];
}

/**
 * Goes through all entries of a log and says which is the first that is not what the checkpoint covers. Tiles are believed as far
 * as they lead to its root; where they do not, the roots of earlier checkpoints bound the place.
 */
export async function auditLog(objects: Objects, { checkpoint, segments, reference }: AuditOptions): Promise<AuditReport> {
  const { size } = checkpoint;
  const tiles = await trustedTiles([objects, ...(reference ? [reference] : [])], checkpoint);
  const bounds = [...segments.filter((segment) => segment.size <= size), { size, root: toHex(checkpoint.root) }];
  let edge = EMPTY_EDGE;
  let sound = 0;
  for (let at = 0; at * TILE_WIDTH < size; at++) {
    const first = at * TILE_WIDTH;
    const width = Math.min(TILE_WIDTH, size - first);
    const { entries, missing } = await readEntries(objects, at, size);
    const leaves = entries.map(leafHash);
    const expected = await tiles.leaves(at, width);
    const differs = expected?.findIndex((hash, within) => !leaves[within] || !equalBytes(hash, leaves[within])) ?? -1;
    if (differs >= 0) {
      const hash = toHex(expected?.[differs] as Uint8Array);
      return report(first + differs + 1, altered(first + differs, { entry: entries[differs], expected: hash }), tiles.altered());
    }
    if (missing) return report(first + entries.length, altered(first + entries.length, { entry: undefined }), tiles.altered());
    const over = expected === undefined && width === TILE_WIDTH ? await tiles.above(at) : undefined;
    if (over !== undefined && !equalBytes(over, perfectHash(leaves)))
      return report(first, await rangeOf(objects, Math.max(first, sound), first + width), tiles.altered());
    // Where no tile can be believed, the tree over the entries must pass through the roots of all checkpoints.
    for (let from = 0; from < entries.length; ) {
      const bound = bounds.find((each) => each.size > first + from) as (typeof bounds)[number];
      const until = Math.min(entries.length, bound.size - first);
      const grown = growTree(edge, entries.slice(from, until));
      edge = grown.edge;
      if (edge.size === bound.size) {
        if (toHex(grown.root) !== bound.root)
          return report(edge.size, await rangeOf(objects, sound, bound.size), tiles.altered());
        sound = bound.size;
      }
      from = until;
    }
  }
  return report(size, undefined, tiles.altered());
}

/** Whether the records chain, and lead to this head of the ledger when it is known; the number of the first that does not. */
export function brokenSegment(segments: readonly SegmentRecord[], ledgerHead?: Hex): number | undefined {
  let previous: Hex = `0x${'00'.repeat(32)}`;
  let size = 0;
  for (const [at, segment] of segments.entries()) {
    if (segment.previous !== previous || segment.size !== size + segment.count) return at;
    previous = headAfter(segment);
    size = segment.size;
  }
  return ledgerHead === undefined || previous === ledgerHead ? undefined : Math.max(0, segments.length - 1);
}

async function readEntries(objects: Objects, at: number, size: number) {
  try {
    return { entries: await bundleOf(objects, at, size), missing: false };
  } catch (error) {
    if (!hasCode(error, 'TWINS_LOG_DAMAGED')) throw error;
    return { entries: [], missing: true };
  }
}

function altered(
  index: number,
  { entry, expected }: { readonly entry: Uint8Array | undefined; readonly expected?: Hex },
): AlteredReading {
  const reading = entry && decodeReading(entry)?.reading;
  return {
    index,
    lastIndex: index,
    ...(reading && { reading }),
    ...(expected && { expected }),
    ...(entry && { actual: toHex(leafHash(entry)) }),
  };
}

/** A range in which a reading was altered, with what stands at its beginning now. */
async function rangeOf(objects: Objects, from: number, end: number): Promise<AlteredReading> {
  const entry = (await bundleOf(objects, Math.floor(from / TILE_WIDTH), end))[from % TILE_WIDTH];
  return { ...altered(from, { entry }), lastIndex: end - 1 };
}

function report(checked: number, found: AlteredReading | undefined, alteredTiles: readonly string[]): AuditReport {
  return { checked, ...(found && { altered: found }), alteredTiles };
}
