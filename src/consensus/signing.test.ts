import { concat, encodePacked, keccak256 as viemKeccak } from 'viem';
import { describe, expect, it } from 'vitest';
import { toHex } from '../crypto/index.ts';
import type { UnsignedMessage } from './messages.ts';
import { commitDigest, sameVote, signingDigest, signMessage, verifyMessage } from './signing.ts';
import { Bench, proposalOf } from './testing/bench.ts';
import { testDomain, testKeys } from './testing/keys.ts';

const [key] = testKeys(1) as [ReturnType<typeof testKeys>[number]];
const { digest, proposal } = proposalOf('a');
const vote = { type: 'commit', height: 7, round: 2, digest } as const;

describe('signatures', () => {
  it('of commit votes are over what Solidity builds with abi.encodePacked', () => {
    const packed = encodePacked(
      ['string', 'bytes32', 'uint64', 'uint64', 'bytes32'],
      ['treadle commit', toHex(testDomain), 7n, 2n, digest],
    );
    expect(toHex(commitDigest(testDomain, vote))).toBe(viemKeccak(packed));
    expect(signingDigest(testDomain, vote)).toEqual(commitDigest(testDomain, vote));
  });

  it('of round changes cover what was prepared', () => {
    const prepared = { round: 1, digest, proposal, prepares: [] };
    const fields = encodePacked(['string', 'bytes32', 'uint64', 'uint64'], ['treadle round-change', toHex(testDomain), 7n, 2n]);
    const claim = encodePacked(['uint8', 'uint64', 'bytes32'], [1, 1n, digest]);
    const message = { type: 'round-change', height: 7, round: 2 } as const;
    expect(toHex(signingDigest(testDomain, { ...message, prepared }))).toBe(viemKeccak(concat([fields, claim])));
    const nothing = encodePacked(['uint8', 'uint64', 'bytes32'], [0, 0n, `0x${'00'.repeat(32)}`]);
    expect(toHex(signingDigest(testDomain, message))).toBe(viemKeccak(concat([fields, nothing])));
  });

  it('are worth nothing for another type, height, round, digest, domain or signer', () => {
    const signed = signMessage(testDomain, vote, key);
    expect(verifyMessage(testDomain, signed)).toBe(true);
    const others: UnsignedMessage[] = [
      { ...vote, type: 'prepare' },
      { ...vote, type: 'pre-prepare', proposal, justification: [] },
      { ...vote, height: 8 },
      { ...vote, round: 3 },
      { ...vote, digest: proposalOf('b').digest },
    ];
    for (const other of others) expect(verifyMessage(testDomain, { ...signed, ...other })).toBe(false);
    expect(verifyMessage(new Uint8Array(32), signed)).toBe(false);
    expect(verifyMessage(testDomain, { ...signed, signer: `0x${'11'.repeat(20)}` })).toBe(false);
  });

  it('tell equal votes from different ones', () => {
    const bench = new Bench();
    const change = bench.roundChange(1, 1, bench.proof([0, 1, 2], 0, 'a'));
    expect(
      sameVote(change, bench.roundChange(1, 1, bench.proof([1, 2, 3], 0, 'a'))),
      'another set of prepares says the same',
    ).toBe(true);
    expect(sameVote(change, bench.roundChange(1, 1))).toBe(false);
    expect(sameVote(bench.prepare(1, 0, 'a'), bench.prepare(2, 0, 'a'))).toBe(false);
  });

  it('need a domain of 32 bytes', () => {
    expect(() => commitDigest(new Uint8Array(31), vote)).toThrow(/32 bytes/);
  });
});
