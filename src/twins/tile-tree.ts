import { BoundedMap } from '../bounded-map.ts';
import { equalBytes } from '../crypto/index.ts';
import type { Objects } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import { TWINS_TILES_CACHED } from '../limits.ts';
import { decodeBundle, encodeBundle } from './entry-bundle.ts';
import './errors.ts';
import type { SubtreeReader } from './merkle-proofs.ts';
import { bundlePath, partialTiles, TILE_WIDTH, type TilePlace, tilePath } from './tile-paths.ts';
import { HASH_BYTES, leafHash, nodeHash, perfectHash, rootOfEdge } from './tree-hash.ts';

/** Heights of the tree that one tile covers. */
const TILE_HEIGHT = 8;

/** What has to be known of a tree in order to add to it: what is not full yet. */
export interface TreeEdge {
  readonly size: number;
  /** Hashes of the last tile of each level that is not full, lowest level first. */
  readonly levels: readonly (readonly Uint8Array[])[];
  /** Entries of the last bundle, when it is not full. */
  readonly entries: readonly Uint8Array[];
}

export const EMPTY_EDGE: TreeEdge = { size: 0, levels: [], entries: [] };

export interface Grown {
  readonly edge: TreeEdge;
  readonly root: Uint8Array;
  /** What has to be stored: bundles and tiles by their paths. No path of an earlier size is among them. */
  readonly objects: ReadonlyMap<string, Uint8Array>;
}

/** Adds entries to a tree. Pure: the same edge and entries give the same objects. */
export function growTree(edge: TreeEdge, entries: readonly Uint8Array[]): Grown {
  const objects = new Map<string, Uint8Array>();
  const levels = edge.levels.map((hashes) => [...hashes]);
  const bundle = [...edge.entries];
  let size = edge.size;
  for (const entry of entries) {
    bundle.push(entry);
    size++;
    push(levels, { level: 0, size, hash: leafHash(entry) }, objects);
    if (bundle.length < TILE_WIDTH) continue;
    objects.set(bundlePath(size / TILE_WIDTH - 1, TILE_WIDTH), encodeBundle(bundle));
    bundle.length = 0;
  }
  if (bundle.length > 0) objects.set(bundlePath(Math.floor(size / TILE_WIDTH), bundle.length), encodeBundle(bundle));
  for (const place of partialTiles(size)) objects.set(tilePath(place), joined(levels[place.level] as Uint8Array[]));
  return { edge: { size, levels, entries: bundle }, root: rootOfEdge(levels), objects };
}

interface NewHash {
  readonly level: number;
  /** Leaves of the tree with this one. */
  readonly size: number;
  readonly hash: Uint8Array;
}

function push(levels: Uint8Array[][], { level, size, hash }: NewHash, objects: Map<string, Uint8Array>): void {
  let hashes = levels[level];
  if (hashes === undefined) {
    hashes = [];
    levels.push(hashes);
  }
  hashes.push(hash);
  if (hashes.length < TILE_WIDTH) return;
  const index = size / TILE_WIDTH ** (level + 1) - 1;
  objects.set(tilePath({ level, index, width: TILE_WIDTH }), joined(hashes));
  const above = perfectHash(hashes);
  levels[level] = [];
  push(levels, { level: level + 1, size, hash: above }, objects);
}

/** A place whose content is part of a full one by now may have been replaced by it. */
async function readGrowing(objects: Objects, place: { readonly partial: string; readonly full: string }) {
  return (await objects.get(place.partial)) ?? (await objects.get(place.full));
}

/** @throws TreadleError TWINS_LOG_DAMAGED when the tile is missing or too short */
export async function readTile(objects: Objects, place: TilePlace): Promise<Uint8Array[]> {
  const bytes = await readGrowing(objects, { partial: tilePath(place), full: tilePath({ ...place, width: TILE_WIDTH }) });
  if (bytes === undefined || bytes.length < place.width * HASH_BYTES || bytes.length % HASH_BYTES !== 0) {
    const words = bytes === undefined ? 'is missing' : `has ${bytes.length} bytes`;
    throw new TreadleError('TWINS_LOG_DAMAGED', { detail: `${tilePath(place)} ${words}`, data: { path: tilePath(place) } });
  }
  return Array.from({ length: place.width }, (_, at) => bytes.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES));
}

