import { RLP } from '@ethereumjs/rlp';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, type Hex, toHex } from '../crypto/index.ts';
import { hasCode } from '../errors.ts';
import { MESSAGE_BYTES_MAX, MESSAGE_ITEMS_MAX, PROPOSAL_BYTES_MAX, SEALERS_MAX } from '../limits.ts';
import { decodeMessage, decodePreparedProof, encodeMessage, encodePreparedProof } from './codec.ts';
import type { PreparedProof } from './core.ts';
import type { Commit, PrePrepare, Prepare, RoundChange, Signed, SignedMessage } from './messages.ts';

const number = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const digest = bytes(32).map((found): Hex => toHex(found));
const proposal = fc.uint8Array({ maxLength: 300 });
const tail = { signature: bytes(65), signer: bytes(20).map((found): Hex => toHex(found)) };

const prepare: fc.Arbitrary<Signed<Prepare>> = fc.record({
  type: fc.constant('prepare'),
  height: number,
  round: number,
  digest,
  ...tail,
});
const commit: fc.Arbitrary<Signed<Commit>> = fc.record({
  type: fc.constant('commit'),
  height: number,
  round: number,
  digest,
  ...tail,
});
const proof: fc.Arbitrary<PreparedProof> = fc.record({
  round: fc.integer({ min: 0, max: 1000 }),
  digest,
  proposal,
  prepares: fc.array(prepare, { maxLength: 4 }),
});
const roundChange: fc.Arbitrary<Signed<RoundChange>> = fc
  .tuple(
    fc.record({ type: fc.constant('round-change'), height: number, round: fc.integer({ min: 1001, max: 2 ** 48 - 1 }), ...tail }),
    fc.option(proof),
  )
  .map(([message, prepared]) => (prepared === null ? message : { ...message, prepared }) as Signed<RoundChange>);
const prePrepare: fc.Arbitrary<Signed<PrePrepare>> = fc.record({
  type: fc.constant('pre-prepare'),
  height: number,
  round: number,
  digest,
  proposal,
  justification: fc.array(roundChange, { maxLength: 4 }),
  ...tail,
});
const message: fc.Arbitrary<SignedMessage> = fc.oneof(prePrepare, prepare, commit, roundChange);

/** What a decoder makes of bytes: a message, or undefined for CONSENSUS_MALFORMED; anything else fails the test. */
function tryDecode(input: Uint8Array): SignedMessage | undefined {
  try {
    return decodeMessage(input);
  } catch (error) {
    if (hasCode(error, 'CONSENSUS_MALFORMED')) return undefined;
    throw error;
  }
}

describe('messages on the wire', () => {
  it('come back as they were sent', () => {
    fc.assert(
      fc.property(message, (sent) => void expect(decodeMessage(encodeMessage(sent))).toEqual(sent)),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(proof, (kept) => void expect(decodePreparedProof(encodePreparedProof(kept))).toEqual(kept)),
      { numRuns: 50 },
    );
  });

  it('have one spelling: changed bytes are another message or none', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(message, changes, (sent, edits) => {
        const changed = encodeMessage(sent);
        for (const [at, byte] of edits) changed[at % changed.length] = byte;
        const found = tryDecode(changed);
        if (found !== undefined) expect(toHex(encodeMessage(found))).toBe(toHex(changed));
      }),
      { numRuns: 500 },
    );
  });

  it('that are cut off or carry more are refused', () => {
    fc.assert(
      fc.property(message, fc.nat(), (sent, cut) => {
        const whole = encodeMessage(sent);
        expect(tryDecode(whole.subarray(0, cut % whole.length))).toBeUndefined();
        expect(tryDecode(Uint8Array.from([...whole, cut % 256]))).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });

  it('of random bytes and random lists never crash the reader', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (input) => void tryDecode(input)),
      { numRuns: 500 },
    );
    const item = fc.letrec<{ tree: unknown; list: unknown; leaf: Uint8Array }>((tie) => ({
      tree: fc.oneof({ maxDepth: 7 }, tie('leaf'), tie('list')),
      list: fc.array(tie('tree'), { maxLength: 8 }),
      leaf: fc.oneof(
        fc.uint8Array({ maxLength: 8 }),
        bytes(20),
        bytes(32),
        bytes(65),
        fc.nat({ max: 5 }).map((n) => Uint8Array.of(n)),
      ),
    })).list;
    fc.assert(
      fc.property(item, (tree) => void tryDecode(RLP.encode(tree as Uint8Array[]))),
      { numRuns: 500 },
    );
  });
});

