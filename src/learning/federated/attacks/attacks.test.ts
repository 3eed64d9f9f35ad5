import { describe, expect, it } from 'vitest';
import { findPlugin, readPluginChoice } from '../plugin.ts';
import { attackContext } from '../run/job.ts';
import { weightsFromBytes, weightsToBytes } from '../weights.ts';
import type { AttackContext, ClientSamples } from './attack.ts';
import { ATTACKS } from './catalogue.ts';
import { usualZ } from './on-weights.ts';

const global = Float32Array.from({ length: 2000 }, (_, at) => Math.sin(at));
const trained = global.map((weight, at) => weight + Math.fround(0.01 * Math.cos(at)));
const context = (change: Partial<Parameters<typeof attackContext>[0]> = {}): AttackContext =>
  attackContext({ seed: '1', round: 3, client: 'client-1', global, clients: 10, malicious: 3, ...change });
const attack = (text: string) => {
  const { name, settings } = readPluginChoice(text, ATTACKS);
  return findPlugin(name, ATTACKS).make(settings);
};

/** Images of 1 x 4 x 4 whose every number is their row. */
const data: ClientSamples = {
  samples: {
    inputs: Float32Array.from({ length: 5 * 16 }, (_, at) => Math.floor(at / 16)),
    labels: Uint8Array.of(0, 1, 2, 3, 4),
  },
  rows: Uint32Array.of(0, 1, 2, 3, 4),
  classes: 5,
  shape: { channels: 1, height: 4, width: 4 },
};

describe('attacks on weights', () => {
  it('random weights have nothing to do with the model', () => {
    const numbers = attack('random-weights:deviation=2').instead?.(context()) as Float32Array;
    const mean = numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
    const deviation = Math.sqrt(numbers.reduce((sum, each) => sum + (each - mean) ** 2, 0) / numbers.length);
    expect(Math.abs(mean)).toBeLessThan(0.2);
    expect(deviation).toBeCloseTo(2, 0);
    const said = attack('random-weights').claim?.({ weights: trained, loss: 1, samples: 60, claimedLoss: 2 }, context());
    expect(said?.samples).toBe(60);
    expect(said?.claimedLoss).not.toBe(2);
  });

  it.each([
    ['sign-flip', -1],
    ['sign-flip:factor=3', -3],
    ['scaled-update', 10],
    ['scaled-update:factor=2', 2],
  ])('%s goes %i times as far', (text, factor) => {
    const sent = attack(text).change?.(trained, context()) as Float32Array;
    for (const at of [0, 7, 1999]) {
      const step = (trained[at] as number) - (global[at] as number);
      expect((sent[at] as number) - (global[at] as number)).toBeCloseTo(factor * step, 5);
    }
  });

  it('a little is enough lies z deviations from the mean', () => {
    const vectors = [Float32Array.of(1, 5), Float32Array.of(3, 5)];
    const sent = attack('a-little-is-enough:z=1.5').conspire?.(vectors, context()) as Float32Array;
    expect([...sent]).toEqual([0.5, 5]);
  });

  it('and chooses z by the normal quantile', () => {
    // 50 clients, 24 malicious: s = 2, (50 - 24 - 2) / 26 = 0.923, as in the example of the paper (z = 1.43).
    expect(usualZ(50, 24)).toBeCloseTo(1.426, 2);
    expect(usualZ(10, 3)).toBeCloseTo(0.18, 2);
    expect(usualZ(10, 0)).toBe(0);
  });

  it('a free rider stays near the model and can claim more samples', () => {
    const rider = attack('free-rider:samples=10');
    const sent = rider.instead?.(context()) as Float32Array;
    expect(Math.max(...sent.map((weight, at) => Math.abs(weight - (global[at] as number))))).toBeLessThan(0.01);
    expect(rider.claim?.({ weights: sent, loss: 0, samples: 6, claimedLoss: 1 }, context()).samples).toBe(60);
  });

  it('colluders send the same vector, longer than what they trained', () => {
    const { conspire } = attack('colluders:factor=3');
    const first = conspire?.([trained, trained], context({ client: 'x' })) as Float32Array;
    expect(conspire?.([trained, trained], context({ client: 'y' }))).toEqual(first);
    const length = (vector: Float32Array) => Math.hypot(...vector.map((weight, at) => weight - (global[at] as number)));
    expect(length(first)).toBeCloseTo(3 * length(trained), 3);
  });

  it.each(['tamper-upload', 'tamper-download'])('%s changes bytes, and weights still look like some', (text) => {
    const { upload, download } = attack(`${text}:every=100`);
    const bytes = weightsToBytes(trained);
    const changed = (upload ?? download)?.(bytes, context()) as Uint8Array;
    expect(changed).toHaveLength(bytes.length);
    expect(changed).not.toEqual(bytes);
    expect(weightsFromBytes(changed).every(Number.isFinite)).toBe(true);
  });

  it('are drawn from seed, round and client', () => {
    const draw = (change: Parameters<typeof context>[0]) => attack('random-weights').instead?.(context(change)) as Float32Array;
    expect(draw({})).toEqual(draw({}));
    for (const change of [{ seed: '2' }, { round: 4 }, { client: 'other' }]) expect(draw(change)).not.toEqual(draw({}));
  });
});

describe('attacks on data', () => {
  it('label flip turns labels round and leaves the rest', () => {
    const spoilt = attack('label-flip').poison?.(data, context());
    expect(Array.from(spoilt?.labels ?? [])).toEqual([4, 3, 2, 1, 0]);
    expect(spoilt?.inputs).toBe(data.samples.inputs);
  });

  it('backdoor marks a corner of some samples and labels them as the target', () => {
    const spoilt = attack('backdoor:target=2,share=1,size=2').poison?.(data, context());
    expect(Array.from(spoilt?.labels ?? [])).toEqual([2, 2, 2, 2, 2]);
    expect([...(spoilt?.inputs.subarray(16, 32) ?? [])]).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4, 4, 1, 1, 4, 4]);
    const { inputs, target } = attack('backdoor:target=2,size=1').trigger?.(data) ?? { inputs: [], target: 0 };
    expect([target, inputs[15], inputs[14]]).toEqual([2, 4, 0]);
    expect(data.samples.inputs[15]).toBe(0);
  });

  it('backdoor can be made longer', () => {
    expect(attack('backdoor').change).toBeUndefined();
    expect(attack('backdoor:factor=2').change?.(Float32Array.of(3), context({ global: Float32Array.of(1) }))[0]).toBe(5);
  });
});
