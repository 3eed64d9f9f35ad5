import { describe, expect, it } from 'vitest';
import { createEngine, seededUniform } from '../engine/index.ts';
import { loadOnnx } from './onnx-model.ts';
import { type ForeignModel, type ForeignNode, floats, foreignModel, wholes } from './testing/foreign-model.ts';

const engine = createEngine();
const counted = (count: number, from = 1) => Array.from({ length: count }, (_, at) => from + at);
const drawn = (count: number, seed: number) => Array.from({ length: count }, seededUniform(seed));

function answers(model: ForeignModel, inputs: readonly number[]): number[] {
  return [...loadOnnx(engine, foreignModel(model)).predict(Float32Array.from(inputs))];
}

const one = (
  operator: string,
  attributes: ForeignNode['attributes'] = {},
  more: readonly string[] = [],
): readonly ForeignNode[] => [{ operator, inputs: ['x', ...more], output: 'y', attributes }];

describe('operators of other tools', () => {
  // Results worked out by hand.
  const cases: [string, ForeignModel, number[], number[]][] = [
    ['Relu', { shape: ['n', 4], nodes: one('Relu') }, [-1, 0, 2, -3], [0, 0, 2, 0]],
    ['LeakyRelu', { shape: ['n', 2], nodes: one('LeakyRelu', { alpha: { float: 0.5 } }) }, [-2, 4], [-1, 4]],
    ['Clip', { shape: ['n', 3], nodes: one('Clip', {}, ['', 'm']), constants: [floats('m', [], [6])] }, [-9, 5, 7], [-9, 5, 6]],
    ['Clip of old', { shape: ['n', 3], opset: 9, nodes: one('Clip', { min: { float: 0 } }) }, [-9, 5, 7], [0, 5, 7]],
    [
      'Identity',
      { shape: [1, 2], nodes: [...one('Identity'), { operator: 'Add', inputs: ['y', 'y'], output: 'z' }] },
      [1, 2],
      [2, 4],
    ],
    [
      'Sub of a channel',
      { shape: ['n', 2, 1, 2], nodes: one('Sub', {}, ['m']), constants: [floats('m', [1, 2, 1, 1], [1, 5])] },
      [1, 2, 5, 7],
      [0, 1, 0, 2],
    ],
    [
      'Div of a constant',
      { shape: ['n', 2], nodes: [{ operator: 'Div', inputs: ['c', 'x'], output: 'y' }], constants: [floats('c', [], [8])] },
      [2, 4],
      [4, 2],
    ],
    [
      'MatMul',
      { shape: ['n', 2], nodes: one('MatMul', {}, ['w']), constants: [floats('w', [2, 3], [1, 2, 3, 4, 5, 6])] },
      [1, 10, 2, 0],
      [41, 52, 63, 2, 4, 6],
    ],
    [
      'MatMul of rows',
      { shape: ['n', 2, 2], nodes: one('MatMul', {}, ['w']), constants: [floats('w', [2, 1], [1, 2])] },
      [1, 2, 3, 4],
      [5, 11],
    ],
    [
      'Gemm',
      {
        shape: ['n', 2],
        nodes: one('Gemm', { alpha: { float: 2 }, beta: { float: 3 } }, ['w', 'c']),
        constants: [floats('w', [2, 1], [1, 10]), floats('c', [1], [4])],
      },
      [1, 2],
      [54],
    ],
    ['GlobalAveragePool', { shape: ['n', 2, 2, 2], nodes: one('GlobalAveragePool') }, [1, 2, 3, 6, 0, 0, 0, 4], [3, 1]],
    ['GlobalMaxPool', { shape: ['n', 1, 4], nodes: one('GlobalMaxPool') }, [1, 7, 3, 6], [7]],
    [
      'AveragePool without pads',
      { shape: ['n', 1, 2, 2], nodes: one('AveragePool', { kernel_shape: [2, 2], pads: [1, 1, 0, 0] }) },
      [2, 4, 6, 8],
      [2, 3, 4, 5],
    ],
    [
      'AveragePool with pads',
      { shape: ['n', 1, 2, 2], nodes: one('AveragePool', { kernel_shape: [2, 2], pads: [1, 1, 0, 0], count_include_pad: 1 }) },
      [2, 4, 6, 8],
      [0.5, 1.5, 2, 5],
    ],
    [
      'MaxPool rounded up',
      { shape: ['n', 1, 3, 3], nodes: one('MaxPool', { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }) },
      counted(9),
      [5, 6, 8, 9],
    ],
    [
      'MaxPool of a signal',
      { shape: ['n', 1, 4], nodes: one('MaxPool', { kernel_shape: [3], strides: [1], pads: [1, 1] }) },
      [4, 3, 2, 1],
      [4, 4, 3, 2],
    ],
    [
      'Conv SAME_UPPER by twos',
      {
        shape: ['n', 1, 1, 5],
        nodes: one('Conv', { kernel_shape: [1, 2], strides: [1, 2], auto_pad: 'SAME_UPPER' }, ['w']),
        constants: [floats('w', [1, 1, 1, 2], [1, 10])],
      },
      counted(5),
      [21, 43, 5],
    ],
    [
      'Conv in groups',
      {
        shape: ['n', 2, 2],
        nodes: one('Conv', { group: 2 }, ['w', 'b']),
        constants: [floats('w', [2, 1, 1], [2, 3]), floats('b', [2], [1, 0])],
      },
      [1, 2, 3, 4],
      [3, 5, 9, 12],
    ],
    [
      'Conv with holes',
      { shape: ['n', 1, 5], nodes: one('Conv', { dilations: [2] }, ['w']), constants: [floats('w', [1, 1, 2], [1, 1])] },
      counted(5),
      [4, 6, 8],
    ],
    [
      'BatchNormalization',
      {
        shape: ['n', 2],
        nodes: one('BatchNormalization', { epsilon: { float: 0 } }, ['s', 'b', 'm', 'v']),
        constants: [floats('s', [2], [2, 1]), floats('b', [2], [1, 0]), floats('m', [2], [3, 0]), floats('v', [2], [4, 1])],
      },
      [5, 6],
      [3, 6],
    ],
    ['Transpose', { shape: ['n', 2, 3], nodes: one('Transpose', { perm: [0, 2, 1] }) }, counted(6), [1, 4, 2, 5, 3, 6]],
    [
      'Reshape',
      {
        shape: [1, 2, 3],
        nodes: [
          ...one('Reshape', {}, ['s']),
          { operator: 'Transpose', inputs: ['y'], output: 'z', attributes: { perm: [0, 2, 1] } },
        ],
        constants: [wholes('s', [1, 3, -1])],
      },
      counted(6),
      [1, 3, 5, 2, 4, 6],
    ],
    [
      'Unsqueeze and Squeeze',
      {
        shape: ['n', 2],
        nodes: [
          ...one('Unsqueeze', {}, ['a']),
          { operator: 'Squeeze', inputs: ['y', 'a'], output: 'z' },
          { operator: 'Relu', inputs: ['z'], output: 'r' },
        ],
        constants: [wholes('a', [1])],
      },
      [1, -2],
      [1, 0],
    ],
    [
      'a Constant, turned around',
      {
        shape: ['n', 2],
        nodes: [
          { operator: 'Constant', inputs: [], output: 'w', attributes: { value: floats('', [1, 2], [3, 4]) } },
          { operator: 'Transpose', inputs: ['w'], output: 't' },
          { operator: 'MatMul', inputs: ['x', 't'], output: 'y' },
          { operator: 'Dropout', inputs: ['y'], output: 'd' },
        ],
      },
      [1, 10],
      [43],
    ],
  ];
  it.each(cases)('%s', (_name, model, inputs, expected) => expect(answers(model, inputs)).toEqual(expected));

  it('Softmax, LogSoftmax, Sigmoid and Tanh agree with the mathematical functions', () => {
    const inputs = drawn(6, 3).map((x) => 9 * x);
    const softmax = (values: readonly number[]) => {
      const powers = values.map(Math.exp);
      return powers.map((power) => power / powers.reduce((a, b) => a + b));
    };
    const near = (nodes: readonly ForeignNode[], expected: readonly number[], opset = 17) => {
      const found = answers({ shape: ['n', 2, 3], nodes, opset }, inputs);
      for (const [at, value] of expected.entries()) expect(found[at]).toBeCloseTo(value, 6);
    };
    const lines = [inputs.slice(0, 3), inputs.slice(3)];
    near(one('Softmax'), lines.flatMap(softmax));
    near(
      one('LogSoftmax', { axis: 2 }),
      lines.flatMap((line) => softmax(line).map(Math.log)),
    );
    near(one('Softmax'), softmax(inputs), 11);
    const columns = [0, 1, 2].map((at) => softmax([inputs[at] as number, inputs[at + 3] as number]));
    near(
      one('Softmax', { axis: 1 }),
      [0, 1].flatMap((row) => columns.map((column) => column[row] as number)),
    );
    near(
      one('Sigmoid'),
      inputs.map((x) => 1 / (1 + Math.exp(-x))),
    );
    near(one('Tanh'), inputs.map(Math.tanh));
  });

  it.each([0, 1, 2, 3])('a convolution adds up what its definition says (%i)', (seed) => {
    const [channels, height, width, outputs, groups] = [4, 6, 7, 6, 2];
    const [kernel, strides, dilations, pads] = [
      [2, 3],
      [1 + (seed & 1), 2],
      [1 + (seed >> 1), 1],
      [1, 0, 2, 1],
    ] as const;
    const x = drawn(channels * height * width, seed);
    const w = drawn((outputs * channels * 6) / groups, seed + 9);
    const attributes = { kernel_shape: kernel, strides, dilations, pads, group: groups };
    const constants = [floats('w', [outputs, channels / groups, ...kernel], w)];
    const found = answers({ shape: ['n', channels, height, width], nodes: one('Conv', attributes, ['w']), constants }, x);
    const rows = Math.floor((height + 3 - dilations[0] - 1) / strides[0]) + 1;
    const columns = Math.floor((width + 1 - 3) / strides[1]) + 1;
    expect(found).toHaveLength(outputs * rows * columns);
    for (const [at, value] of found.entries()) {
      const [o, row, column] = [Math.floor(at / (rows * columns)), Math.floor(at / columns) % rows, at % columns];
      let sum = 0;
      for (let c = 0; c < 2; c++) {
        for (let ky = 0; ky < 2; ky++) {
          for (let kx = 0; kx < 3; kx++) {
            const [y, z] = [row * strides[0] + ky * dilations[0] - 1, column * strides[1] + kx];
            if (y < 0 || y >= height || z >= width) continue;
            const channel = Math.floor(o / 3) * 2 + c;
            sum += (x[(channel * height + y) * width + z] as number) * (w[((o * 2 + c) * 2 + ky) * 3 + kx] as number);
          }
        }
      }
      expect(value).toBeCloseTo(sum, 5);
    }
  });
});

