import { type Abi, encodeFunctionData } from 'viem';
import { beforeEach, describe, expect, it } from 'vitest';
import { type CommitEvidence, commitEvidence, knownHeader, SOURCE_HEADERS_ADDRESS } from '../../src/contracts/index.ts';
import { type Hex, type NodeKey, toHex } from '../../src/crypto/index.ts';
import {
  commit,
  createPair,
  execute,
  HeaderChain,
  type Ledger,
  NORTH,
  type Pair,
  placeCrossLedger,
  SOUTH,
  sealersOf,
  send,
  sorted,
  TRUSTING,
  write,
} from './cross-ledger-fixture.ts';
import { expectRefusal } from './expect-refusal.ts';
import { keyOf, Refusal } from './harness.ts';
import { createWorld } from './world.ts';

const fresh = (count: number, name = 'fresh') => sealersOf(name, count);

describe('a header of another ledger', () => {
  let pair: Pair;
  let north: Ledger;
  let south: Ledger;
  const advance = (evidence: CommitEvidence) => write(south, south.headers, 'advance', [north.id, evidence]);
  const known = async () => Number((await south.headers.read('ledgerOf', [north.id])).height);

  beforeEach(async () => {
    pair = await createPair();
    ({ north, south } = pair);
    await send(north);
  });

  /** Evidence for header 1 with these signatures. */
  const signedBy = async (signers: readonly NodeKey[], change: Partial<CommitEvidence> = {}) => {
    if (north.sealing.height === 0) await north.seal();
    return { ...north.sealing.evidence(0, 1, signers), ...change };
  };

  it('is believed with the signatures of a quorum, and of more', async () => {
    await advance(await signedBy(north.sealing.keys.slice(1, 4)));
    expect(await known()).toBe(1);
    await north.seal();
    await advance(north.sealing.evidence(1, 2, north.sealing.keys));
    expect(await known()).toBe(2);
  });

  it('is not believed with fewer, with one of them twice, with strangers, or out of order', async () => {
    const [first, second, third] = north.sealing.keys as [NodeKey, NodeKey, NodeKey];
    await expectRefusal(advance(await signedBy([first, second])), 'NoQuorum', [2n, 3n]);
    await expectRefusal(advance(await signedBy([first, second, second])), 'BadSignatures');
    await expectRefusal(advance(await signedBy([first, second, keyOf('stranger')])), 'NotASealer');
    const good = await signedBy([first, second, third]);
    const parts = [0, 1, 2].map((at) => good.signatures.slice(2 + 130 * at, 2 + 130 * (at + 1)));
    const joined = (...order: readonly number[]): Hex => `0x${order.map((at) => parts[at]).join('')}`;
    await expectRefusal(advance({ ...good, signatures: joined(1, 0, 2) }), 'BadSignatures');
    await expectRefusal(advance({ ...good, signatures: `${joined(0, 1, 2)}00` }), 'BadSignatures');
    await expectRefusal(advance({ ...good, signatures: '0x' }), 'NoQuorum');
    await expectRefusal(advance({ ...good, signatures: `${joined(0, 1)}${'0'.repeat(130)}` }), 'BadSignatures');
    await advance(good);
  });

  it('is not believed for another round, domain, header or ledger', async () => {
    const good = await signedBy(north.sealing.keys);
    const bent = north.sealing.draft(`0x${'55'.repeat(32)}`, north.chain.now());
    for (const change of [{ round: 1n }, { header: toHex(bent.rlp) }]) await expectForged(advance({ ...good, ...change }));
    await expectRefusal(write(south, south.headers, 'advance', [99n, good]), 'UnknownLedger', [99n]);
    await expectRefusal(advance({ ...good, header: '0xc0' }), 'BadHeader');
    await expectRefusal(advance({ ...good, trusted: good.trusted.slice(1) }), 'NotTheTrusted');
    const other = new HeaderChain('another chain', north.sealing.keys);
    const header = other.seal(north.sealing.header(1).stateRoot, north.chain.now());
    const foreign = other.evidence(0, 1);
    expect(toHex(header.rlp)).toBe(good.header);
    await expectForged(advance(foreign));
  });

  it('is not believed again, nor an older one', async () => {
    for (let height = 1; height <= 4; height++) await north.seal();
    await advance(north.sealing.evidence(0, 3));
    await expectRefusal(advance(north.sealing.evidence(0, 3)), 'HeaderTooOld', [3n, 3n]);
    await expectRefusal(advance(north.sealing.evidence(0, 2)), 'HeaderTooOld', [2n, 3n]);
    await expectRefusal(advance({ ...north.sealing.evidence(3, 4), trusted: [] }), 'NotTheTrusted');
    await advance(north.sealing.evidence(3, 4));
  });

  it('may skip many, with its parent', async () => {
    for (let height = 1; height <= 30; height++) await north.seal();
    const evidence = north.sealing.evidence(0, 30);
    await expectRefusal(advance({ ...evidence, parent: '0x' }), 'NotTheParent');
    await expectRefusal(advance({ ...evidence, parent: toHex(north.sealing.header(28).rlp) }), 'NotTheParent');
    await advance(evidence);
    expect(await known()).toBe(30);
  });

  it('follows the sealers over several heights, up to all of them being others', async () => {
    const fourth = (from: number) => fresh(4).slice(0, from);
    const original = north.sealing.keys;
    // One by one the four are replaced.
    for (let changed = 1; changed <= 4; changed++) await north.seal([...fourth(changed), ...original.slice(changed)]);
    await north.seal();
    // Who knows the first set only meets one of it among the signers of header 4: too few.
    const jump = north.sealing.evidence(0, 4);
    await expectRefusal(advance(jump), 'TooFewTrusted');
    await expectRefusal(advance(north.sealing.evidence(0, 5)), 'TooFewTrusted', [0n, 2n]);
    await advance(north.sealing.evidence(0, 2, north.sealing.sealedBy.get(2)));
    await advance(north.sealing.evidence(2, 4, north.sealing.sealedBy.get(4)));
    await advance(north.sealing.evidence(4, 5));
    expect(await known()).toBe(5);
    expect((await south.headers.read('ledgerOf', [north.id])).sealersHash).toBe(
      await south.headers.read('sealersHashOf', [sorted(fresh(4)).map(({ address }) => address)]),
    );
    // The first set has lost its voice.
    await north.seal();
    await expectRefusal(advance(north.sealing.evidence(5, 6, original)), 'NotASealer');
  });

  it('changes all of them at one height', async () => {
    await north.seal(fresh(7));
    await north.seal();
    await expectRefusal(advance(north.sealing.evidence(0, 2)), 'TooFewTrusted', [0n, 2n]);
    await advance(north.sealing.evidence(0, 1));
    await expectRefusal(advance(north.sealing.evidence(1, 2, north.sealing.keys.slice(0, 4))), 'NoQuorum', [4n, 5n]);
    await advance(north.sealing.evidence(1, 2));
  });

  it('needs a quorum of its own height, not of the set that was known', async () => {
    // Three known ones and four new: three signatures are a quorum of the four that are known.
    await north.seal([...north.sealing.keys, ...fresh(3)]);
    const first = north.sealing.sealedBy.get(1) ?? [];
    await north.seal();
    await expectRefusal(advance(north.sealing.evidence(0, 2, first)), 'NoQuorum', [4n, 5n]);
    await advance(north.sealing.evidence(0, 2, [...first, ...fresh(1)]));
  });

  it('is not believed when its signers may have forgotten their oath, until the companies begin anew', async () => {
    await north.seal();
    await advance(north.sealing.evidence(0, 1));
    pair.advance(TRUSTING);
    await north.seal();
    const late = north.sealing.evidence(1, 2);
    await expectRefusal(advance(late), 'TrustExpired');
    await expectRefusal(
      write(south, south.headers, 'proveLane', [
        north.id,
        south.id,
        knownHeader(north.sealing.header(1).rlp),
        await north.laneProof(),
      ]),
      'TrustExpired',
    );
    const init = {
      chainId: north.id,
      domain: toHex(north.sealing.domain),
      height: 1n,
      timestamp: BigInt(south.chain.now()),
      trustingSeconds: TRUSTING,
      sealers: [...north.sealing.trustedAt(1)],
    };
    await expectRefusal(write(south, south.headers, 'setLedger', [init]), 'OnlyControl');
    await south.vote(SOURCE_HEADERS_ADDRESS, callOf(south, 'setLedger', [init]));
    await advance(north.sealing.evidence(1, 2));
    expect(await known()).toBe(2);
  });

  it('is not believed from the future, or when time goes back', async () => {
    north.chain.advance(601);
    await north.seal();
    await expectRefusal(advance(north.sealing.evidence(0, 1)), 'HeaderFromTheFuture');
    south.chain.advance(1);
    await advance(north.sealing.evidence(0, 1));
    const { rlp } = north.sealing.draft(north.sealing.header(1).stateRoot, north.chain.now() - 1);
    const back = north.sealing.draft(north.sealing.header(1).stateRoot, north.chain.now() - 1);
    const evidence = commitEvidence({
      header: rlp,
      trusted: north.sealing.trustedAt(1),
      certificate: north.sealing.sign(back, north.sealing.keys),
    });
    await expectRefusal(advance(evidence), 'TimeGoesBack');
  });

  it('signed twice for one height freezes the ledger', async () => {
    await north.seal();
    await send(north);
    await north.seal();
    await commit(north, south);
    const rival = new HeaderChain('north', north.sealing.sealedBy.get(1) ?? []);
    rival.seal(north.sealing.header(1).stateRoot, north.chain.now());
    rival.seal(`0x${'77'.repeat(32)}`, north.chain.now() + 1);
    const report = (evidence: CommitEvidence) => write(south, south.headers, 'reportFork', [north.id, evidence]);
    const base = { ...rival.evidence(0, 2), trusted: north.sealing.trustedAt(2) };
    await expectRefusal(report(north.sealing.evidence(0, 2)), 'NoFork');
    await expectRefusal(report(rival.evidence(0, 1)), 'NoFork');
    await expectRefusal(report({ ...base, parent: '0x' }), 'NotTheParent');
    await expectRefusal(report({ ...base, signatures: rival.evidence(0, 2, rival.keys.slice(0, 2)).signatures }), 'NoQuorum');
    await report(base);
    await send(north);
    await north.seal();
    await expectRefusal(commit(north, south), 'LedgerFrozen');
    const again = write(south, south.headers, 'proveLane', [
      north.id,
      south.id,
      knownHeader(north.sealing.header(2).rlp),
      await north.laneProof(),
    ]);
    await expectRefusal(again, 'LedgerFrozen');
  });
});

