import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../crypto/index.ts';
import { hasCode } from '../../../errors.ts';
import {
  type ClientRequest,
  decodeAnswer,
  decodeClientRequest,
  decodeUpdate,
  encodeAnswer,
  encodeClientRequest,
  encodeUpdate,
} from './messages.ts';
import { checkRecordChain } from './record-chain.ts';
import { decodeRoundRecord, digestOfRoundRecord, encodeRoundRecord, type RoundRecord, shortText } from './round-record.ts';

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);
const text = fc.string({ maxLength: 30 });
const count = fc.integer({ min: 0, max: 10_000 });
const number = fc.double();
const reference = fc.record({ digest, sizeBytes: count });
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const optimiser = fc.oneof(
  fc.record({ type: fc.constant('sgd' as const), learningRate: finite, weightDecay: finite, proximal: finite, momentum: finite }),
  fc.record({
    ...{ type: fc.constant('adam' as const), learningRate: finite, weightDecay: finite, proximal: finite },
    ...{ beta1: finite, beta2: finite, epsilon: finite },
  }),
);
const order = fc.record({
  epochs: fc.integer({ min: 1, max: 100 }),
  batchSize: fc.integer({ min: 1, max: 100 }),
  optimiser,
  seed: text,
});
const head = { training: text, round: count };
const request: fc.Arbitrary<ClientRequest> = fc.oneof(
  fc.record({ type: fc.constant('invite' as const), ...head }),
  fc.record({ type: fc.constant('finish' as const), ...head, model: reference }),
  fc.record({ type: fc.constant('order' as const), ...head, model: reference, order, claim: fc.boolean(), withinMicros: count }),
);
const given = { client: text, digest, samples: count };
const record: fc.Arbitrary<RoundRecord> = fc.record({
  ...{ training: text, round: count, previous: digest, digest },
  accepted: fc.array(fc.record({ ...given, share: number }), { maxLength: 4 }),
  rejected: fc.array(fc.record({ ...given, reason: text }), { maxLength: 4 }),
  absent: fc.array(fc.record({ client: text, reason: text }), { maxLength: 4 }),
  metrics: fc.record(
    { accuracy: number, loss: number, evaluations: count, triggered: number },
    { requiredKeys: ['accuracy', 'loss', 'evaluations'] },
  ),
});

describe('messages of a training', () => {
  it('are read as they were written', () => {
    fc.assert(fc.property(request, (each) => void expect(decodeClientRequest(encodeClientRequest(each))).toEqual(each)));
    fc.assert(
      fc.property(
        fc.record({ ...head, weights: reference, samples: count, claimedLoss: number }),
        (each) => void expect(decodeUpdate(encodeUpdate(each))).toEqual(each),
      ),
    );
    fc.assert(fc.property(record, (each) => void expect(decodeRoundRecord(encodeRoundRecord(each))).toEqual(each)));
    for (const answer of [{ taken: true }, { taken: false, reason: 'late' }] as const) {
      expect(decodeAnswer(encodeAnswer(answer))).toEqual(answer);
    }
  });

  it('that are anything else are refused, whatever the bytes', () => {
    const readers = [decodeClientRequest, decodeUpdate, decodeAnswer, decodeRoundRecord];
    const spoilt = fc.tuple(request, fc.nat(), fc.nat({ max: 255 })).map(([each, at, byte]) => {
      const bytes = encodeClientRequest(each);
      bytes[at % bytes.length] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(spoilt, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        for (const read of readers) {
          try {
            read(bytes);
          } catch (error) {
            expect(hasCode(error, 'MESSAGE_MALFORMED'), String(error)).toBe(true);
          }
        }
      }),
    );
  });

  it('cut long reasons at a character', () => {
    expect(shortText('short')).toBe('short');
    expect(shortText('ü'.repeat(500))).toBe('ü'.repeat(126));
  });
});

describe('records of a training', () => {
  const first = `0x${'1'.repeat(64)}` as const;
  const next = `0x${'2'.repeat(64)}` as const;
  const client = { client: 'a', digest: next, samples: 3, share: 1 };
  const metrics = { accuracy: 0.5, loss: 1, evaluations: 0 };
  const one: RoundRecord = {
    training: 't',
    round: 1,
    previous: first,
    digest: next,
    accepted: [client],
    rejected: [],
    absent: [],
    metrics,
  };
  const two: RoundRecord = { ...one, round: 2, previous: next };

  it('follow from one another', () => {
    expect(() => checkRecordChain([one, two], { training: 't', first })).not.toThrow();
    expect(() => checkRecordChain([], { training: 't', first })).not.toThrow();
  });

  it.each([
    ['another training', [{ ...one, training: 'u' }]],
    ['a round that is missing', [two]],
    ['a round that stands twice', [one, one]],
    ['another first model', [{ ...one, previous: next }]],
    ['another model in between', [one, { ...two, previous: first }]],
    ['a client that is in a round twice', [{ ...one, absent: [{ client: 'a', reason: '' }] }]],
    ['shares that do not add up', [{ ...one, accepted: [{ ...client, share: 0.5 }] }]],
  ])('are refused with %s', (_, records) => {
    expect(() => checkRecordChain(records, { training: 't', first })).toThrow(
      expect.objectContaining({ code: 'FEDERATED_STATE_INVALID' }),
    );
  });

  it('have a digest that says every field', () => {
    const digests = [
      one,
      two,
      { ...one, metrics: { ...metrics, loss: Number.NaN } },
      { ...one, accepted: [{ ...client, samples: 4 }] },
    ].map(digestOfRoundRecord);
    expect(new Set(digests).size).toBe(4);
    expect(digestOfRoundRecord(decodeRoundRecord(encodeRoundRecord(one)))).toBe(digests[0]);
  });
});
