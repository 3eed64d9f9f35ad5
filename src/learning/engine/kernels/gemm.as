// C (m x n) = start + A (m x k) B (k x n). A and B may be transposed: both are packed, into panels of 4 rows and 8 columns. Every
// element is summed in the order of k, whatever the blocking, because a block of k goes on from what C holds.

import { madd } from './lanes';

const BLOCK_K: i32 = 256;
const BLOCK_N: i32 = 512;
const BLOCK_M: i32 = 64;

/** Bytes of packing room: a block of B, a block of A, one tile. */
export function gemmRoom(): i32 {
  return (BLOCK_K * BLOCK_N + BLOCK_K * BLOCK_M + 32) * 4;
}

/**
 * Strides count elements. `start`: 0 from zero, 1 from what C holds, 2 from `bias`, one number a row. C has rows of `n`.
 */
export function gemm(
  m: i32, n: i32, k: i32,
  a: usize, aRow: i32, aColumn: i32,
  b: usize, bRow: i32, bColumn: i32,
  c: usize, start: i32, bias: usize, room: usize,
): void {
  const packedB = room;
  const packedA = packedB + <usize>(BLOCK_K * BLOCK_N * 4);
  const tile = packedA + <usize>(BLOCK_K * BLOCK_M * 4);
  for (let j = 0; j < n; j += BLOCK_N) {
    const columns = min(BLOCK_N, n - j);
    for (let p = 0; p < k; p += BLOCK_K) {
      const depth = min(BLOCK_K, k - p);
      packB(b + <usize>(p * bRow + j * bColumn) * 4, bRow, bColumn, depth, columns, packedB);
      const from = p > 0 ? 1 : start;
      for (let i = 0; i < m; i += BLOCK_M) {
        const rows = min(BLOCK_M, m - i);
        packA(a + <usize>(i * aRow + p * aColumn) * 4, aRow, aColumn, rows, depth, packedA);
        for (let jj = 0; jj < columns; jj += 8) {
          const panelB = packedB + <usize>(jj * depth) * 4;
          for (let ii = 0; ii < rows; ii += 4) {
            const panelA = packedA + <usize>(ii * depth) * 4;
            const target = c + <usize>((i + ii) * n + j + jj) * 4;
            const biasAt = bias + <usize>(i + ii) * 4;
            if (rows - ii >= 4 && columns - jj >= 8) {
              multiplyTile(panelA, panelB, depth, target, n, from, biasAt);
            } else {
              edgeTile(panelA, panelB, depth, target, n, from, biasAt, min(4, rows - ii), min(8, columns - jj), tile);
            }
          }
        }
      }
    }
  }
}

function edgeTile(
  a: usize, b: usize, depth: i32, c: usize, stride: i32, from: i32, bias: usize, rows: i32, columns: i32, tile: usize,
): void {
  for (let i = 0; i < 32; i++) store<f32>(tile + <usize>i * 4, 0);
  if (from != 0) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        const value = from == 2 ? load<f32>(bias + <usize>i * 4) : load<f32>(c + <usize>(i * stride + j) * 4);
        store<f32>(tile + <usize>(i * 8 + j) * 4, value);
      }
    }
  }
  multiplyTile(a, b, depth, tile, 8, 1, bias);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) store<f32>(c + <usize>(i * stride + j) * 4, load<f32>(tile + <usize>(i * 8 + j) * 4));
  }
}

function multiplyTile(a: usize, b: usize, depth: i32, c: usize, stride: i32, from: i32, bias: usize): void {
  const c1 = c + <usize>stride * 4;
  const c2 = c1 + <usize>stride * 4;
  const c3 = c2 + <usize>stride * 4;
  let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  if (from == 1) {
    s00 = v128.load(c); s01 = v128.load(c, 16);
    s10 = v128.load(c1); s11 = v128.load(c1, 16);
    s20 = v128.load(c2); s21 = v128.load(c2, 16);
    s30 = v128.load(c3); s31 = v128.load(c3, 16);
  } else if (from == 2) {
    s00 = s01 = v128.load_splat<f32>(bias);
    s10 = s11 = v128.load_splat<f32>(bias, 4);
    s20 = s21 = v128.load_splat<f32>(bias, 8);
    s30 = s31 = v128.load_splat<f32>(bias, 12);
  }
  const end = a + <usize>depth * 16;
  while (a < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let w = v128.load_splat<f32>(a);
    s00 = madd(w, b0, s00); s01 = madd(w, b1, s01);
    w = v128.load_splat<f32>(a, 4);
    s10 = madd(w, b0, s10); s11 = madd(w, b1, s11);
    w = v128.load_splat<f32>(a, 8);
    s20 = madd(w, b0, s20); s21 = madd(w, b1, s21);
    w = v128.load_splat<f32>(a, 12);
    s30 = madd(w, b0, s30); s31 = madd(w, b1, s31);
    a += 16;
    b += 32;
  }
  v128.store(c, s00); v128.store(c, s01, 16);
  v128.store(c1, s10); v128.store(c1, s11, 16);
  v128.store(c2, s20); v128.store(c2, s21, 16);
  v128.store(c3, s30); v128.store(c3, s31, 16);
}

