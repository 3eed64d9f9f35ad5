import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TreadleError } from '../../errors.ts';
import { createEngine, NETWORKS, Network, type NetworkDescription, seededUniform } from '../engine/index.ts';
import { readKernelBytes } from '../engine/testing/engines.ts';
import { exportOnnx } from './export-onnx.ts';
import { inspectOnnx } from './inspect-onnx.ts';
import { loadOnnx, probabilitiesOf } from './onnx-model.ts';

const simd = createEngine({ kernels: readKernelBytes() });
const plain = createEngine();

const numbers = (count: number, seed: number) => Float32Array.from({ length: count }, seededUniform(seed));
const rows = (count: number) => Array.from({ length: count }, (_, at) => at);

/** A network whose batch norm has seen something. */
function trained(description: NetworkDescription, seed = 1): Network {
  const network = new Network(simd, description, { seed });
  const inputs = numbers(4 * network.inputSize, seed);
  const labels = rows(4).map((at) => at % network.outputSize);
  for (let step = 0; step < 3; step++) {
    network.train({ inputs, labels }, rows(4), { optimiser: { type: 'sgd', learningRate: 0.05 } });
  }
  return network;
}

const exported = (network: Network, classNames?: readonly string[]) =>
  exportOnnx({ description: network.description, weights: network.copyWeights(), ...(classNames && { classNames }) });

describe('an exported network', () => {
  const everything: NetworkDescription = {
    name: 'everything',
    input: { channels: 2, height: 9, width: 11 },
    layers: [
      { type: 'batchNorm' },
      { type: 'convolution', channels: 3, kernel: 3, padding: 1 },
      { type: 'maxPool' },
      { type: 'convolution', channels: 4, kernel: 2 },
      { type: 'relu' },
      { type: 'flatten' },
      { type: 'dense', units: 7 },
      { type: 'batchNorm' },
      { type: 'relu' },
      { type: 'dense', units: 3 },
    ],
  };
  const { mnist, fashion, cifarSmall, mlp } = NETWORKS;
  const networks: NetworkDescription[] = [mnist, fashion, cifarSmall, mlp, everything];

  it.each(networks)('predicts the very bits of the network when it is loaded again: $name', (description) => {
    const network = trained(description);
    const model = loadOnnx(simd, exported(network));
    const inputs = numbers(5 * network.inputSize, 7);
    expect(model.predict(inputs)).toEqual(network.predict(inputs, rows(5)));
    expect(model.inputShape).toEqual(Object.values(description.input));
  });

  it('predicts the same bits without compiled kernels, and for any batch', () => {
    const network = trained(everything);
    const bytes = exported(network);
    const inputs = numbers(120 * network.inputSize, 3);
    const together = loadOnnx(simd, bytes).predict(inputs);
    const model = loadOnnx(plain, bytes);
    const alone = rows(120).map((at) => model.predict(inputs.subarray(at * network.inputSize, (at + 1) * network.inputSize)));
    expect(alone.flatMap((each) => [...each])).toEqual([...together]);
  });

  it('carries class names, scaling and the digest of its weights, and gives probabilities', () => {
    const network = trained(everything);
    const weights = network.copyWeights();
    const notes = {
      classNames: ['sound', 'worn', 'broken'],
      scaling: { mean: [1, 2], deviation: [3, 4] },
      sampleRateHz: 12_000,
    };
    const bytes = exportOnnx({ description: everything, weights, ...notes });
    expect(exportOnnx({ description: everything, weights, ...notes })).toEqual(bytes);
    expect(inspectOnnx(bytes)).toMatchObject({
      name: 'everything',
      producer: 'treadle',
      opsets: [{ domain: 'ai.onnx', version: 13, runs: true }],
      inputs: [{ name: 'input', shape: ['batch', 2, 9, 11] }],
      outputs: [{ name: 'scores' }, { name: 'probabilities', shape: ['batch', 3] }],
      constants: network.weightCount,
      notes: { ...notes, weightsDigest: expect.stringMatching(/^0x[0-9a-f]{64}$/) },
    });
    const inputs = numbers(network.inputSize, 5);
    const scores = loadOnnx(simd, bytes).predict(inputs);
    const probabilities = loadOnnx(simd, bytes, { output: 'probabilities' }).predict(inputs);
    expect([...probabilities]).toEqual([...Float32Array.from(probabilitiesOf(scores))]);
    const model = loadOnnx(simd, bytes);
    expect(model.classify(inputs)).toEqual(probabilitiesOf(scores));
    expect(loadOnnx(simd, bytes, { output: 'probabilities' }).classify(inputs)).toEqual(Float64Array.from(probabilities));
    expect(model.classNames).toEqual(notes.classNames);
    const standardised = model.standardise(new Float32Array(model.inputSize).fill(7));
    expect([standardised[0], standardised.at(-1)]).toEqual([2, 1.25]);
  });

  it('is refused when weights or classes are not as many as the network has', () => {
    const refused = (weights: number, classNames?: string[]) => () =>
      exportOnnx({ description: NETWORKS.mnist, weights: new Float32Array(weights), ...(classNames && { classNames }) });
    expect(refused(8_489)).toThrow(expect.objectContaining({ code: 'LEARNING_BATCH_INVALID' }));
    expect(refused(8_490, ['a'])).toThrow(/10 classes, 1 names/);
  });
});

describe('a damaged file', () => {
  const network = trained({
    name: 'small',
    input: { channels: 1, height: 6, width: 6 },
    layers: [{ type: 'convolution', channels: 2, kernel: 3 }, { type: 'relu' }, { type: 'flatten' }, { type: 'dense', units: 2 }],
  });
  const bytes = exported(network, ['a', 'b']);
  const input = numbers(36, 1);

  it('is refused with a code, or read as another model, whatever bytes are changed', () => {
    const change = fc.record({ at: fc.nat(bytes.length - 1), value: fc.nat(255) });
    const damage = fc.record({ changes: fc.array(change, { maxLength: 6 }), length: fc.nat(bytes.length) });
    let refused = 0;
    fc.assert(
      fc.property(damage, fc.boolean(), ({ changes, length }, cut) => {
        const copy = bytes.slice(0, cut ? length : bytes.length);
        for (const { at, value } of changes) if (at < copy.length) copy[at] = value;
        try {
          inspectOnnx(copy);
          const model = loadOnnx(plain, copy);
          if (model.inputSize === 36) expect(model.predict(input)).toHaveLength(model.outputSize);
        } catch (error) {
          refused++;
          expect(error instanceof TreadleError && error.code).toMatch(/^ONNX_/);
        }
      }),
      { numRuns: 3_000 },
    );
    expect(refused).toBeGreaterThan(500);
  });

  it('is refused when it is none at all', () => {
    for (const text of ['', 'NOT A MODEL', '\u0000', '\n'.repeat(1000)]) {
      const bytes = new TextEncoder().encode(text);
      expect(() => loadOnnx(plain, bytes)).toThrow(expect.objectContaining({ code: 'ONNX_FILE_INVALID' }));
    }
  });
});
