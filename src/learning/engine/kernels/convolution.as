// Convolution of stride 1. Activations lie channel, batch, row, column. Small ones without padding go straight over the input;
// the others through im2col and the matrix product.

import { madd, sumLanes } from './lanes';

/** Bytes of room for repacked weights: outputs rounded up to 4, taps rounded up to 4. */
export function convolutionRoom(outputs: i32, taps: i32): i32 {
  return ((outputs + 3) & ~3) * ((taps + 3) & ~3) * 4;
}

/** y = bias + w * x, output width a multiple of 8. Tile: 4 output channels and 8 columns. */
export function convolve(
  x: usize, w: usize, bias: usize, y: usize,
  channels: i32, batch: i32, height: i32, width: i32, outputs: i32, kernel: i32, room: usize,
): void {
  const rows = height - kernel + 1, columns = width - kernel + 1;
  const taps = channels * kernel * kernel;
  const plane = <usize>(batch * rows * columns) * 4;
  const channelStep = <usize>(batch * height * width) * 4;
  const rowStep = <usize>width * 4;
  for (let o = 0; o < outputs; o += 4) {
    const count = min(4, outputs - o);
    const weights = room + <usize>(o * taps) * 4;
    for (let t = 0; t < taps; t++) {
      for (let r = 0; r < 4; r++) {
        store<f32>(weights + <usize>(t * 4 + r) * 4, r < count ? load<f32>(w + <usize>((o + r) * taps + t) * 4) : 0);
      }
    }
    const bias0 = v128.load_splat<f32>(bias + <usize>o * 4);
    const bias1 = v128.load_splat<f32>(bias + <usize>min(o + 1, outputs - 1) * 4);
    const bias2 = v128.load_splat<f32>(bias + <usize>min(o + 2, outputs - 1) * 4);
    const bias3 = v128.load_splat<f32>(bias + <usize>min(o + 3, outputs - 1) * 4);
    let to = y + <usize>o * plane;
    for (let n = 0; n < batch; n++) {
      for (let r = 0; r < rows; r++) {
        const line = x + <usize>((n * height + r) * width) * 4;
        for (let q = 0; q < columns; q += 8) {
          let s00 = bias0, s01 = bias0, s10 = bias1, s11 = bias1, s20 = bias2, s21 = bias2, s30 = bias3, s31 = bias3;
          let at = weights;
          let corner = line + <usize>q * 4;
          for (let c = 0; c < channels; c++) {
            let row = corner;
            for (let ky = 0; ky < kernel; ky++) {
              const end = row + <usize>kernel * 4;
              for (let p = row; p < end; p += 4) {
                const x0 = v128.load(p), x1 = v128.load(p, 16);
                let v = v128.load_splat<f32>(at);
                s00 = madd(v, x0, s00); s01 = madd(v, x1, s01);
                v = v128.load_splat<f32>(at, 4);
                s10 = madd(v, x0, s10); s11 = madd(v, x1, s11);
                v = v128.load_splat<f32>(at, 8);
                s20 = madd(v, x0, s20); s21 = madd(v, x1, s21);
                v = v128.load_splat<f32>(at, 12);
                s30 = madd(v, x0, s30); s31 = madd(v, x1, s31);
                at += 16;
              }
              row += rowStep;
            }
            corner += channelStep;
          }
          v128.store(to, s00); v128.store(to, s01, 16);
          if (count > 1) { v128.store(to + plane, s10); v128.store(to + plane, s11, 16); }
          if (count > 2) { v128.store(to + plane * 2, s20); v128.store(to + plane * 2, s21, 16); }
          if (count > 3) { v128.store(to + plane * 3, s30); v128.store(to + plane * 3, s31, 16); }
          to += 32;
        }
      }
    }
  }
}