/** Panels of 4 rows: element (row, k) at k * 4 + row; rows that are missing are zero. */
function packA(a: usize, row: i32, column: i32, rows: i32, depth: i32, to: usize): void {
  for (let i = 0; i < rows; i += 4) {
    const from = a + <usize>(i * row) * 4;
    if (rows - i >= 4) {
      to = column == 1 ? transposeFour(from, row, depth, to, 16) : copyFour(from, row, column, depth, to);
    } else {
      const count = rows - i;
      for (let p = 0; p < depth; p++) {
        for (let r = 0; r < 4; r++) {
          store<f32>(to + <usize>r * 4, r < count ? load<f32>(from + <usize>(r * row + p * column) * 4) : 0);
        }
        to += 16;
      }
    }
  }
}

function copyFour(from: usize, row: i32, column: i32, depth: i32, to: usize): usize {
  const step = <usize>column * 4;
  for (let p = 0; p < depth; p++) {
    if (row == 1) {
      v128.store(to, v128.load(from));
    } else {
      for (let r = 0; r < 4; r++) store<f32>(to + <usize>r * 4, load<f32>(from + <usize>(r * row) * 4));
    }
    from += step;
    to += 16;
  }
  return to;
}

/** Four rows of `depth` numbers become `depth` groups of four, `step` bytes apart. */
function transposeFour(from: usize, row: i32, depth: i32, to: usize, step: usize): usize {
  const step1 = <usize>row * 4;
  let p = 0;
  for (; p + 4 <= depth; p += 4) {
    const r0 = v128.load(from), r1 = v128.load(from + step1);
    const r2 = v128.load(from + step1 * 2), r3 = v128.load(from + step1 * 3);
    const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
    const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5), high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f64>(low01, low23, 0, 2));
    v128.store(to + step, v128.shuffle<f64>(low01, low23, 1, 3));
    v128.store(to + step * 2, v128.shuffle<f64>(high01, high23, 0, 2));
    v128.store(to + step * 3, v128.shuffle<f64>(high01, high23, 1, 3));
    to += step * 4;
    from += 16;
  }
  for (; p < depth; p++) {
    for (let r: usize = 0; r < 4; r++) store<f32>(to + r * 4, load<f32>(from + r * step1));
    to += step;
    from += 4;
  }
  return to;
}

/** Panels of 8 columns: element (k, column) at k * 8 + column; columns that are missing are zero. */
function packB(b: usize, row: i32, column: i32, depth: i32, columns: i32, to: usize): void {
  for (let j = 0; j < columns; j += 8) {
    const from = b + <usize>(j * column) * 4;
    const count = columns - j;
    if (count >= 8 && column == 1) {
      let at = from;
      for (let p = 0; p < depth; p++) {
        v128.store(to, v128.load(at));
        v128.store(to, v128.load(at, 16), 16);
        at += <usize>row * 4;
        to += 32;
      }
    } else if (count >= 8 && row == 1) {
      transposeFour(from, column, depth, to, 32);
      transposeFour(from + <usize>(column * 4) * 4, column, depth, to + 16, 32);
      to += <usize>depth * 32;
    } else {
      for (let p = 0; p < depth; p++) {
        for (let r = 0; r < 8; r++) {
          store<f32>(to + <usize>r * 4, r < count ? load<f32>(from + <usize>(p * row + r * column) * 4) : 0);
        }
        to += 32;
      }
    }
  }
}