describe('the reader refuses', () => {
  const signature = new Uint8Array(65).fill(1);
  const signer = new Uint8Array(20).fill(2);
  const anyDigest = new Uint8Array(32).fill(3);
  const vote = (...head: (number | Uint8Array)[]): Uint8Array => RLP.encode([...head, anyDigest, signature, signer]);
  const prepared = [0, anyDigest, new Uint8Array(0), [RLP.decode(vote(2, 1, 0)) as Uint8Array[]]];
  const nested = (depth: number): Uint8Array[] => (depth === 0 ? [] : [nested(depth - 1) as unknown as Uint8Array]);

  it('accepts the plain forms that the cases below break', () => {
    expect(tryDecode(vote(2, 1, 0))).toMatchObject({ type: 'prepare', height: 1, round: 0 });
    expect(tryDecode(RLP.encode([4, 1, 1, prepared, signature, signer]))).toMatchObject({ prepared: { round: 0 } });
    expect(tryDecode(RLP.encode([4, 1, 1, [], signature, signer]))).not.toHaveProperty('prepared');
  });

  it.each<[string, Uint8Array]>([
    ['no bytes', new Uint8Array(0)],
    ['a type that is unknown', vote(5, 1, 0)],
    ['type 0', vote(0, 1, 0)],
    ['a byte string instead of a list', RLP.encode(signature)],
    ['leading zeros in a number', vote(2, Uint8Array.of(0, 1), 0)],
    ['a zero written as a byte', vote(2, 1, Uint8Array.of(0))],
    ['a height of 2^48', vote(2, 2 ** 48, 0)],
    ['a field too many', RLP.encode([2, 1, 0, anyDigest, signature, signer, signer])],
    ['a field too few', RLP.encode([2, 1, 0, anyDigest, signature])],
    ['a short digest', RLP.encode([2, 1, 0, anyDigest.subarray(1), signature, signer])],
    ['a short signature', RLP.encode([2, 1, 0, anyDigest, signature.subarray(1), signer])],
    ['a long signer', RLP.encode([2, 1, 0, anyDigest, signature, anyDigest])],
    ['a round change to round 0', RLP.encode([4, 1, 0, [], signature, signer])],
    ['prepared at the round asked for', RLP.encode([4, 1, 1, [1, ...prepared.slice(1)], signature, signer])],
    [
      'a commit among the prepares',
      RLP.encode([4, 1, 1, [0, anyDigest, anyDigest, [RLP.decode(vote(3, 1, 0)) as Uint8Array[]]], signature, signer]),
    ],
    [
      'a vote as justification',
      RLP.encode([1, 1, 1, anyDigest, anyDigest, [RLP.decode(vote(2, 1, 0)) as Uint8Array[]], signature, signer]),
    ],
    [
      'a proposal that is too large',
      RLP.encode([1, 1, 0, anyDigest, new Uint8Array(PROPOSAL_BYTES_MAX + 1), [], signature, signer]),
    ],
    ['a message that is too large', new Uint8Array(MESSAGE_BYTES_MAX + 1)],
    ['lists nested too deep', RLP.encode(nested(7))],
    ['a bomb of lists', new Uint8Array(MESSAGE_BYTES_MAX).fill(0xc1)],
    ['a bomb of items', RLP.encode(Array.from({ length: MESSAGE_ITEMS_MAX }, () => 1))],
    ['a length that points beyond the end', fromHex('0xffffffffffffffffff')],
    ['a length with leading zeros', fromHex('0xf90001c0')],
  ])('%s', (_, input) => {
    expect(tryDecode(input)).toBeUndefined();
  });

  it('more justifications or prepares than there can be sealers', () => {
    const change: Signed<RoundChange> = { type: 'round-change', height: 1, round: 1, signature, signer: toHex(signer) };
    const justification = Array.from({ length: SEALERS_MAX + 1 }, () => change);
    const large: Signed<PrePrepare> = {
      ...change,
      type: 'pre-prepare',
      digest: toHex(anyDigest),
      proposal: anyDigest,
      justification,
    };
    expect(tryDecode(encodeMessage(large))).toBeUndefined();
    expect(tryDecode(encodeMessage({ ...large, justification: justification.slice(1) }))).toBeDefined();
  });
});
