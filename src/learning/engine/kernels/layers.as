// Layers that move or bend numbers: rectifier, pooling, flattening, batch norm.

import { sumLanes } from './lanes';

export function relu(x: usize, y: usize, count: i32): void {
  const zero = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4) v128.store(y + <usize>i * 4, positive(v128.load(x + <usize>i * 4), zero));
  for (; i < count; i++) {
    const value = load<f32>(x + <usize>i * 4);
    store<f32>(y + <usize>i * 4, value > 0 ? value : 0);
  }
}

@inline
function positive(value: v128, zero: v128): v128 {
  return v128.and(value, f32x4.gt(value, zero));
}

export function reluBackward(y: usize, dy: usize, dx: usize, count: i32): void {
  const zero = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const at = <usize>i * 4;
    v128.store(dx + at, v128.and(v128.load(dy + at), f32x4.gt(v128.load(y + at), zero)));
  }
  for (; i < count; i++) {
    const at = <usize>i * 4;
    store<f32>(dx + at, load<f32>(y + at) > 0 ? load<f32>(dy + at) : 0);
  }
}

/**
 * The largest of every 2 x 2, and which it was (0 to 3, row by row; the first of equals). With `rectify`, not below zero, and
 * then the code is -1. A last odd row or column is left out.
 */
export function maxPool(x: usize, y: usize, codes: usize, planes: i32, height: i32, width: i32, rectify: i32): void {
  const rows = height >> 1, columns = width >> 1;
  const line = <usize>width * 4;
  const zero = f32x4.splat(0), one = i32x4.splat(1), two = i32x4.splat(2), three = i32x4.splat(3), none = i32x4.splat(-1);
  for (let p = 0; p < planes; p++) {
    for (let r = 0; r < rows; r++) {
      const from = x + <usize>((p * height + r * 2) * width) * 4;
      let q = 0;
      for (; q + 4 <= columns; q += 4) {
        const at = from + <usize>q * 8;
        const a0 = v128.load(at), a1 = v128.load(at, 16), b0 = v128.load(at + line), b1 = v128.load(at + line, 16);
        let best = v128.shuffle<f32>(a0, a1, 0, 2, 4, 6);
        let other = v128.shuffle<f32>(a0, a1, 1, 3, 5, 7);
        let larger = f32x4.gt(other, best);
        best = v128.bitselect(other, best, larger);
        let code = v128.and(one, larger);
        other = v128.shuffle<f32>(b0, b1, 0, 2, 4, 6);
        larger = f32x4.gt(other, best);
        best = v128.bitselect(other, best, larger);
        code = v128.bitselect(two, code, larger);
        other = v128.shuffle<f32>(b0, b1, 1, 3, 5, 7);
        larger = f32x4.gt(other, best);
        best = v128.bitselect(other, best, larger);
        code = v128.bitselect(three, code, larger);
        if (rectify) {
          larger = f32x4.gt(best, zero);
          best = v128.and(best, larger);
          code = v128.bitselect(code, none, larger);
        }
        v128.store(y, best);
        v128.store(codes, code);
        y += 16;
        codes += 16;
      }
      for (; q < columns; q++) {
        const at = from + <usize>q * 8;
        let best = load<f32>(at);
        let code = 0;
        let other = load<f32>(at, 4);
        if (other > best) { best = other; code = 1; }
        other = load<f32>(at + line);
        if (other > best) { best = other; code = 2; }
        other = load<f32>(at + line, 4);
        if (other > best) { best = other; code = 3; }
        if (rectify && !(best > 0)) { best = 0; code = -1; }
        store<f32>(y, best);
        store<i32>(codes, code);
        y += 4;
        codes += 4;
      }
    }
  }
}

export function maxPoolBackward(dy: usize, codes: usize, dx: usize, planes: i32, height: i32, width: i32): void {
  const rows = height >> 1, columns = width >> 1;
  const line = <usize>width * 4;
  if ((height | width) & 1) memory.fill(dx, 0, <usize>(planes * height * width) * 4);
  const one = i32x4.splat(1), two = i32x4.splat(2), three = i32x4.splat(3), nought = i32x4.splat(0);
  for (let p = 0; p < planes; p++) {
    for (let r = 0; r < rows; r++) {
      const to = dx + <usize>((p * height + r * 2) * width) * 4;
      let q = 0;
      for (; q + 4 <= columns; q += 4) {
        const at = to + <usize>q * 8;
        const d = v128.load(dy), code = v128.load(codes);
        const d0 = v128.and(d, i32x4.eq(code, nought)), d1 = v128.and(d, i32x4.eq(code, one));
        const d2 = v128.and(d, i32x4.eq(code, two)), d3 = v128.and(d, i32x4.eq(code, three));
        v128.store(at, v128.shuffle<f32>(d0, d1, 0, 4, 1, 5));
        v128.store(at, v128.shuffle<f32>(d0, d1, 2, 6, 3, 7), 16);
        v128.store(at + line, v128.shuffle<f32>(d2, d3, 0, 4, 1, 5));
        v128.store(at + line, v128.shuffle<f32>(d2, d3, 2, 6, 3, 7), 16);
        dy += 16;
        codes += 16;
      }
      for (; q < columns; q++) {
        const at = to + <usize>q * 8;
        const d = load<f32>(dy);
        const code = load<i32>(codes);
        store<f32>(at, code == 0 ? d : 0);
        store<f32>(at, code == 1 ? d : 0, 4);
        store<f32>(at + line, code == 2 ? d : 0);
        store<f32>(at + line, code == 3 ? d : 0, 4);
        dy += 4;
        codes += 4;
      }
    }
  }
}

