import { describe, expect, it } from 'vitest';
import { readKernelBytes } from '../learning/engine/testing/engines.ts';
import {
  BEARING_STATES,
  bearingDataset,
  createEngine,
  exportOnnx,
  NETWORKS,
  Network,
  seededUniform,
  withBearingOrders,
} from '../learning/index.ts';
import { encodeSamples, modelDigest, RAW_IMAGE_MEDIA_TYPE, SAMPLES_MEDIA_TYPE, type Service } from '../market/index.ts';
import { modelServices } from './model-services.ts';

const engine = createEngine({ kernels: readKernelBytes() });

const images = exportOnnx({
  description: NETWORKS.mnist,
  weights: new Network(engine, NETWORKS.mnist, { seed: 3 }).copyWeights(),
  classNames: Array.from({ length: 10 }, (_, at) => `digit ${at}`),
  scaling: { mean: [33], deviation: [78] },
});

const bearing = {
  name: 'bearing',
  input: { channels: 1, height: 1, width: 256 },
  layers: [{ type: 'flatten' as const }, { type: 'dense' as const, units: BEARING_STATES.length }],
};
const vibrations = exportOnnx({
  description: bearing,
  weights: new Network(engine, bearing, { seed: 4 }).copyWeights(),
  classNames: BEARING_STATES,
  sampleRateHz: 12_000,
});

const models = new Map([
  ['image.classify', images],
  ['vibration.diagnose', vibrations],
]);
const compiled = modelServices(models, readKernelBytes());
const plain = modelServices(models);

async function run(service: Service | undefined, mediaType: string, bytes: Uint8Array): Promise<string> {
  return new TextDecoder().decode(await (service as Service).run({ mediaType, bytes, parameters: {} }));
}

describe('services that run models', () => {
  it('answer in the same bytes on every node, so that a result can be checked by running it again', async () => {
    const uniform = seededUniform(8);
    const image = Uint8Array.from({ length: 784 }, () => 128 + 127 * uniform());
    const answer = await run(compiled[0], RAW_IMAGE_MEDIA_TYPE, image);
    expect(await run(plain[0], RAW_IMAGE_MEDIA_TYPE, image)).toBe(answer);
    const inputs = Float32Array.from(image, (pixel) => (pixel - 33) / 78);
    const scores = new Network(engine, NETWORKS.mnist, { seed: 3 }).predict(inputs, [0]);
    expect(JSON.parse(answer)).toMatchObject({
      model: modelDigest(images),
      classes: [{ name: `digit ${scores.indexOf(Math.max(...scores))}` }, {}, {}, {}, {}],
    });
    const axes = [Float32Array.from({ length: 1_000 }, uniform)];
    const window = encodeSamples({ sampleRateHz: 12_000, unit: 'g', axes });
    const diagnosis = await run(compiled[1], SAMPLES_MEDIA_TYPE, window);
    expect(await run(plain[1], SAMPLES_MEDIA_TYPE, window)).toBe(diagnosis);
    expect(JSON.parse(diagnosis)).toMatchObject({ model: modelDigest(vibrations), windows: 3 });
  });

  it('make what a model says it takes of the window that was measured', async () => {
    const description = NETWORKS.bearing;
    const weights = new Network(engine, description, { seed: 4 }).copyWeights();
    const scaling = { mean: new Array<number>(75).fill(0.1), deviation: new Array<number>(75).fill(2) };
    const names = ['sound', 'inner race', 'outer race', 'ball', 'cage'];
    const about = { description, weights, classNames: names, scaling, sampleRateHz: 12_000 };
    const model = exportOnnx({ ...about, preparation: 'bearing-orders' });
    const [service] = modelServices(new Map([['vibration.diagnose', model]]));
    const dataset = bearingDataset({ machines: 1, windowsEach: 4 });
    const axis = dataset.test.values.slice(0, 2 * 4_096);
    const window = encodeSamples({ sampleRateHz: 12_000, unit: 'm/s2', axes: [axis] });
    const answer = JSON.parse(await run(service, SAMPLES_MEDIA_TYPE, window));
    const orders = withBearingOrders(dataset).test.values.map((value) => (value - 0.1) / 2);
    const scores = new Network(engine, description, { seed: 4 }).predict(orders, [0, 1]);
    const course = [0, 1].map((at) => {
      const own = scores.subarray(at * 5, at * 5 + 5);
      return names[own.indexOf(Math.max(...own))];
    });
    expect(answer).toMatchObject({ windows: 2, course });
    // A model of something else cannot take orders.
    const other = exportOnnx({
      description: NETWORKS.mnist,
      weights: new Network(engine, NETWORKS.mnist, { seed: 1 }).copyWeights(),
      preparation: 'bearing-orders',
    });
    const [wrong] = modelServices(new Map([['vibration.diagnose', other]]));
    await expect(run(wrong, SAMPLES_MEDIA_TYPE, window)).rejects.toMatchObject({ code: 'LEARNING_BATCH_INVALID' });
  });

  it('are refused under a name that runs no model', () => {
    expect(() => modelServices(new Map([['vibration.spectrum', images]]))).toThrow(/run by image.classify, vibration.diagnose/);
  });
});
