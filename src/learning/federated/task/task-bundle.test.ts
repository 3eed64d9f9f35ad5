import { describe, expect, it } from 'vitest';
import { keyFrom } from '../../../crypto/index.ts';
import { fedAvg } from '../aggregation/averaging.ts';
import { updateDigest } from '../round/messages.ts';
import { checkTaskBundle, decodeTaskBundle, encodeTaskBundle, type SignedUpdate, type TaskBundle } from './task-bundle.ts';
import type { TaskRound } from './task-round.ts';

const keys = [1, 2, 3].map((byte) => keyFrom(new Uint8Array(32).fill(byte))).sort((a, b) => (a.address < b.address ? -1 : 1));
const digest = (byte: string) => `0x${byte.repeat(32)}` as const;
const task: TaskRound = {
  ...{ training: '7:1', round: 2, previous: { digest: digest('aa'), sizeBytes: 8 }, quorum: 2, seed: '1' },
  clients: keys.map(({ address }) => ({ node: address, samples: 50 })),
  order: { epochs: 1, batchSize: 10, optimiser: { type: 'sgd', learningRate: 0.1 }, seed: '1' },
  ...{ strategy: fedAvg(), before: [], wantsClaims: false },
};

function update(number: number, change: Partial<SignedUpdate> = {}): SignedUpdate {
  const key = keys[number] ?? expect.fail('no such key');
  const plain = { weights: { digest: digest(`0${number}`), sizeBytes: 8 }, samples: 50, claimedLoss: Number.NaN, ...change };
  const signature = key.sign(updateDigest({ ...plain, training: task.training, round: task.round }, task.previous.digest));
  return { client: key.address, signature, ...plain };
}

const whole = (change: Partial<TaskBundle> = {}): TaskBundle => ({
  ...{ training: '7:1', round: 2, previous: digest('aa'), updates: [update(0), update(1)] },
  absent: [{ client: keys[2]?.address ?? '', reason: 'late' }],
  ...change,
});

describe('the bundle of a round', () => {
  it('is read as it was written, and holds', () => {
    const bundle = decodeTaskBundle(encodeTaskBundle(whole()));
    expect(bundle).toEqual(whole());
    expect(() => checkTaskBundle(bundle, task)).not.toThrow();
  });

  it.each<[string, TaskBundle]>([
    ['of another round', whole({ round: 3 })],
    ['of another training', whole({ training: '7:2' })],
    ['after another model', whole({ previous: digest('bb') })],
    ['with fewer updates than the quorum', whole({ updates: [update(0)] })],
    ['with an update twice', whole({ updates: [update(0), update(0)] })],
    ['in another order', whole({ updates: [update(1), update(0)] })],
    ['with more samples than were enrolled', whole({ updates: [update(0), update(1, { samples: 51 })] })],
    [
      'with weights of another size',
      whole({ updates: [update(0), update(1, { weights: { digest: digest('01'), sizeBytes: 4 } })] }),
    ],
    ['with an update that another signed', whole({ updates: [update(0), { ...update(1), signature: update(0).signature }] })],
    ['with weights that were not signed', whole({ updates: [update(0), { ...update(1), weights: update(0).weights }] })],
    ['with somebody who gave something as absent', whole({ absent: [{ client: keys[0]?.address ?? '', reason: 'late' }] })],
    ['with a stranger as absent', whole({ absent: [{ client: '0x00', reason: 'late' }] })],
  ])('is refused %s', (_name, bundle) => {
    expect(() => checkTaskBundle(bundle, task)).toThrow(expect.objectContaining({ code: 'FEDERATED_BUNDLE_INVALID' }));
  });
});
