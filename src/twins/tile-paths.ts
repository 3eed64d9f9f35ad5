/** Hashes in a full tile, and entries in a full bundle (C2SP tlog-tiles). */
export const TILE_WIDTH = 256;

/** A tile by its place: `level` 0 holds the leaves, each level above a hash per full tile below; `width` is how many hashes it has. */
export interface TilePlace {
  readonly level: number;
  readonly index: number;
  readonly width: number;
}

/** Where a tile of hashes lies: `tile/<L>/<N>`, with `.p/<W>` behind it while it is not full. */
export function tilePath({ level, index, width }: TilePlace): string {
  return `tile/${level}/${numberPath(index)}${suffix(width)}`;
}

/** Where a bundle of entries lies: `tile/entries/<N>`, with `.p/<W>` behind it while it is not full. */
export function bundlePath(index: number, width: number): string {
  return `tile/entries/${numberPath(index)}${suffix(width)}`;
}

/** Three digits an element, all but the last with an x before them: 1234067 is `x001/x234/067`. */
export function numberPath(number: number): string {
  const digits = String(number);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  return (padded.match(/\d{3}/g) ?? []).map((part, at, parts) => (at < parts.length - 1 ? `x${part}` : part)).join('/');
}

/** The tiles that are not full in a tree of this size: its right edge, lowest level first. */
export function partialTiles(size: number): readonly TilePlace[] {
  const places: TilePlace[] = [];
  let level = 0;
  for (let count = size; count > 0; count = Math.floor(count / TILE_WIDTH)) {
    const width = count % TILE_WIDTH;
    if (width > 0) places.push({ level, index: Math.floor(count / TILE_WIDTH), width });
    level++;
  }
  return places;
}

/** The paths of what is not full in a tree of this size: tiles and the last bundle. */
export function partialPaths(size: number): readonly string[] {
  const width = size % TILE_WIDTH;
  const bundle = width === 0 ? [] : [bundlePath(Math.floor(size / TILE_WIDTH), width)];
  return [...partialTiles(size).map(tilePath), ...bundle];
}

function suffix(width: number): string {
  return width === TILE_WIDTH ? '' : `.p/${width}`;
}
