import { describe, expect, it } from 'vitest';
import { NETPBM_MEDIA_TYPE, RAW_IMAGE_MEDIA_TYPE } from './image.ts';
import { imageClassify } from './image-classify.ts';
import { type ModelSource, modelDigest, type OpenModel } from './prediction-model.ts';
import { encodeSamples, JSON_MEDIA_TYPE, SAMPLES_MEDIA_TYPE } from './samples.ts';
import type { Service, ServiceInput } from './service.ts';
import { createServiceRegistry } from './service-registry.ts';
import { vibrationDiagnose } from './vibration-diagnose.ts';

/** A model in a line of text: the shape of a sample. Each of its classes is as likely as its part of the sample is large. */
const text = (shape: readonly number[], sampleRateHz?: number) =>
  new TextEncoder().encode(JSON.stringify({ shape, sampleRateHz }));

const open: OpenModel = (bytes) => {
  const { shape, sampleRateHz } = JSON.parse(new TextDecoder().decode(bytes)) as { shape: number[]; sampleRateHz?: number };
  const size = shape.reduce((product, each) => product * each, 1);
  const classNames = ['first', 'second', 'third'];
  return {
    inputShape: shape,
    classNames,
    ...(sampleRateHz !== undefined && { sampleRateHz }),
    classify(samples) {
      const result = new Float64Array((samples.length / size) * classNames.length);
      for (let at = 0; at < samples.length; at++) {
        const sample = Math.floor(at / size);
        const part = Math.floor(((at % size) * classNames.length) / size);
        const sum = samples.subarray(sample * size, (sample + 1) * size).reduce((total, each) => total + Math.abs(each), 0);
        result[sample * classNames.length + part] =
          (result[sample * classNames.length + part] as number) + Math.abs(samples[at] as number) / sum;
      }
      return result;
    },
  };
};

function sourceOf(...models: readonly Uint8Array[]): ModelSource & { asked: number } {
  const source = {
    asked: 0,
    async model(digest: string) {
      source.asked++;
      return models.find((bytes) => modelDigest(bytes) === digest);
    },
  };
  return source;
}

async function answer(service: Service, input: Omit<ServiceInput, 'parameters'> & Partial<ServiceInput>): Promise<unknown> {
  const bytes = await service.run({ parameters: {}, ...input });
  return JSON.parse(new TextDecoder().decode(bytes));
}

const netpbm = (header: string, pixels: readonly number[]) => Uint8Array.from([...new TextEncoder().encode(header), ...pixels]);

describe('image.classify', () => {
  const grey = text([1, 2, 3]);
  const service = imageClassify({ digest: modelDigest(grey), source: sourceOf(grey), open });
  const pixels = [0, 0, 50, 50, 150, 150];

  it('names the classes, most likely first, and the model', async () => {
    const expected = {
      model: modelDigest(grey),
      classes: [
        { name: 'third', share: 0.75 },
        { name: 'second', share: 0.25 },
      ],
    };
    const parameters = { classes: 2 };
    expect(await answer(service, { mediaType: RAW_IMAGE_MEDIA_TYPE, bytes: Uint8Array.from(pixels), parameters })).toEqual(
      expected,
    );
    const bytes = netpbm('P5\n# made by hand\n3 2\n255\n', pixels);
    expect(await answer(service, { mediaType: NETPBM_MEDIA_TYPE, bytes, parameters })).toEqual(expected);
  });

  it('takes colours apart into channels', async () => {
    const colour = text([3, 1, 2]);
    const own = imageClassify({ digest: modelDigest(colour), source: sourceOf(colour), open });
    const bytes = netpbm('P6 2 1 255\n', [10, 20, 30, 10, 20, 130]);
    expect(await answer(own, { mediaType: NETPBM_MEDIA_TYPE, bytes })).toMatchObject({
      classes: [{ name: 'third', share: 160 / 220 }, { name: 'second', share: 40 / 220 }, { name: 'first' }],
    });
  });

  const refused: [string, string, Uint8Array, RegExp][] = [
    ['too few pixels', RAW_IMAGE_MEDIA_TYPE, new Uint8Array(5), /takes 6 bytes, there are 5/],
    ['no image', NETPBM_MEDIA_TYPE, new Uint8Array(50), /no Netpbm/],
    ['another size', NETPBM_MEDIA_TYPE, netpbm('P5 2 3 255\n', pixels), /of 1 x 2 x 3, this one is 1 x 3 x 2/],
    ['colours', NETPBM_MEDIA_TYPE, netpbm('P6 3 2 255\n', pixels), /this one is 3 x/],
    ['16 bits', NETPBM_MEDIA_TYPE, netpbm('P5 3 2 65535\n', pixels), /must be 255/],
    ['an early end', NETPBM_MEDIA_TYPE, netpbm('P5 3 2 255\n', pixels.slice(1)), /take 6 bytes, there are 5/],
  ];
  it.each(refused)('refuses %s', async (_name, mediaType, bytes, says) => {
    await expect(answer(service, { mediaType, bytes })).rejects.toThrow(says);
    await expect(answer(service, { mediaType, bytes })).rejects.toThrow(
      expect.objectContaining({ code: 'SERVICE_INPUT_INVALID' }),
    );
  });

  it('refuses parameters that it does not know', async () => {
    const input = { mediaType: RAW_IMAGE_MEDIA_TYPE, bytes: Uint8Array.from(pixels) };
    await expect(answer(service, { ...input, parameters: { top: 1 } })).rejects.toThrow(/known: classes/);
    await expect(answer(service, { ...input, parameters: { classes: 0 } })).rejects.toThrow(/from 1 to 100/);
  });
});