describe('the proof of a lane', () => {
  let pair: Pair;
  let north: Ledger;
  let south: Ledger;

  beforeEach(async () => {
    pair = await createPair();
    ({ north, south } = pair);
  });

  it('holds for its lane, size, root, account and header alone', async () => {
    const message = await send(north);
    await north.seal();
    const evidence = north.sealing.evidence(0, 1);
    const good = await north.laneProof();
    const attempt = (change: object) =>
      write(south, south.inbox, 'commitByCertificate', [north.id, evidence, { ...good, ...change }]);
    await expectRefusal(attempt({ size: 2n }), 'NotInState');
    await expectRefusal(attempt({ root: `0x${'22'.repeat(32)}` }), 'NotInState');
    await expectRefusal(attempt({ account: [] }), 'TrieProofTraversalError');
    await expectRefusal(attempt({ slot: good.account }), 'TrieProofTraversalError');
    await expectRefusal(attempt({ slot: good.slot.slice(1) }), 'TrieProofTraversalError');
    await expectRefusal(attempt({ slot: [...good.slot, good.slot[0]] }), 'TrieProofTraversalError');
    const { slot } = await north.chainProof();
    await expectRefusal(attempt({ slot }), 'TrieProofTraversalError');
    await attempt({});
    await execute(north, south, message);
    // Another ledger's lane with the same sealers is another word.
    await expectRefusal(
      write(south, south.headers, 'proveLane', [north.id, 99n, knownHeader(north.sealing.header(1).rlp), good]),
      'TrieProofTraversalError',
    );
  });

  it('needs no signatures for the header that is believed already', async () => {
    await send(north);
    await north.seal();
    await write(south, south.headers, 'advance', [north.id, north.sealing.evidence(0, 1)]);
    const proof = await north.laneProof();
    await write(south, south.inbox, 'commitByCertificate', [north.id, knownHeader(north.sealing.header(1).rlp), proof]);
    expect(await south.inbox.read('rootOf', [north.id, 1n])).toBe(north.lane.root());
  });
});