/** dw = dy * x, output width a multiple of 4, outputs >= 2, taps >= 4. Tile: 2 output channels and 4 taps, lanes over columns. */
export function convolveWeights(
  x: usize, dy: usize, dw: usize,
  channels: i32, batch: i32, height: i32, width: i32, outputs: i32, kernel: i32,
): void {
  const rows = height - kernel + 1, columns = width - kernel + 1;
  const taps = channels * kernel * kernel;
  const plane = <usize>(batch * rows * columns) * 4;
  const span = <usize>columns * 4;
  const skip = <usize>(kernel - 1) * 4;
  const below = <usize>((kernel - 1) * width) * 4;
  for (let o = 0; o < outputs; o += 2) {
    // The last tile steps back and repeats what is done already: the same sums, stored again.
    const first = min(o, outputs - 2);
    for (let g = 0; g < taps; g += 4) {
      const t = min(g, taps - 4);
      let p0 = x + offsetOf(t, kernel, batch, height, width);
      let p1 = x + offsetOf(t + 1, kernel, batch, height, width);
      let p2 = x + offsetOf(t + 2, kernel, batch, height, width);
      let p3 = x + offsetOf(t + 3, kernel, batch, height, width);
      let d = dy + <usize>first * plane;
      let s00 = f32x4.splat(0), s01 = s00, s02 = s00, s03 = s00, s10 = s00, s11 = s00, s12 = s00, s13 = s00;
      for (let n = 0; n < batch; n++) {
        for (let r = 0; r < rows; r++) {
          const end = d + span;
          while (d < end) {
            const d0 = v128.load(d), d1 = v128.load(d + plane);
            let v = v128.load(p0);
            s00 = madd(d0, v, s00); s10 = madd(d1, v, s10);
            v = v128.load(p1);
            s01 = madd(d0, v, s01); s11 = madd(d1, v, s11);
            v = v128.load(p2);
            s02 = madd(d0, v, s02); s12 = madd(d1, v, s12);
            v = v128.load(p3);
            s03 = madd(d0, v, s03); s13 = madd(d1, v, s13);
            d += 16; p0 += 16; p1 += 16; p2 += 16; p3 += 16;
          }
          p0 += skip; p1 += skip; p2 += skip; p3 += skip;
        }
        p0 += below; p1 += below; p2 += below; p3 += below;
      }
      const to = dw + <usize>(first * taps + t) * 4;
      store<f32>(to, sumLanes(s00)); store<f32>(to, sumLanes(s01), 4);
      store<f32>(to, sumLanes(s02), 8); store<f32>(to, sumLanes(s03), 12);
      const next = to + <usize>taps * 4;
      store<f32>(next, sumLanes(s10)); store<f32>(next, sumLanes(s11), 4);
      store<f32>(next, sumLanes(s12), 8); store<f32>(next, sumLanes(s13), 12);
    }
  }
}

/** dx = w^T * dy, output width a multiple of 8. Tile: 4 taps and 8 columns, added to where the taps lie. */
export function convolveInput(
  dy: usize, w: usize, dx: usize,
  channels: i32, batch: i32, height: i32, width: i32, outputs: i32, kernel: i32, room: usize,
): void {
  const rows = height - kernel + 1, columns = width - kernel + 1;
  const taps = channels * kernel * kernel;
  const plane = <usize>(batch * rows * columns) * 4;
  memory.fill(dx, 0, <usize>(channels * batch * height * width) * 4);
  for (let t = 0; t < taps; t += 4) {
    for (let o = 0; o < outputs; o++) {
      for (let r = 0; r < 4; r++) {
        const value: f32 = t + r < taps ? load<f32>(w + <usize>(o * taps + t + r) * 4) : 0;
        store<f32>(room + <usize>(t * outputs + o * 4 + r) * 4, value);
      }
    }
  }
  for (let n = 0; n < batch; n++) {
    for (let r = 0; r < rows; r++) {
      for (let q = 0; q < columns; q += 8) {
        const from = dy + <usize>((n * rows + r) * columns + q) * 4;
        const corner = dx + <usize>((n * height + r) * width + q) * 4;
        let at = room;
        for (let t = 0; t < taps; t += 4) {
          let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
          const end = at + <usize>outputs * 16;
          let d = from;
          while (at < end) {
            const d0 = v128.load(d), d1 = v128.load(d, 16);
            let v = v128.load_splat<f32>(at);
            s00 = madd(v, d0, s00); s01 = madd(v, d1, s01);
            v = v128.load_splat<f32>(at, 4);
            s10 = madd(v, d0, s10); s11 = madd(v, d1, s11);
            v = v128.load_splat<f32>(at, 8);
            s20 = madd(v, d0, s20); s21 = madd(v, d1, s21);
            v = v128.load_splat<f32>(at, 12);
            s30 = madd(v, d0, s30); s31 = madd(v, d1, s31);
            at += 16;
            d += plane;
          }
          addEight(corner + offsetOf(t, kernel, batch, height, width), s00, s01);
          if (t + 1 < taps) addEight(corner + offsetOf(t + 1, kernel, batch, height, width), s10, s11);
          if (t + 2 < taps) addEight(corner + offsetOf(t + 2, kernel, batch, height, width), s20, s21);
          if (t + 3 < taps) addEight(corner + offsetOf(t + 3, kernel, batch, height, width), s30, s31);
        }
      }
    }
  }
}