/** The first `width` entries of a bundle. @throws TreadleError TWINS_LOG_DAMAGED when it is missing, malformed or has fewer */
export async function readBundle(objects: Objects, index: number, width: number): Promise<Uint8Array[]> {
  const path = bundlePath(index, width);
  const bytes = await readGrowing(objects, { partial: path, full: bundlePath(index, TILE_WIDTH) });
  const entries = bytes === undefined ? [] : decodeBundle(bytes);
  if (entries.length < width) {
    const words = bytes === undefined ? 'is missing' : `has ${entries.length} entries in place of ${width}`;
    throw new TreadleError('TWINS_LOG_DAMAGED', { detail: `${path} ${words}`, data: { path } });
  }
  return entries.slice(0, width);
}

/**
 * Reads the right edge of the tree of this size and checks it against its root.
 * @throws TreadleError TWINS_LOG_DAMAGED
 */
export async function loadEdge(objects: Objects, size: number, root: Uint8Array): Promise<TreeEdge> {
  const levels: Uint8Array[][] = [];
  const places = partialTiles(size);
  const height = size === 0 ? 0 : Math.floor(Math.log2(size) / TILE_HEIGHT) + 1;
  for (let level = 0; level < height; level++) {
    const place = places.find((each) => each.level === level);
    levels.push(place === undefined ? [] : await readTile(objects, place));
  }
  const width = size % TILE_WIDTH;
  const entries = width === 0 ? [] : await readBundle(objects, Math.floor(size / TILE_WIDTH), width);
  const sound = entries.every((entry, at) => equalBytes(leafHash(entry), levels[0]?.[at] as Uint8Array));
  if (!sound || !equalBytes(rootOfEdge(levels), root)) {
    throw new TreadleError('TWINS_LOG_DAMAGED', {
      detail: `what is stored does not lead to the root of the ${size} readings that the log had`,
      data: { size },
    });
  }
  return { size, levels, entries };
}

/** Reads hashes of subtrees from the tiles of a tree of this size; the tiles used last are kept in memory. */
export function tileReader(objects: Objects, size: number): SubtreeReader {
  const tiles = new BoundedMap<string, Promise<readonly Uint8Array[][]>>(TWINS_TILES_CACHED);
  return async (height, index) => {
    const level = Math.floor(height / TILE_HEIGHT);
    const within = height - level * TILE_HEIGHT;
    const first = index * 2 ** within;
    const tile = Math.floor(first / TILE_WIDTH);
    const present = Math.floor(size / TILE_WIDTH ** level);
    const place = { level, index: tile, width: Math.min(TILE_WIDTH, present - tile * TILE_WIDTH) };
    const path = tilePath(place);
    let heights = tiles.get(path);
    if (heights === undefined) {
      heights = readTile(objects, place).then(innerHashes);
      tiles.set(path, heights);
      heights.catch(() => tiles.delete(path));
    }
    return (await heights)[within]?.[(first % TILE_WIDTH) / 2 ** within] as Uint8Array;
  };
}

/** The perfect subtrees within a tile by height, its own hashes at height 0. */
function innerHashes(hashes: readonly Uint8Array[]): readonly Uint8Array[][] {
  const heights: Uint8Array[][] = [[...hashes]];
  for (let below = heights[0] as Uint8Array[]; below.length > 1; below = heights.at(-1) as Uint8Array[]) {
    const pairs = Math.floor(below.length / 2);
    const above = Array.from({ length: pairs }, (_, at) =>
      nodeHash(below[2 * at] as Uint8Array, below[2 * at + 1] as Uint8Array),
    );
    heights.push(above);
  }
  return heights;
}

function joined(hashes: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(hashes.length * HASH_BYTES);
  for (const [at, hash] of hashes.entries()) bytes.set(hash, at * HASH_BYTES);
  return bytes;
}