describe('what is not run', () => {
  const refused: [string, ForeignModel, string, RegExp][] = [
    [
      'an operator',
      { shape: ['n', 2], nodes: one('Einsum') },
      'ONNX_UNSUPPORTED',
      /Node Einsum "\/y" uses the operator Einsum of ai.onnx version 17; run are Add, /,
    ],
    [
      'a domain',
      { shape: ['n', 2], nodes: [{ operator: 'Gelu', inputs: ['x'], output: 'y', domain: 'com.microsoft' }] },
      'ONNX_UNSUPPORTED',
      /Gelu of com.microsoft/,
    ],
    ['a version', { shape: ['n', 2], opset: 5, nodes: one('Relu') }, 'ONNX_UNSUPPORTED', /version 5 of the operators; 7 to/],
    ['a shape without a batch', { shape: [2], nodes: one('Relu') }, 'ONNX_UNSUPPORTED', /all dimensions but the batch/],
    ['an open dimension', { shape: ['n', 3, 'h', 'w'], nodes: one('Relu') }, 'ONNX_UNSUPPORTED', /must be given/],
    ['other numbers', { shape: ['n', 2], elemType: 2, nodes: one('Relu') }, 'ONNX_UNSUPPORTED', /of the type 2/],
    [
      'a shape that breaks up the batch',
      { shape: ['n', 2, 2], nodes: one('Reshape', {}, ['s']), constants: [wholes('s', [4, -1])] },
      'ONNX_UNSUPPORTED',
      /does not begin with the batch/,
    ],
    [
      'weights of another size',
      { shape: ['n', 3], nodes: one('MatMul', {}, ['w']), constants: [floats('w', [2, 1], [1, 2])] },
      'ONNX_GRAPH_INVALID',
      /do not fit 3/,
    ],
    [
      'a value that nobody makes',
      { shape: ['n', 3], nodes: one('Add', {}, ['nothing']) },
      'ONNX_GRAPH_INVALID',
      /"nothing".* made by no node/,
    ],
    ['a circle', { shape: ['n', 3], nodes: one('Add', {}, ['y']) }, 'ONNX_GRAPH_INVALID', /made by no node/],
    ['too much of one sample', { shape: ['n', 1 << 20, 1 << 10], nodes: one('Relu') }, 'ONNX_TOO_LARGE', /numbers in all layers/],
    [
      'too much work',
      { shape: ['n', 1, 2000, 2000], nodes: one('MaxPool', { kernel_shape: [999, 999], pads: [500, 500, 500, 500] }) },
      'ONNX_TOO_LARGE',
      /multiplications/,
    ],
    [
      'too many nodes',
      { shape: ['n', 1], nodes: Array.from({ length: 4_097 }, () => one('Relu')).flat() },
      'ONNX_TOO_LARGE',
      /4097 nodes/,
    ],
    [
      'a layer that needs too much room',
      {
        shape: ['n', 1, 1000, 1000],
        nodes: one('Conv', { pads: [99, 99, 99, 99] }, ['w']),
        constants: [floats('w', [1, 1, 100, 100], drawn(10_000, 1))],
      },
      'ONNX_TOO_LARGE',
      /to work in/,
    ],
  ];
  it.each(refused)('%s is refused with the reason', (_name, model, code, says) => {
    const load = () => loadOnnx(engine, foreignModel(model));
    expect(load).toThrow(expect.objectContaining({ code }));
    expect(load).toThrow(says);
  });

  it('samples that are not whole are refused', () => {
    const model = loadOnnx(engine, foreignModel({ shape: ['n', 2], nodes: one('Relu') }));
    expect(() => model.predict(new Float32Array(3))).toThrow(expect.objectContaining({ code: 'LEARNING_BATCH_INVALID' }));
  });
});