describe('a ledger that genesis could not name', () => {
  it('is introduced once, by a header in whose state the Outbox names it', async () => {
    const [northSealing, southSealing] = [
      new HeaderChain('north', sealersOf('both', 4)),
      new HeaderChain('south', sealersOf('both', 4)),
    ];
    const zero: Hex = `0x${'00'.repeat(32)}`;
    const north = await placeCrossLedger(await createWorld(NORTH), {
      sealing: northSealing,
      peerSealing: southSealing,
      peer: SOUTH,
    });
    const south = await placeCrossLedger(await createWorld(SOUTH), {
      sealing: southSealing,
      peerSealing: northSealing,
      peer: NORTH,
      domain: zero,
    });
    await send(north);
    await north.seal();
    await send(south);
    await south.seal();
    await expectRefusal(commit(north, south), 'NotIntroduced', [north.id]);
    const introduce = async (ledger: Ledger, domain: Hex) => {
      const { account, slot } = await ledger.chainProof();
      return write(south, south.headers, 'introduce', [north.id, domain, ledger.sealing.evidence(0, 1), account, slot]);
    };
    // The same companies seal both: what they signed for the one does not pass for the other.
    await expectRefusal(introduce(south, toHex(southSealing.domain)), 'NotInState');
    await expectForged(introduce(north, toHex(southSealing.domain)));
    await introduce(north, toHex(northSealing.domain));
    await expectRefusal(introduce(north, toHex(northSealing.domain)), 'AlreadyIntroduced');
    await send(north);
    await north.seal();
    await commit(north, south);
    expect(await south.inbox.read('rootOf', [north.id, 2n])).toBe(north.lane.root());
  });
});

/** A signature over something else recovers to a stranger, who stands in the order by chance. */
async function expectForged(call: Promise<unknown>): Promise<void> {
  const refusal = await call.then(
    () => 'none',
    (error: unknown) => (error instanceof Refusal ? error.reason : error),
  );
  expect(['BadSignatures', 'NotASealer', 'NotTheParent']).toContain(refusal);
}

function callOf(ledger: Ledger, functionName: string, args: readonly unknown[]): Hex {
  return encodeFunctionData({ abi: ledger.headers.abi as Abi, functionName, args });
}
