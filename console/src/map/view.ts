/** What part of the map is on screen: the centre on the unit square and the pixels that one unit takes. */
export interface MapViewport {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The whole world in a few hundred pixels. */
const SCALE_MIN = 200;
/** About 2 cm per pixel. */
const SCALE_MAX = 2e9;

export interface Extent {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The extent of points in columns; undefined when there are none. */
export function extentOf(columns: readonly { readonly x: Float64Array; readonly y: Float64Array }[]): Extent | undefined {
  let left = Infinity;
  let right = -Infinity;
  let top = Infinity;
  let bottom = -Infinity;
  for (const { x, y } of columns) {
    for (let at = 0; at < x.length; at++) {
      left = Math.min(left, x[at] as number);
      right = Math.max(right, x[at] as number);
      top = Math.min(top, y[at] as number);
      bottom = Math.max(bottom, y[at] as number);
    }
  }
  return left === Infinity ? undefined : { left, right, top, bottom };
}

/** Shows an extent with a margin around it. */
export function viewOfExtent(extent: Extent, size: Size): MapViewport {
  const margin = 48;
  const width = Math.max(extent.right - extent.left, 1e-7);
  const height = Math.max(extent.bottom - extent.top, 1e-7);
  const scale = Math.min((size.width - 2 * margin) / width, (size.height - 2 * margin) / height);
  return { x: (extent.left + extent.right) / 2, y: (extent.top + extent.bottom) / 2, scale: clamp(scale) };
}

export function pan(view: MapViewport, dx: number, dy: number): MapViewport {
  return { ...view, x: view.x - dx / view.scale, y: clampY(view.y - dy / view.scale) };
}

/** Zooms by a factor around a point of the screen, which stays where it is. */
export function zoom(view: MapViewport, size: Size, factor: number, at: { readonly x: number; readonly y: number }): MapViewport {
  const scale = clamp(view.scale * factor);
  const dx = at.x - size.width / 2;
  const dy = at.y - size.height / 2;
  return { x: view.x + dx / view.scale - dx / scale, y: clampY(view.y + dy / view.scale - dy / scale), scale };
}

export function screenX(view: MapViewport, size: Size, x: number): number {
  return (x - view.x) * view.scale + size.width / 2;
}

export function screenY(view: MapViewport, size: Size, y: number): number {
  return (y - view.y) * view.scale + size.height / 2;
}

function clamp(scale: number): number {
  return Math.max(SCALE_MIN, Math.min(SCALE_MAX, scale));
}

function clampY(y: number): number {
  return Math.max(0, Math.min(1, y));
}
