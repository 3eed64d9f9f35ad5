// Losses. Scores lie unit, sample. The few numbers of a batch are taken in double precision, with exp and log of our own: those
// of a language's library differ in the last bit from one to the next.

const LN2_HIGH: f64 = 0.6931471803691238;
const LN2_LOW: f64 = 1.9082149292705877e-10;
const LOG2_E: f64 = 1.4426950408889634;
const SQRT_2: f64 = 1.4142135623730951;
const SMALLEST_EXPONENT: f64 = -700;

/** e^x for x <= 0. */
function exp(x: f64): f64 {
  if (x < SMALLEST_EXPONENT) return 0;
  const k = Math.floor(x * LOG2_E + 0.5);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let sum: f64 = 1;
  for (let i: f64 = 13; i >= 1; i -= 1) sum = 1 + (sum * r) / i;
  return sum * reinterpret<f64>((<i64>k + 1023) << 52);
}

/** The natural logarithm of x >= 1. */
function log(x: f64): f64 {
  const bits = reinterpret<i64>(x);
  let exponent = <f64>((bits >> 52) - 1023);
  let mantissa = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (mantissa > SQRT_2) {
    mantissa = mantissa * 0.5;
    exponent = exponent + 1;
  }
  const f = (mantissa - 1) / (mantissa + 1);
  const square = f * f;
  let sum: f64 = 0;
  for (let i: f64 = 23; i >= 1; i -= 2) sum = 1 / i + sum * square;
  return exponent * LN2_HIGH + (2 * f * sum + exponent * LN2_LOW);
}

/** Mean of -log softmax(scores)[label]; `gradient` gets its gradient, unless 0. `room` holds 8 bytes for every unit. */
export function softmaxCrossEntropy(scores: usize, labels: usize, gradient: usize, units: i32, batch: i32, room: usize): f64 {
  let loss: f64 = 0;
  for (let n = 0; n < batch; n++) {
    let largest = load<f32>(scores + <usize>n * 4);
    for (let u = 1; u < units; u++) largest = max(largest, load<f32>(scores + <usize>(u * batch + n) * 4));
    let sum: f64 = 0;
    for (let u = 0; u < units; u++) {
      const power = exp(<f64>load<f32>(scores + <usize>(u * batch + n) * 4) - <f64>largest);
      store<f64>(room + <usize>u * 8, power);
      sum += power;
    }
    const label = load<i32>(labels + <usize>n * 4);
    loss += log(sum) - (<f64>load<f32>(scores + <usize>(label * batch + n) * 4) - <f64>largest);
    if (gradient != 0) {
      for (let u = 0; u < units; u++) {
        const wanted: f64 = u == label ? 1 : 0;
        const slope = (load<f64>(room + <usize>u * 8) / sum - wanted) / <f64>batch;
        store<f32>(gradient + <usize>(u * batch + n) * 4, <f32>slope);
      }
    }
  }
  return loss / <f64>batch;
}

/** Mean of (output - target)^2 over all numbers. */
export function meanSquaredError(outputs: usize, targets: usize, gradient: usize, count: i32): f64 {
  let loss: f64 = 0;
  for (let i = 0; i < count; i++) {
    const at = <usize>i * 4;
    const difference = <f64>load<f32>(outputs + at) - <f64>load<f32>(targets + at);
    loss += difference * difference;
    if (gradient != 0) store<f32>(gradient + at, <f32>((2 * difference) / <f64>count));
  }
  return loss / <f64>count;
}

/** Mean of difference^2 / 2 where it is within delta, else delta * (|difference| - delta / 2). */
export function huberLoss(outputs: usize, targets: usize, gradient: usize, count: i32, delta: f64): f64 {
  let loss: f64 = 0;
  for (let i = 0; i < count; i++) {
    const at = <usize>i * 4;
    const difference = <f64>load<f32>(outputs + at) - <f64>load<f32>(targets + at);
    const size = Math.abs(difference);
    const within = size <= delta;
    loss += within ? 0.5 * difference * difference : delta * (size - 0.5 * delta);
    const slope = within ? difference : difference > 0 ? delta : -delta;
    if (gradient != 0) store<f32>(gradient + at, <f32>(slope / <f64>count));
  }
  return loss / <f64>count;
}