@inline
function addEight(to: usize, low: v128, high: v128): void {
  v128.store(to, f32x4.add(v128.load(to), low));
  v128.store(to, f32x4.add(v128.load(to, 16), high), 16);
}

/** Where a tap looks, from the corner of its window, in bytes. */
@inline
function offsetOf(tap: i32, kernel: i32, batch: i32, height: i32, width: i32): usize {
  const row = tap / kernel;
  const channel = row / kernel;
  return <usize>((channel * batch * height + (row - channel * kernel)) * width + (tap - row * kernel)) * 4;
}

/** columns[tap][sample, row, column] = the input under the tap, zero outside. */
export function im2col(
  x: usize, to: usize, channels: i32, batch: i32, height: i32, width: i32, kernel: i32, padding: i32,
): void {
  const rows = height + 2 * padding - kernel + 1, columns = width + 2 * padding - kernel + 1;
  for (let c = 0; c < channels; c++) {
    for (let ky = 0; ky < kernel; ky++) {
      for (let kx = 0; kx < kernel; kx++) {
        const left = max(0, padding - kx), right = min(columns, width + padding - kx);
        for (let n = 0; n < batch; n++) {
          for (let r = 0; r < rows; r++) {
            const y = r + ky - padding;
            if (y < 0 || y >= height || right <= left) {
              memory.fill(to, 0, <usize>columns * 4);
            } else {
              for (let q = 0; q < left; q++) store<f32>(to + <usize>q * 4, 0);
              const from = x + <usize>(((c * batch + n) * height + y) * width + left + kx - padding) * 4;
              copyLine(from, to + <usize>left * 4, right - left);
              for (let q = right; q < columns; q++) store<f32>(to + <usize>q * 4, 0);
            }
            to += <usize>columns * 4;
          }
        }
      }
    }
  }
}

@inline
function copyLine(from: usize, to: usize, count: i32): void {
  let q = 0;
  for (; q + 4 <= count; q += 4) v128.store(to + <usize>q * 4, v128.load(from + <usize>q * 4));
  for (; q < count; q++) store<f32>(to + <usize>q * 4, load<f32>(from + <usize>q * 4));
}

/** The reverse of im2col: adds what lies in the columns to where it came from. */
export function col2im(
  from: usize, dx: usize, channels: i32, batch: i32, height: i32, width: i32, kernel: i32, padding: i32,
): void {
  const rows = height + 2 * padding - kernel + 1, columns = width + 2 * padding - kernel + 1;
  memory.fill(dx, 0, <usize>(channels * batch * height * width) * 4);
  for (let c = 0; c < channels; c++) {
    for (let ky = 0; ky < kernel; ky++) {
      for (let kx = 0; kx < kernel; kx++) {
        const left = max(0, padding - kx), right = min(columns, width + padding - kx);
        for (let n = 0; n < batch; n++) {
          for (let r = 0; r < rows; r++) {
            const y = r + ky - padding;
            if (y >= 0 && y < height) {
              const to = dx + <usize>(((c * batch + n) * height + y) * width + kx - padding) * 4;
              let q = left;
              for (; q + 4 <= right; q += 4) {
                const at = to + <usize>q * 4;
                v128.store(at, f32x4.add(v128.load(at), v128.load(from + <usize>q * 4)));
              }
              for (; q < right; q++) {
                const at = to + <usize>q * 4;
                store<f32>(at, load<f32>(at) + load<f32>(from + <usize>q * 4));
              }
            }
            from += <usize>columns * 4;
          }
        }
      }
    }
  }
}

/** to[row] = the sum of a row: the gradient of a bias. */
export function rowSums(from: usize, to: usize, rows: i32, columns: i32): void {
  for (let r = 0; r < rows; r++) {
    let lanes = f32x4.splat(0);
    let q = 0;
    for (; q + 4 <= columns; q += 4) lanes = f32x4.add(lanes, v128.load(from + <usize>q * 4));
    let sum = sumLanes(lanes);
    for (; q < columns; q++) sum += load<f32>(from + <usize>q * 4);
    store<f32>(to + <usize>r * 4, sum);
    from += <usize>columns * 4;
  }
}
