// Steps of the optimisers over the flat vectors. A lane and the rest of a vector go through the same operations in the same order.

/** g += factor * (w - anchor): weight decay when the anchor is 0, the proximal term when it is a vector. */
export function pull(weights: usize, anchor: usize, gradients: usize, count: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const at = <usize>i * 4;
    let away = v128.load(weights + at);
    if (anchor != 0) away = f32x4.sub(away, v128.load(anchor + at));
    v128.store(gradients + at, f32x4.add(v128.load(gradients + at), f32x4.mul(factors, away)));
  }
  for (; i < count; i++) {
    const at = <usize>i * 4;
    let away = load<f32>(weights + at);
    if (anchor != 0) away = away - load<f32>(anchor + at);
    store<f32>(gradients + at, load<f32>(gradients + at) + factor * away);
  }
}

/** v = momentum * v + g, w -= rate * v; without momentum (`velocity` 0) w -= rate * g. */
export function stepSgd(weights: usize, gradients: usize, velocity: usize, count: i32, rate: f32, momentum: f32): void {
  const rates = f32x4.splat(rate), moments = f32x4.splat(momentum);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const at = <usize>i * 4;
    let step = v128.load(gradients + at);
    if (velocity != 0) {
      step = f32x4.add(f32x4.mul(moments, v128.load(velocity + at)), step);
      v128.store(velocity + at, step);
    }
    v128.store(weights + at, f32x4.sub(v128.load(weights + at), f32x4.mul(rates, step)));
  }
  for (; i < count; i++) {
    const at = <usize>i * 4;
    let step = load<f32>(gradients + at);
    if (velocity != 0) {
      step = momentum * load<f32>(velocity + at) + step;
      store<f32>(velocity + at, step);
    }
    store<f32>(weights + at, load<f32>(weights + at) - rate * step);
  }
}

/** Adam; `rate` and `epsilon` hold the corrections of the step's bias: rate * sqrt(1 - beta2^t) / (1 - beta1^t), epsilon * sqrt(1 - beta2^t). */
export function stepAdam(
  weights: usize, gradients: usize, first: usize, second: usize, count: i32,
  rate: f32, beta1: f32, beta2: f32, epsilon: f32,
): void {
  const keep1 = f32x4.splat(beta1), take1 = f32x4.splat(1 - beta1);
  const keep2 = f32x4.splat(beta2), take2 = f32x4.splat(1 - beta2);
  const rates = f32x4.splat(rate), floors = f32x4.splat(epsilon);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const at = <usize>i * 4;
    const g = v128.load(gradients + at);
    const m = f32x4.add(f32x4.mul(keep1, v128.load(first + at)), f32x4.mul(take1, g));
    const v = f32x4.add(f32x4.mul(keep2, v128.load(second + at)), f32x4.mul(f32x4.mul(take2, g), g));
    v128.store(first + at, m);
    v128.store(second + at, v);
    const step = f32x4.div(f32x4.mul(rates, m), f32x4.add(f32x4.sqrt(v), floors));
    v128.store(weights + at, f32x4.sub(v128.load(weights + at), step));
  }
  for (; i < count; i++) {
    const at = <usize>i * 4;
    const g = load<f32>(gradients + at);
    const m = beta1 * load<f32>(first + at) + (1 - beta1) * g;
    const v = beta2 * load<f32>(second + at) + (1 - beta2) * g * g;
    store<f32>(first + at, m);
    store<f32>(second + at, v);
    store<f32>(weights + at, load<f32>(weights + at) - (rate * m) / (sqrt<f32>(v) + epsilon));
  }
}
