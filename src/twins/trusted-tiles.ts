import { equalBytes } from '../crypto/index.ts';
import type { Objects } from '../environment/index.ts';
import { hasCode } from '../errors.ts';
import type { Checkpoint } from './checkpoint.ts';
import { partialTiles, TILE_WIDTH, type TilePlace, tilePath } from './tile-paths.ts';
import { readTile } from './tile-tree.ts';
import { perfectHash, rootOfEdge } from './tree-hash.ts';

/** Hashes of leaves that are known to be those of a checkpoint. */
export interface TrustedTiles {
  /** The hashes of the leaves of tile `index`; undefined when no copy of them leads to the root. */
  leaves(index: number, width: number): Promise<readonly Uint8Array[] | undefined>;
  /** The hash over tile `index` of leaves, which is full; undefined when no copy of the tile above leads to the root. */
  above(index: number): Promise<Uint8Array | undefined>;
  /** Paths of the tiles of the first copy that do not lead to the root. */
  altered(): readonly string[];
}

/**
 * Reads tiles from the first of several copies that leads to the root of the checkpoint: the right edge by itself, every full tile
 * by the hash of it in the tile above.
 */
export async function trustedTiles(copies: readonly Objects[], { size, root }: Checkpoint): Promise<TrustedTiles> {
  const known = new Map<string, Promise<readonly Uint8Array[] | undefined>>();
  const altered = new Set<string>();
  const height = heightOf(size);
  const edge = new Map<number, readonly Uint8Array[]>();
  for (const [at, copy] of copies.entries()) {
    const levels = await readEdge(copy, size, height);
    if (levels === undefined || !equalBytes(rootOfEdge(levels), root)) {
      if (at === 0) for (const place of partialTiles(size)) altered.add(tilePath(place));
      continue;
    }
    for (const [level, hashes] of levels.entries()) edge.set(level, hashes);
    break;
  }

  const tileOf = (place: TilePlace): Promise<readonly Uint8Array[] | undefined> => {
    if (place.width < TILE_WIDTH) return Promise.resolve(edge.get(place.level));
    const path = tilePath(place);
    const present = known.get(path) ?? readFull(place);
    known.set(path, present);
    return present;
  };
  /** The hash over a full tile, from the tile above it. */
  const hashOf = async (place: TilePlace): Promise<Uint8Array | undefined> => {
    const level = place.level + 1;
    const index = Math.floor(place.index / TILE_WIDTH);
    const present = Math.floor(size / TILE_WIDTH ** level);
    const parent = await tileOf({ level, index, width: Math.min(TILE_WIDTH, present - index * TILE_WIDTH) });
    return parent?.[place.index % TILE_WIDTH];
  };
  const readFull = async (place: TilePlace): Promise<readonly Uint8Array[] | undefined> => {
    const expected = await hashOf(place);
    if (expected === undefined) return undefined;
    for (const [at, copy] of copies.entries()) {
      const hashes = await readTile(copy, place).catch(ignoreDamage);
      if (hashes !== undefined && equalBytes(perfectHash(hashes), expected)) return hashes;
      if (at === 0) altered.add(tilePath(place));
    }
    return undefined;
  };
  return {
    leaves: (index, width) => tileOf({ level: 0, index, width }),
    above: (index) => hashOf({ level: 0, index, width: TILE_WIDTH }),
    altered: () => [...altered],
  };
}

/** Levels of tiles of a tree of this size. */
function heightOf(size: number): number {
  let height = 0;
  for (let count = size; count > 0; count = Math.floor(count / TILE_WIDTH)) height++;
  return height;
}

async function readEdge(copy: Objects, size: number, height: number): Promise<Uint8Array[][] | undefined> {
  const places = partialTiles(size);
  const levels: Uint8Array[][] = [];
  for (let level = 0; level < height; level++) {
    const place = places.find((each) => each.level === level);
    const hashes = place === undefined ? [] : await readTile(copy, place).catch(ignoreDamage);
    if (hashes === undefined) return undefined;
    levels.push(hashes);
  }
  return levels;
}

function ignoreDamage(error: unknown): undefined {
  if (!hasCode(error, 'TWINS_LOG_DAMAGED')) throw error;
}
