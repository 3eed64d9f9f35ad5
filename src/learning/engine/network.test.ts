import { describe, expect, it } from 'vitest';
import { sha256 } from '../../crypto/index.ts';
import { NETWORKS } from './catalogue.ts';
import type { Engine } from './engine.ts';
import { Network, type TrainingSamples } from './network.ts';
import { type LayerDescription, type NetworkDescription, sizeOf } from './network-description.ts';
import type { LossDescription, OptimiserDescription } from './optimiser.ts';
import { seededUniform } from './seeded-uniform.ts';
import { allEngines } from './testing/engines.ts';

const engines = allEngines();

function makeSamples(description: NetworkDescription, count: number, outputs: number): TrainingSamples {
  const uniform = seededUniform(7);
  const draw = (length: number) => Float32Array.from({ length }, uniform);
  return {
    inputs: draw(count * sizeOf(description.input)),
    labels: Array.from({ length: count }, (_, at) => (at * 7) % outputs),
    targets: draw(count * outputs),
  };
}

const rowsOf = (count: number) => Array.from({ length: count }, (_, at) => at);

describe('gradients', () => {
  const convolution: LayerDescription = { type: 'convolution', channels: 4, kernel: 3 };
  const head: readonly LayerDescription[] = [{ type: 'flatten' }, { type: 'dense', units: 3 }];
  const input = { channels: 2, height: 6, width: 10 };
  const crossEntropy: LossDescription = { type: 'crossEntropy' };
  const cases: readonly (readonly [name: string, layers: readonly LayerDescription[], loss: LossDescription])[] = [
    ['dense', head, crossEntropy],
    ['dense, mean squared error', head, { type: 'meanSquaredError' }],
    ['dense, Huber', head, { type: 'huber', delta: 0.3 }],
    ['relu', [...head, { type: 'relu' }, { type: 'dense', units: 3 }], crossEntropy],
    ['direct convolution', [convolution, ...head], crossEntropy],
    ['two direct convolutions', [convolution, { type: 'convolution', channels: 3, kernel: 1 }, ...head], crossEntropy],
    ['convolution by products', [{ ...convolution, padding: 1 }, { ...convolution, padding: 2 }, ...head], crossEntropy],
    ['pooling', [{ ...convolution, padding: 1 }, { type: 'maxPool' }, ...head], crossEntropy],
    ['pooling and rectifier', [{ ...convolution, padding: 1 }, { type: 'maxPool' }, { type: 'relu' }, ...head], crossEntropy],
    ['batch norm', [convolution, { type: 'batchNorm' }, ...head], crossEntropy],
    ['batch norm first', [{ type: 'batchNorm' }, convolution, ...head], crossEntropy],
  ];

  it.each(cases)('agree with finite differences: %s', (_name, layers, loss) => {
    const network = new Network(engines.simd, { name: 'test', input, layers }, { seed: 3 });
    const samples = makeSamples(network.description, 4, 3);
    network.computeGradients(samples, rowsOf(4), loss);
    const gradients = network.gradients.slice();
    const start = network.copyWeights();
    const lossAt = (index: number, value: number) => {
      const weights = start.slice();
      weights[index] = value;
      network.setWeights(weights);
      return { loss: network.computeGradients(samples, rowsOf(4), loss), moved: weights[index] as number };
    };
    const largest = Math.max(...gradients.map(Math.abs));
    const stride = Math.max(1, Math.floor(gradients.length / 60));
    let wrong = 0;
    for (let i = 0; i < gradients.length; i += stride) {
      const [up, down] = [lossAt(i, (start[i] as number) + 2e-3), lossAt(i, (start[i] as number) - 2e-3)];
      const slope = (up.loss - down.loss) / (up.moved - down.moved);
      if (Math.abs(slope - (gradients[i] as number)) > 0.01 * largest) wrong++;
    }
    // A kink of the rectifier or of pooling may lie within the difference, once in a while.
    expect(largest).toBeGreaterThan(1e-3);
    expect(wrong).toBeLessThanOrEqual(layers.some(({ type }) => type === 'relu' || type === 'maxPool') ? 2 : 0);
  });
});

