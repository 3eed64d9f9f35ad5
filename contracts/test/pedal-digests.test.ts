import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  alphaOf,
  answerDigest,
  batchDigest,
  fallbackSeed,
  groupOf,
  jobId,
  jobName,
  type PedalOutcome,
  permutationFront,
  proposalDigest,
  quorumOf,
} from '../../src/contracts/index.ts';
import { fromHex, type Hex, possessionDigest, toHex } from '../../src/crypto/index.ts';
import {
  blsKeyOf,
  createOracle,
  digestOf,
  type Oracle,
  PEDAL,
  placeOracle,
  publicKeyOf,
  REGISTRY,
  TERM_BLOCKS,
} from './pedal-fixture.ts';

const ZERO: Hex = `0x${'0'.repeat(64)}`;
const outcomes = fc.record({
  id: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
  reason: fc.integer({ min: 0, max: 8 }),
  observedAt: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  result: fc.uint8Array({ maxLength: 70 }).map((bytes) => toHex(bytes)),
});
const terms = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });

describe('what a node computes without asking', () => {
  let oracle: Oracle;
  let place: { readonly chainId: number; readonly pedal: typeof PEDAL };
  beforeAll(async () => {
    oracle = await createOracle({ nodes: 9, groupSize: 5, expectedWinners: 2 });
    place = { chainId: oracle.chain.chainId, pedal: PEDAL };
  });

  it('is the digest of an answer that the contract checks', async () => {
    await fc.assert(
      fc.asyncProperty(terms, outcomes, async (term, outcome) => {
        expect(toHex(answerDigest({ ...place, term, outcome }))).toBe(await oracle.pedal.read('answerDigest', [term, outcome]));
      }),
      { numRuns: 20 },
    );
  });

  it('is the digest of a batch', async () => {
    await fc.assert(
      fc.asyncProperty(terms, fc.array(outcomes, { maxLength: 4 }), async (term, list: PedalOutcome[]) => {
        expect(toHex(batchDigest({ ...place, term, outcomes: list }))).toBe(await oracle.pedal.read('batchDigest', [term, list]));
      }),
      { numRuns: 20 },
    );
  });

  it('is the digest of a proposal, and of a proof of possession', async () => {
    const content = digestOf('content');
    const digest = proposalDigest({ ...place, term: 3n, id: 77n, attempt: 2, content });
    expect(toHex(digest)).toBe(await oracle.pedal.read('proposalDigest', [3n, 77n, 2, content]));
    const key = blsKeyOf('somebody');
    const account = oracle.nodes[0]?.account as Hex;
    const possession = possessionDigest(key.publicKey, { chainId: place.chainId, registry: REGISTRY, node: account });
    expect(toHex(possession)).toBe(await oracle.registry.read('possessionDigest', [account, publicKeyOf(key)]));
  });

  it('is the alpha of a term, and the group of a term with and without candidates', async () => {
    const first = oracle.term();
    const hashBefore = (term: bigint) => oracle.chain.hashOf(Number(term) * TERM_BLOCKS - 1);
    const alpha = alphaOf({ ...place, term: first, previousSeed: ZERO, lastBlockHash: hashBefore(first) });
    expect(toHex(alpha)).toBe(await oracle.pedal.read('alphaOf', [first]));
    oracle.passElection();
    expect(await groups(first)).toEqual(await drawn(first, fallbackSeed(alpha)));

    oracle.toNextTerm();
    let shown = await oracle.elect();
    // With two of nine expected a term without candidates comes up one time in ten.
    for (let tries = 0; shown.length === 0 && tries < 10; tries++) {
      oracle.toNextTerm();
      shown = await oracle.elect();
    }
    const term = oracle.term();
    const seed = await oracle.pedal.read('groupSeedOf', [term]);
    expect(seed).toBe((await oracle.pedal.read('candidatesOf', [term]))[0]?.beta);
    expect(await groups(term)).toEqual(await drawn(term, fromHex(seed)));

    oracle.toNextTerm();
    const next = oracle.term();
    const linked = alphaOf({ ...place, term: next, previousSeed: seed, lastBlockHash: hashBefore(next) });
    expect(toHex(linked)).toBe(await oracle.pedal.read('alphaOf', [next]));
  });

  async function groups(term: bigint): Promise<readonly (readonly string[])[]> {
    return Promise.all([4, 5, 8].map((size) => oracle.pedal.read('groupOf', [term, BigInt(size)])));
  }

  async function drawn(term: bigint, seed: Uint8Array): Promise<readonly (readonly string[])[]> {
    const set = await oracle.registry.read('setOf', [term]);
    const master = await oracle.pedal.read('masterIdOf', [term]);
    const accountOf = new Map(oracle.nodes.map(({ id, account }) => [id, account]));
    return Promise.all(
      [4, 5, 8].map((size) =>
        oracle.registry.read('accountsOf', [[...(groupOf({ set, seed, master, size }) ?? [])]]).then((accounts) => {
          expect(accounts.map((account) => account.toLowerCase())).toHaveLength(size);
          for (const account of accounts) expect([...accountOf.values()]).toContain(account.toLowerCase());
          return accounts;
        }),
      ),
    );
  }

  it('knows that a set without a node more than the group is too small', () => {
    expect(groupOf({ set: [1, 2, 3, 4], seed: fromHex(ZERO), master: 1, size: 4 })).toBeUndefined();
  });

  it('draws every entry once', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.integer({ min: 1, max: 128 }), (seed, length) => {
        const list = Array.from({ length }, (_, at) => at + 1);
        expect([...permutationFront(list, seed, length)].sort((left, right) => left - right)).toEqual(list);
      }),
      { numRuns: 20 },
    );
  });

  it('has the quorum of the contract, and names of jobs', async () => {
    for (const size of [4, 5, 6, 7, 9, 31, 127]) {
      for (const unanimous of [false, true]) {
        expect(BigInt(quorumOf(size, unanimous))).toBe(await oracle.pedal.read('quorumOf', [BigInt(size), unanimous]));
      }
    }
    expect(jobName(jobId('message'))).toBe('message');
    expect(() => jobId('x'.repeat(33))).toThrow(RangeError);
  });
});

describe('jobs that are there from the beginning', () => {
  const config = { feeWei: 7n, groupSize: 5, unanimous: true, enabled: true, maxSpecBytes: 10, maxResultBytes: 20, forfeit: 30 };

  it('need no vote, and are held to the same bounds as later ones', async () => {
    const { pedal } = await placeOracle({ jobs: [{ name: jobId('early'), config }] });
    expect(await pedal.read('jobOf', [jobId('early')])).toEqual(config);
    await expect(placeOracle({ jobs: [{ name: jobId('early'), config: { ...config, groupSize: 3 } }] })).rejects.toThrow();
  });
});