describe('vibration.diagnose', () => {
  const model = text([1, 1, 3], 1_000);
  const service = vibrationDiagnose({ digest: modelDigest(model), source: sourceOf(model), open });
  const window = { sampleRateHz: 1_000, unit: 'm/s2' as const, axes: [Float32Array.of(0, 0, 4, 1, 1, 2, 9)] };

  it('cuts the samples into windows and gives the mean of their states', async () => {
    const expected = {
      model: modelDigest(model),
      sampleRateHz: 1_000,
      windows: 2,
      states: [
        { name: 'third', share: 0.75 },
        { name: 'first', share: 0.125 },
        { name: 'second', share: 0.125 },
      ],
      course: ['third', 'third'],
    };
    expect(await answer(service, { mediaType: SAMPLES_MEDIA_TYPE, bytes: encodeSamples(window) })).toEqual(expected);
    const json = new TextEncoder().encode(JSON.stringify({ ...window, axes: [[...(window.axes[0] ?? [])]] }));
    expect(await answer(service, { mediaType: JSON_MEDIA_TYPE, bytes: json })).toEqual(expected);
  });

  it('refuses windows that do not suit the model', async () => {
    const run = (changed: object) =>
      answer(service, { mediaType: SAMPLES_MEDIA_TYPE, bytes: encodeSamples({ ...window, ...changed }) });
    await expect(run({ sampleRateHz: 2_000 })).rejects.toThrow(/trained on 1000 samples a second/);
    await expect(run({ axes: [new Float32Array(2)] })).rejects.toThrow(/takes 3 samples/);
    await expect(run({ axes: [new Float32Array(3), new Float32Array(3)] })).rejects.toThrow(/takes 1 axes/);
    const input = { mediaType: SAMPLES_MEDIA_TYPE, bytes: encodeSamples(window), parameters: { a: 1 } };
    await expect(answer(service, input)).rejects.toThrow(/unknown parameter "a"/);
  });
});

describe('the model of a service', () => {
  const model = text([1, 1, 1]);
  const input = { mediaType: RAW_IMAGE_MEDIA_TYPE, bytes: Uint8Array.of(1) };

  it('is fetched once, when it is needed', async () => {
    const source = sourceOf(model);
    const service = imageClassify({ digest: modelDigest(model), source, open });
    expect(source.asked).toBe(0);
    await Promise.all([answer(service, input), answer(service, input)]);
    await answer(service, input);
    expect(source.asked).toBe(1);
    expect(createServiceRegistry([service]).names).toEqual(['image.classify']);
  });

  it('is asked for again after it was missing, and is not run when it is another', async () => {
    const here: Uint8Array[] = [];
    const source = { model: async () => here[0] };
    const service = imageClassify({ digest: modelDigest(model), source, open });
    await expect(answer(service, input)).rejects.toThrow(expect.objectContaining({ code: 'SERVICE_MODEL_MISSING' }));
    here[0] = text([1, 1, 2]);
    await expect(answer(service, input)).rejects.toThrow(expect.objectContaining({ code: 'SERVICE_MODEL_DIFFERS' }));
    here[0] = model;
    expect(await answer(service, input)).toMatchObject({ model: modelDigest(model) });
  });
});