/** to[outer][column][row] = from[outer][row][column]. */
export function swapAxes(from: usize, to: usize, outer: i32, rows: i32, columns: i32): void {
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < columns; c++) {
      for (let r = 0; r < rows; r++) {
        store<f32>(to, load<f32>(from + <usize>(r * columns + c) * 4));
        to += 4;
      }
    }
    from += <usize>(rows * columns) * 4;
  }
}

/**
 * y = gamma * (x - mean) / sqrt(variance + epsilon) + beta over each channel. With `training`, mean and variance are the
 * batch's, and the running ones move towards them by `momentum` (the running variance is the unbiased one). `saved` gets the
 * mean and the inverse deviation of every channel.
 */
export function batchNorm(
  x: usize, y: usize, gamma: usize, beta: usize, running: usize, saved: usize,
  channels: i32, count: i32, momentum: f32, epsilon: f32, training: i32,
): void {
  for (let c = 0; c < channels; c++) {
    const at = <usize>c * 4;
    const runningVariance = running + <usize>(channels + c) * 4;
    let mean = load<f32>(running + at), variance = load<f32>(runningVariance);
    if (training) {
      mean = sum(x, count) / <f32>count;
      const squares = squaredDistance(x, mean, count);
      variance = squares / <f32>count;
      const unbiased = squares / <f32>max(1, count - 1);
      store<f32>(running + at, load<f32>(running + at) * (1 - momentum) + mean * momentum);
      store<f32>(runningVariance, load<f32>(runningVariance) * (1 - momentum) + unbiased * momentum);
    }
    const inverse: f32 = 1 / sqrt<f32>(variance + epsilon);
    store<f32>(saved + at, mean);
    store<f32>(saved + <usize>(channels + c) * 4, inverse);
    const scale = load<f32>(gamma + at) * inverse;
    const shift = load<f32>(beta + at);
    const means = f32x4.splat(mean), scales = f32x4.splat(scale), shifts = f32x4.splat(shift);
    let i = 0;
    for (; i + 4 <= count; i += 4) {
      const value = f32x4.sub(v128.load(x + <usize>i * 4), means);
      v128.store(y + <usize>i * 4, f32x4.add(f32x4.mul(value, scales), shifts));
    }
    for (; i < count; i++) store<f32>(y + <usize>i * 4, (load<f32>(x + <usize>i * 4) - mean) * scale + shift);
    x += <usize>count * 4;
    y += <usize>count * 4;
  }
}

@inline
function sum(x: usize, count: i32): f32 {
  let lanes = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4) lanes = f32x4.add(lanes, v128.load(x + <usize>i * 4));
  let total = sumLanes(lanes);
  for (; i < count; i++) total += load<f32>(x + <usize>i * 4);
  return total;
}

@inline
function squaredDistance(x: usize, mean: f32, count: i32): f32 {
  let lanes = f32x4.splat(0);
  const means = f32x4.splat(mean);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const value = f32x4.sub(v128.load(x + <usize>i * 4), means);
    lanes = f32x4.add(lanes, f32x4.mul(value, value));
  }
  let total = sumLanes(lanes);
  for (; i < count; i++) {
    const value = load<f32>(x + <usize>i * 4) - mean;
    total += value * value;
  }
  return total;
}

/** The gradients of batch norm in training, from what `saved` holds. */
export function batchNormBackward(
  x: usize, dy: usize, dx: usize, gamma: usize, dGamma: usize, dBeta: usize, saved: usize, channels: i32, count: i32,
): void {
  for (let c = 0; c < channels; c++) {
    const at = <usize>c * 4;
    const mean = load<f32>(saved + at), inverse = load<f32>(saved + <usize>(channels + c) * 4);
    const means = f32x4.splat(mean);
    let plain = f32x4.splat(0), weighted = f32x4.splat(0);
    let i = 0;
    for (; i + 4 <= count; i += 4) {
      const d = v128.load(dy + <usize>i * 4);
      plain = f32x4.add(plain, d);
      weighted = f32x4.add(weighted, f32x4.mul(d, f32x4.sub(v128.load(x + <usize>i * 4), means)));
    }
    let sumPlain = sumLanes(plain), sumWeighted = sumLanes(weighted);
    for (; i < count; i++) {
      const d = load<f32>(dy + <usize>i * 4);
      sumPlain += d;
      sumWeighted += d * (load<f32>(x + <usize>i * 4) - mean);
    }
    store<f32>(dBeta + at, sumPlain);
    store<f32>(dGamma + at, sumWeighted * inverse);
    const scale = load<f32>(gamma + at) * inverse;
    const meanPlain = sumPlain / <f32>count;
    const slope = ((sumWeighted * inverse) * inverse) / <f32>count;
    for (i = 0; i < count; i++) {
      const centred = load<f32>(x + <usize>i * 4) - mean;
      store<f32>(dx + <usize>i * 4, scale * (load<f32>(dy + <usize>i * 4) - meanPlain - centred * slope));
    }
    x += <usize>count * 4;
    dy += <usize>count * 4;
    dx += <usize>count * 4;
  }
}
