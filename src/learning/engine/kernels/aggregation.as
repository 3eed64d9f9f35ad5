// What a coordinator does with many weight vectors.

import { sumLanes } from './lanes';

/** to += factor * from: a weighted mean, one vector after the other. */
export function addScaled(to: usize, from: usize, count: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const at = <usize>i * 4;
    v128.store(to + at, f32x4.add(v128.load(to + at), f32x4.mul(factors, v128.load(from + at))));
  }
  for (; i < count; i++) {
    const at = <usize>i * 4;
    store<f32>(to + at, load<f32>(to + at) + factor * load<f32>(from + at));
  }
}

export function scale(vector: usize, count: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  let i = 0;
  for (; i + 4 <= count; i += 4) v128.store(vector + <usize>i * 4, f32x4.mul(factors, v128.load(vector + <usize>i * 4)));
  for (; i < count; i++) store<f32>(vector + <usize>i * 4, factor * load<f32>(vector + <usize>i * 4));
}

/** Blocks after which a sum moves to double precision: long vectors lose nothing. */
const SUM_BLOCK: i32 = 4096;

export function dotProduct(a: usize, b: usize, count: i32): f64 {
  let total: f64 = 0;
  for (let from = 0; from < count; from += SUM_BLOCK) {
    const end = min(count, from + SUM_BLOCK);
    let lanes = f32x4.splat(0);
    let i = from;
    for (; i + 4 <= end; i += 4) {
      lanes = f32x4.add(lanes, f32x4.mul(v128.load(a + <usize>i * 4), v128.load(b + <usize>i * 4)));
    }
    let sum = sumLanes(lanes);
    for (; i < end; i++) sum += load<f32>(a + <usize>i * 4) * load<f32>(b + <usize>i * 4);
    total += <f64>sum;
  }
  return total;
}

/** |a - b|^2. */
export function squaredDistance(a: usize, b: usize, count: i32): f64 {
  let total: f64 = 0;
  for (let from = 0; from < count; from += SUM_BLOCK) {
    const end = min(count, from + SUM_BLOCK);
    let lanes = f32x4.splat(0);
    let i = from;
    for (; i + 4 <= end; i += 4) {
      const away = f32x4.sub(v128.load(a + <usize>i * 4), v128.load(b + <usize>i * 4));
      lanes = f32x4.add(lanes, f32x4.mul(away, away));
    }
    let sum = sumLanes(lanes);
    for (; i < end; i++) {
      const away = load<f32>(a + <usize>i * 4) - load<f32>(b + <usize>i * 4);
      sum += away * away;
    }
    total += <f64>sum;
  }
  return total;
}

/**
 * to = the mean, coordinate by coordinate, of what is left of `vectors` numbers when the `trim` smallest and the `trim` largest
 * are taken away: the trimmed mean, and the median with trim = (vectors - 1) / 2 rounded down. Vector v begins at v * stride
 * numbers. Four coordinates at a time are sorted by exchanges. `room` holds 16 bytes for every vector.
 */
export function trimmedMean(from: usize, stride: i32, vectors: i32, count: i32, trim: i32, to: usize, room: usize): void {
  const kept = <f32>(vectors - 2 * trim);
  for (let i = 0; i < count; i += 4) {
    const width = min(4, count - i);
    for (let v = 0; v < vectors; v++) {
      const at = from + <usize>(v * stride + i) * 4;
      if (width == 4) {
        v128.store(room + <usize>v * 16, v128.load(at));
      } else {
        for (let l = 0; l < 4; l++) store<f32>(room + <usize>(v * 4 + l) * 4, l < width ? load<f32>(at + <usize>l * 4) : 0);
      }
    }
    sortRows(room, vectors);
    let sum = f32x4.splat(0);
    for (let v = trim; v < vectors - trim; v++) sum = f32x4.add(sum, v128.load(room + <usize>v * 16));
    const mean = f32x4.div(sum, f32x4.splat(kept));
    if (width == 4) {
      v128.store(to + <usize>i * 4, mean);
    } else {
      v128.store(room, mean);
      for (let l = 0; l < width; l++) store<f32>(to + <usize>(i + l) * 4, load<f32>(room + <usize>l * 4));
    }
  }
}

/** Sorts each of the four lanes over the rows: odd-even exchanges need no branch. */
function sortRows(room: usize, rows: i32): void {
  for (let pass = 0; pass < rows; pass++) {
    for (let v = pass & 1; v + 1 < rows; v += 2) {
      const at = room + <usize>v * 16;
      const upper = v128.load(at), lower = v128.load(at, 16);
      v128.store(at, f32x4.min(upper, lower));
      v128.store(at, f32x4.max(upper, lower), 16);
    }
  }
}
