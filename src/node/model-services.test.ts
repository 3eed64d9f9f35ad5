import { describe, expect, it } from 'vitest';
import { readKernelBytes } from '../learning/engine/testing/engines.ts';
import { BEARING_STATES, createEngine, exportOnnx, NETWORKS, Network, seededUniform } from '../learning/index.ts';
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

  it('are refused under a name that runs no model', () => {
    expect(() => modelServices(new Map([['vibration.spectrum', images]]))).toThrow(/run by image.classify, vibration.diagnose/);
  });
});
