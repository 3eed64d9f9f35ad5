/**
 * The kernels: what they take and what they give. Addresses are byte addresses in the memory of the instance, counts are counts
 * of 32-bit numbers, activations lie channel, batch, row, column. The sources in `kernels/` say more of each.
 */
export interface Kernels {
  /** Bytes that {@link Kernels.gemm} needs as `room`. */
  gemmRoom(): number;
  /** C (m x n) = start + A (m x k) B (k x n); strides in elements; start 0: zero, 1: what C holds, 2: `bias`, one a row. */
  gemm(
    m: number,
    n: number,
    k: number,
    a: number,
    aRow: number,
    aColumn: number,
    b: number,
    bRow: number,
    bColumn: number,
    c: number,
    start: number,
    bias: number,
    room: number,
  ): void;
  /** Bytes that the direct convolutions need as `room`. */
  convolutionRoom(outputs: number, taps: number): number;
  /** Direct convolution without padding; the output's width is a multiple of 8. */
  convolve(
    x: number,
    w: number,
    bias: number,
    y: number,
    channels: number,
    batch: number,
    height: number,
    width: number,
    outputs: number,
    kernel: number,
    room: number,
  ): void;
  /** Its gradient by the weights; at least 2 outputs and 4 taps. */
  convolveWeights(
    x: number,
    dy: number,
    dw: number,
    channels: number,
    batch: number,
    height: number,
    width: number,
    outputs: number,
    kernel: number,
  ): void;
  /** Its gradient by the input. */
  convolveInput(
    dy: number,
    w: number,
    dx: number,
    channels: number,
    batch: number,
    height: number,
    width: number,
    outputs: number,
    kernel: number,
    room: number,
  ): void;
  im2col(
    x: number,
    to: number,
    channels: number,
    batch: number,
    height: number,
    width: number,
    kernel: number,
    padding: number,
  ): void;
  col2im(
    from: number,
    dx: number,
    channels: number,
    batch: number,
    height: number,
    width: number,
    kernel: number,
    padding: number,
  ): void;
  rowSums(from: number, to: number, rows: number, columns: number): void;
  relu(x: number, y: number, count: number): void;
  reluBackward(y: number, dy: number, dx: number, count: number): void;
  maxPool(x: number, y: number, codes: number, planes: number, height: number, width: number, rectify: number): void;
  maxPoolBackward(dy: number, codes: number, dx: number, planes: number, height: number, width: number): void;
  swapAxes(from: number, to: number, outer: number, rows: number, columns: number): void;
  batchNorm(
    x: number,
    y: number,
    gamma: number,
    beta: number,
    running: number,
    saved: number,
    channels: number,
    count: number,
    momentum: number,
    epsilon: number,
    training: number,
  ): void;
  batchNormBackward(
    x: number,
    dy: number,
    dx: number,
    gamma: number,
    dGamma: number,
    dBeta: number,
    saved: number,
    channels: number,
    count: number,
  ): void;
  /** `gradient` 0: the loss alone. `room`: 8 bytes for every unit. */
  softmaxCrossEntropy(scores: number, labels: number, gradient: number, units: number, batch: number, room: number): number;
  meanSquaredError(outputs: number, targets: number, gradient: number, count: number): number;
  huberLoss(outputs: number, targets: number, gradient: number, count: number, delta: number): number;
  pull(weights: number, anchor: number, gradients: number, count: number, factor: number): void;
  stepSgd(weights: number, gradients: number, velocity: number, count: number, rate: number, momentum: number): void;
  stepAdam(
    weights: number,
    gradients: number,
    first: number,
    second: number,
    count: number,
    rate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
  ): void;
  addScaled(to: number, from: number, count: number, factor: number): void;
  scale(vector: number, count: number, factor: number): void;
  dotProduct(a: number, b: number, count: number): number;
  squaredDistance(a: number, b: number, count: number): number;
  /** `room`: 16 bytes for every vector. */
  trimmedMean(from: number, stride: number, vectors: number, count: number, trim: number, to: number, room: number): void;
}

/** The memory that kernels work in. Growing it invalidates the views taken before. */
export interface KernelMemory {
  readonly floats: Float32Array;
  readonly integers: Int32Array;
  readonly doubles: Float64Array;
  /** Makes room for this many bytes in all. */
  grow(sizeBytes: number): void;
}

/** One instance: kernels and the memory that only they use. Nothing has to be given back: it is collected as a whole. */
export interface KernelInstance {
  readonly kernels: Kernels;
  readonly memory: KernelMemory;
}

/** Where the first address that may be used lies: 0 means "none" to kernels. */
export const FIRST_ADDRESS = 1024;