describe('training', () => {
  const sgd: OptimiserDescription = { type: 'sgd', learningRate: 0.05, momentum: 0.9, weightDecay: 1e-4, proximal: 0.01 };
  const adam: OptimiserDescription = { type: 'adam', learningRate: 1e-3 };

  function hashAfter(engine: Engine, name: keyof typeof NETWORKS, steps: number, optimiser = sgd): string {
    const network = new Network(engine, NETWORKS[name], { seed: 1 });
    const samples = makeSamples(network.description, 12, 10);
    for (let step = 0; step < steps; step++) {
      network.train(samples, rowsOf(12).slice(step % 3, 10 + (step % 3)), { optimiser });
    }
    return Buffer.from(sha256(new Uint8Array(network.copyWeights().buffer))).toString('hex');
  }

  /** The weights of a seed: whoever changes them on purpose changes what every earlier run can be checked against. */
  const GOLDEN = {
    mnist: '78258e63cd5154d025ac69dc4edbc2e00a76f435246b6e47663728eb9b208cb5',
    fashion: 'bce68c536cbfa61f541b5983d7a2696313468f3c6a69f848bd043ccb9206d223',
    cifarSmall: 'aa5113f54b80e1482d6e26e2411a3f9d35478d97a012cc01ad7dc5c310db3bb4',
    mlp: '8c5ead2d6c82178e94f746f751ca6167c061bfdfe7ceff1babc4b1421677e966',
  } as const;

  it.each(Object.entries(GOLDEN))('gives the golden weights: %s', (name, golden) => {
    expect(hashAfter(engines.simd, name as keyof typeof GOLDEN, 20)).toBe(golden);
  });

  it('gives the same bits in TypeScript as in WebAssembly', () => {
    for (const optimiser of [sgd, adam]) {
      for (const name of ['mnist', 'fashion', 'mlp'] as const) {
        expect(hashAfter(engines.typescript, name, 3, optimiser)).toBe(hashAfter(engines.simd, name, 3, optimiser));
      }
    }
  });

  it('stays close to that with fast math', () => {
    const weightsOf = (engine: Engine) => {
      const network = new Network(engine, NETWORKS.mnist, { seed: 1 });
      const samples = makeSamples(network.description, 10, 10);
      for (let step = 0; step < 10; step++) network.train(samples, rowsOf(10), { optimiser: sgd });
      return network.copyWeights();
    };
    const [plain, relaxed] = [weightsOf(engines.simd), weightsOf(engines.relaxed)];
    expect(Math.max(...plain.map((value, at) => Math.abs(value - (relaxed[at] as number))))).toBeLessThan(1e-4);
  });

  it.each([['sgd', sgd] as const, ['adam', adam] as const])('learns by heart: %s', (_name, optimiser) => {
    const network = new Network(engines.simd, NETWORKS.mnist, { seed: 2 });
    const samples = makeSamples(network.description, 30, 10);
    const before = network.evaluate(samples);
    for (let step = 0; step < 400; step++) {
      const rows = rowsOf(10).map((row) => row + (step % 3) * 10);
      network.train(samples, rows, {
        optimiser: optimiser.type === 'sgd' ? { type: 'sgd', learningRate: 0.05, momentum: 0.9 } : optimiser,
      });
    }
    const after = network.evaluate(samples);
    expect(after.accuracy).toBe(1);
    expect(after.loss).toBeLessThan(before.loss / 10);
  });

  it('holds weights near the anchor when the proximal term is strong', () => {
    const distanceWith = (proximal: number) => {
      const network = new Network(engines.simd, NETWORKS.mlp, { seed: 2 });
      const samples = makeSamples(network.description, 10, 10);
      network.setAnchor();
      const start = network.copyWeights();
      for (let step = 0; step < 50; step++) {
        network.train(samples, rowsOf(10), { optimiser: { type: 'sgd', learningRate: 0.05, proximal } });
      }
      return Math.sqrt(network.copyWeights().reduce((sum, value, at) => sum + (value - (start[at] as number)) ** 2, 0));
    };
    expect(distanceWith(5)).toBeLessThan(distanceWith(0) / 3);
  });
});

describe('a network', () => {
  it('has the size of its table', () => {
    const countOf = (name: keyof typeof NETWORKS) => new Network(engines.typescript, NETWORKS[name], { seed: 1 }).parameterCount;
    expect([countOf('mnist'), countOf('fashion'), countOf('cifarSmall'), countOf('mlp')]).toEqual([
      8_490, 29_034, 106_538, 159_010,
    ]);
    expect(countOf('cifar')).toBe(9_225_610);
  });

  it('predicts the same for a sample, whatever stands beside it', () => {
    const network = new Network(engines.simd, NETWORKS.fashion, { seed: 5 });
    const samples = makeSamples(network.description, 20, 10);
    for (let step = 0; step < 5; step++) {
      network.train(samples, rowsOf(20), { optimiser: { type: 'sgd', learningRate: 0.1 } });
    }
    const together = network.predict(samples.inputs, rowsOf(20));
    for (const row of [0, 7, 19]) {
      expect(network.predict(samples.inputs, [row])).toEqual(together.slice(row * 10, row * 10 + 10));
    }
  });

  it('takes over the weights of another', () => {
    const [one, other] = [1, 2].map((seed) => new Network(engines.simd, NETWORKS.fashion, { seed })) as [Network, Network];
    const { inputs } = makeSamples(one.description, 3, 10);
    expect(one.predict(inputs, rowsOf(3))).not.toEqual(other.predict(inputs, rowsOf(3)));
    other.setWeights(one.copyWeights());
    expect(one.predict(inputs, rowsOf(3))).toEqual(other.predict(inputs, rowsOf(3)));
  });

  it('says what does not fit', () => {
    const network = new Network(engines.typescript, NETWORKS.mlp, { seed: 1 });
    const samples = makeSamples(network.description, 2, 10);
    const invalid = expect.objectContaining({ code: 'LEARNING_BATCH_INVALID' });
    expect(() => network.setWeights(new Float32Array(3))).toThrow(invalid);
    expect(() => network.predict(samples.inputs, [2])).toThrow(invalid);
    expect(() => network.predict(samples.inputs, [])).toThrow(invalid);
    expect(() => network.computeGradients({ ...samples, labels: [10, 10] }, [0])).toThrow(invalid);
    expect(() => network.computeGradients({ inputs: samples.inputs }, [0])).toThrow(invalid);
    const describe = (layers: readonly LayerDescription[]) => () =>
      new Network(engines.typescript, { name: 'wrong', input: { channels: 1, height: 4, width: 4 }, layers }, { seed: 1 });
    const wrong = (detail: string) =>
      expect.objectContaining({ code: 'LEARNING_NETWORK_INVALID', detail: expect.stringContaining(detail) });
    expect(describe([{ type: 'dense', units: 2 }])).toThrow(wrong('flatten'));
    expect(describe([])).toThrow(wrong('no layers'));
    expect(describe([{ type: 'convolution', channels: 2, kernel: 5 }])).toThrow(wrong('layer 1'));
    expect(describe([{ type: 'flatten' }, { type: 'dense', units: 0 }])).toThrow(wrong('layer 2'));
    expect(describe([{ type: 'relu' }])).toThrow(wrong('last layer'));
  });
});
