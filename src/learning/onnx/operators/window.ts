import type { GraphNode } from '../graph-node.ts';

/** How a kernel moves over rows and columns. Signals of one dimension have one row. */
export interface Window {
  readonly channels: number;
  readonly size: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Rows above, columns to the left. */
  readonly before: readonly [number, number];
  readonly after: readonly [number, number];
  readonly output: readonly [number, number];
  /** The shape of what comes out with so many channels, of as many dimensions as what went in. */
  readonly shapeOf: (channels: number) => readonly number[];
}

type Pair = readonly [number, number];
const LENGTH_MAX = 65_536;

/**
 * Reads the attributes that convolutions and pools share.
 *
 * @param kernelGiven - the kernel of the weights; absent for pools, whose attribute says it
 */
export function windowOf(node: GraphNode, shape: readonly number[], kernelGiven?: readonly number[]): Window {
  const rank = shape.length - 1;
  if (rank !== 1 && rank !== 2) node.unsupported(`samples of ${shape.length} dimensions are not run; 2 and 3 are`);
  const kernelList = node.ints('kernel_shape') ?? kernelGiven;
  if (kernelList === undefined) node.invalid('its attribute kernel_shape is missing');
  if (kernelGiven !== undefined && kernelGiven.join() !== kernelList.join()) {
    node.invalid(`kernel_shape is ${kernelList.join(' x ')}, the weights are of ${kernelGiven.join(' x ')}`);
  }
  const pair = (name: string, list: readonly number[], otherwise: number, smallest: number): Pair => {
    if (list.length !== rank || list.some((each) => !(each >= smallest && each <= LENGTH_MAX))) {
      node.invalid(`its ${name} must be ${rank} numbers from ${smallest} to ${LENGTH_MAX}`);
    }
    return rank === 2 ? [list[0] as number, list[1] as number] : [otherwise, list[0] as number];
  };
  const ones = Array<number>(rank).fill(1);
  const size = pair('input', shape.slice(1), 1, 1);
  const kernel = pair('kernel_shape', kernelList, 1, 1);
  const strides = pair('strides', node.ints('strides') ?? ones, 1, 1);
  const dilations = pair('dilations', node.ints('dilations') ?? ones, 1, 1);
  const span: Pair = [(kernel[0] - 1) * dilations[0] + 1, (kernel[1] - 1) * dilations[1] + 1];
  const [before, after] = padsOf(node, { rank, size, span, strides, pair });
  const lengthOf = (axis: 0 | 1) => {
    const room = size[axis] + before[axis] + after[axis] - span[axis];
    if (room < 0) node.invalid('its kernel is larger than what goes in');
    if (node.int('ceil_mode', 0) === 0) return Math.floor(room / strides[axis]) + 1;
    const length = Math.ceil(room / strides[axis]) + 1;
    // A window that begins behind the input and what is put before it does not count.
    return (length - 1) * strides[axis] >= size[axis] + before[axis] ? length - 1 : length;
  };
  const output: Pair = [lengthOf(0), lengthOf(1)];
  return {
    channels: shape[0] as number,
    size,
    kernel,
    strides,
    dilations,
    before,
    after,
    output,
    shapeOf: (channels) => (rank === 2 ? [channels, ...output] : [channels, output[1]]),
  };
}

interface PadContext {
  readonly rank: number;
  readonly size: Pair;
  readonly span: Pair;
  readonly strides: Pair;
  readonly pair: (name: string, list: readonly number[], otherwise: number, smallest: number) => Pair;
}

function padsOf(node: GraphNode, { rank, size, span, strides, pair }: PadContext): readonly [Pair, Pair] {
  const automatic = node.text('auto_pad', 'NOTSET');
  if (automatic === 'SAME_UPPER' || automatic === 'SAME_LOWER') {
    const total = ([0, 1] as const).map((axis) => {
      return Math.max(0, (Math.ceil(size[axis] / strides[axis]) - 1) * strides[axis] + span[axis] - size[axis]);
    }) as unknown as Pair;
    const less: Pair = [total[0] >> 1, total[1] >> 1];
    const more: Pair = [total[0] - less[0], total[1] - less[1]];
    return automatic === 'SAME_UPPER' ? [less, more] : [more, less];
  }
  if (automatic !== 'NOTSET' && automatic !== 'VALID')
    node.invalid(`auto_pad ${JSON.stringify(automatic.slice(0, 40))} is unknown`);
  const pads = automatic === 'VALID' ? undefined : node.ints('pads');
  if (pads === undefined)
    return [
      [0, 0],
      [0, 0],
    ];
  if (pads.length !== 2 * rank) node.invalid(`its pads must be ${2 * rank} numbers`);
  return [pair('pads', pads.slice(0, rank), 0, 0), pair('pads', pads.slice(rank), 0, 0)];
}
