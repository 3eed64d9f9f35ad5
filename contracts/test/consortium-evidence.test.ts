import { describe, expect, it } from 'vitest';
import { MESSAGE_TYPE, type MessageType, signingDigest, type UnsignedMessage } from '../../src/consensus/index.ts';
import { CONSORTIUM_ADDRESS, consortiumArtifact } from '../../src/contracts/index.ts';
import { type Address, type Hex, type NodeKey, toAddress, toEthereumSignature, toHex } from '../../src/crypto/index.ts';
import { expectRefusal } from './expect-refusal.ts';
import { addressFor, createChain, keyOf, placeContract, type TestChain, type TestContract } from './harness.ts';
import { createWorld, DOMAIN, placeChainFacts, proveSync, type World } from './world.ts';

const ADD = 0;
const REMOVE = 1;
const REINSTATE = 3;
const EPOCH = 32;
const QUARANTINED = 2;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'g'];

type Consortium = TestContract<typeof consortiumArtifact.abi>;

async function worldWithFacts(): Promise<World> {
  const world = await createWorld();
  await placeChainFacts(world.chain);
  return world;
}

/** Seven sealers, two of which may lie. */
async function seven(): Promise<{ readonly chain: TestChain; readonly consortium: Consortium }> {
  const chain = await createChain();
  await placeChainFacts(chain);
  const founders = NAMES.map((name) => ({ account: keyOf(name).address, name }));
  const consortium = await placeContract(chain, CONSORTIUM_ADDRESS, consortiumArtifact, [keyOf('p').address, founders]);
  return { chain, consortium };
}

const digest = (byte: number): Hex => `0x${byte.toString(16).padStart(2, '0').repeat(32)}`;

interface Place {
  readonly type?: MessageType;
  readonly height?: number;
  readonly round?: number;
}

/** What a sealer that contradicts itself has signed, as the contract wants to be shown it. */
function lie(key: NodeKey, { type = 'commit', height = 5, round = 0 }: Place = {}, contents: readonly [number, number] = [1, 2]) {
  const signed = contents.map((byte) => sign(key, { type, height, round }, byte)) as [Signed, Signed];
  const [first, second] = signed;
  const args = [MESSAGE_TYPE[type], BigInt(height), BigInt(round)] as const;
  return [...args, first.content, first.signature, second.content, second.signature] as const;
}

interface Signed {
  readonly content: Hex;
  readonly signature: Hex;
}

function sign(key: NodeKey, { type, height, round }: Required<Place>, byte: number): Signed {
  const prepared = { round: byte, digest: digest(byte), proposal: new Uint8Array(), prepares: [] };
  const messages: Record<MessageType, UnsignedMessage> = {
    'pre-prepare': { type: 'pre-prepare', height, round, digest: digest(byte), proposal: new Uint8Array(), justification: [] },
    prepare: { type: 'prepare', height, round, digest: digest(byte) },
    commit: { type: 'commit', height, round, digest: digest(byte) },
    'round-change': { type: 'round-change', height, round, ...(byte > 0 && { prepared }) },
  };
  const content: Hex =
    type !== 'round-change'
      ? digest(byte)
      : byte === 0
        ? `0x${'00'.repeat(41)}`
        : `0x01${byte.toString(16).padStart(16, '0')}${digest(byte).slice(2)}`;
  return { content, signature: toHex(key.sign(signingDigest(DOMAIN, messages[type]))) };
}

const report = (consortium: Consortium, evidence: ReturnType<typeof lie>, from: Address = addressFor('reporter')) =>
  consortium.write(from, 'reportEquivocation', evidence);
const sealers = async (consortium: Consortium) => (await consortium.read('sealers', [])).map((each) => toAddress(each));

describe('evidence', () => {
  it.each(Object.keys(MESSAGE_TYPE) as MessageType[])(
    'of two %s messages takes their signer out of the sealers',
    async (type) => {
      const world = await worldWithFacts();
      const liar = world.companies[1];
      const { events } = await report(world.consortium, lie(liar, { type, round: 3 }));
      expect(events.map(({ name }) => name)).toEqual(['EvidenceRecorded', 'SealerQuarantined', 'SealersChanged']);
      expect(await sealers(world.consortium)).toEqual(
        [world.proxy, world.companies[0], world.companies[2]].map(({ address }) => address).sort(),
      );
      expect(await world.consortium.read('positionOf', [liar.address])).toBe(QUARANTINED);
      expect((await world.consortium.read('quarantined', [])).map((each) => toAddress(each))).toEqual([liar.address]);
      const [record] = await world.consortium.read('evidence', [0n, 10n]);
      expect(record).toMatchObject({ id: 1n, messageType: MESSAGE_TYPE[type], height: 5n, round: 3n, quarantined: true });
      expect(record && [record.signer, record.account, record.reporter].map((each) => toAddress(each))).toEqual([
        liar.address,
        liar.address,
        addressFor('reporter'),
      ]);
      if (type !== 'round-change') expect(record).toMatchObject({ digest: digest(1), otherDigest: digest(2) });
      expect(await world.consortium.read('evidenceOf', [liar.address, MESSAGE_TYPE[type], 5n, 3n])).toBe(1n);
    },
  );

  it('of round changes may be that one claims to have prepared nothing; signatures may end as Ethereum writes them', async () => {
    const world = await worldWithFacts();
    const liar = world.companies[0];
    const [type, height, round, content, signature, other, otherSignature] = lie(
      liar,
      { type: 'round-change', round: 1 },
      [0, 4],
    );
    const ethereum = (hex: Hex) => toEthereumSignature(Uint8Array.from(Buffer.from(hex.slice(2), 'hex')));
    const args = [type, height, round, content, ethereum(signature), other, ethereum(otherSignature)] as const;
    await report(world.consortium, args);
    expect(await sealers(world.consortium)).not.toContain(liar.address);
  });

  it('is on record once', async () => {
    const world = await worldWithFacts();
    const liar = world.companies[1];
    const first = await report(world.consortium, lie(liar));
    const again = lie(liar, {}, [7, 9]);
    await expectRefusal(report(world.consortium, lie(liar)), 'AlreadyReported', [1n]);
    await expectRefusal(report(world.consortium, again), 'AlreadyReported', [1n]);
    const refused = await world.chain.call(addressFor('x'), {
      to: CONSORTIUM_ADDRESS,
      data: (await import('viem')).encodeFunctionData({
        abi: consortiumArtifact.abi,
        functionName: 'reportEquivocation',
        args: again,
      }),
    });
    expect(refused.gasUsed).toBeLessThan(20_000n);
    expect(first.gasUsed).toBeGreaterThan(200_000n);
    // Another lie of the same signer is another record.
    await report(world.consortium, lie(liar, { round: 1 }));
    expect(await world.consortium.read('evidenceCount', [])).toBe(2n);
    expect((await world.consortium.read('evidence', [0n, 1n]))[0]).toMatchObject({ id: 2n, quarantined: false });
  });

  it('accuses nobody who did not sign two different things as a sealer', async () => {
    const world = await worldWithFacts();
    const { consortium } = world;
    const honest = world.companies[1];
    const good = lie(honest);
    const [type, height, round, content, signature, other, otherSignature] = good;
    const refused = (change: readonly unknown[], reason: string) =>
      expectRefusal(report(consortium, change as ReturnType<typeof lie>), reason);
    await refused([type, height, round, content, signature, content, signature], 'NoEquivocation');
    await refused([9, height, round, content, signature, other, otherSignature], 'NoEquivocation');
    await refused([4, height, round, content, signature, other, otherSignature], 'NoEquivocation');
    await refused([type, height, round, `${content}00`, signature, other, otherSignature], 'NoEquivocation');
    await refused([type, height, round, '0x', signature, other, otherSignature], 'NoEquivocation');
    await refused([type, height + 1n, round, content, signature, other, otherSignature], 'NotOneSigner');
    await refused([type, height, round + 1n, content, signature, other, otherSignature], 'NotOneSigner');
    await refused([type, height, round, content, '0x', other, '0x'], 'NotOneSigner');
    await refused([type, height, round, content, signature, other, signature], 'NotOneSigner');
    const stranger = keyOf('stranger');
    await expectRefusal(report(consortium, lie(stranger)), 'NotASealerThen', [stranger.address, 5n]);
    const otherChain = sign(stranger, { type: 'commit', height: 5, round: 0 }, 1);
    await refused([type, height, round, otherChain.content, otherChain.signature, other, otherSignature], 'NotOneSigner');
    expect(await consortium.read('evidenceCount', [])).toBe(0n);
    expect(await sealers(consortium)).toHaveLength(4);
  });

  it('needs a chain that tells its signature domain', async () => {
    const world = await createWorld();
    await expectRefusal(report(world.consortium, lie(world.companies[1])), 'NoChainFacts');
  });

  it('takes out f at a time and no more; what comes on top is on record', async () => {
    const { consortium } = await seven();
    for (const name of ['a', 'b', 'c']) await report(consortium, lie(keyOf(name)));
    expect(await sealers(consortium)).toHaveLength(5);
    expect(await sealers(consortium)).toContain(keyOf('c').address);
    expect(await consortium.read('quarantinedCount', [])).toBe(2);
    expect((await consortium.read('evidence', [0n, 9n])).map((each) => each.quarantined)).toEqual([false, true, true]);
  });

  it('counts against a key for the heights at which it sealed', async () => {
    const world = await worldWithFacts();
    const [company] = world.companies;
    const successor = keyOf('successor');
    world.chain.mine(9);
    await world.consortium.write(company.address, 'nameSuccessor', [successor.address]);
    await proveSync(world, successor.address);
    // Block 10 was the last one of the old key.
    await expectRefusal(report(world.consortium, lie(company, { height: 11 })), 'NotASealerThen', [company.address, 11n]);
    await expectRefusal(report(world.consortium, lie(successor, { height: 10 })), 'NotASealerThen', [successor.address, 10n]);
    await report(world.consortium, lie(company, { height: 10 }));
    expect(await sealers(world.consortium)).not.toContain(successor.address);
  });
});

describe('quarantine', () => {
  it('is lifted by a vote of the other companies, and lies of before are forgiven', async () => {
    const world = await worldWithFacts();
    const { consortium, chain } = world;
    const [a, liar, c] = world.companies.map(({ address }) => address) as [Address, Address, Address];
    await expectRefusal(consortium.write(a, 'propose', [REINSTATE, liar, '']), 'NotQuarantined', [liar]);
    await expectRefusal(consortium.write(a, 'propose', [REINSTATE, addressFor('x'), '']), 'NotAMember');
    chain.mine(20);
    await report(consortium, lie(world.companies[1], { height: 18 }));
    await expectRefusal(consortium.write(liar, 'propose', [REINSTATE, liar, '']), 'AccountQuarantined', [liar]);
    await consortium.write(a, 'propose', [REINSTATE, liar, '']);
    await expectRefusal(consortium.write(liar, 'vote', [1n, true]), 'AccountQuarantined', [liar]);
    // Two of two: whoever is in quarantine is not counted.
    const vote = await consortium.write(c, 'vote', [1n, true]);
    expect(vote.events.map(({ name }) => name)).toEqual(['Voted', 'Waiting']);
    chain.mine(EPOCH);
    const done = await consortium.write(c, 'execute', [1n]);
    expect(done.events.map(({ name }) => name)).toEqual(['Executed', 'SealerReinstated', 'SealersChanged']);
    expect(await sealers(consortium)).toContain(liar);
    await report(consortium, lie(world.companies[1], { height: 19 }));
    expect(await sealers(consortium)).toContain(liar);
    chain.mine(1);
    await report(consortium, lie(world.companies[1], { height: chain.height() }));
    expect(await sealers(consortium)).not.toContain(liar);
  });

  it('ends with the membership, and the rest is always a quorum of the seats', async () => {
    const { chain, consortium } = await seven();
    const account = (name: string) => keyOf(name).address;
    for (const name of ['a', 'b']) await report(consortium, lie(keyOf(name)));
    // Of six seats only one may be out: an honest one cannot go while two are in quarantine.
    await expectRefusal(consortium.write(account('c'), 'propose', [REMOVE, account('d'), '']), 'TooFewSealers', [4n, 5n]);
    await consortium.write(account('c'), 'propose', [REMOVE, account('a'), '']);
    for (const voter of ['d', 'e']) await consortium.write(account(voter), 'vote', [1n, true]);
    expect(await consortium.read('isCompany', [account('a')])).toBe(false);
    expect(await consortium.read('quarantinedCount', [])).toBe(1);
    expect(await sealers(consortium)).toHaveLength(5);
    chain.mine(1);
    await report(consortium, lie(keyOf('a'), { height: 1 }));
    expect(await sealers(consortium)).toHaveLength(5);
  });

  it('does not keep a company from changing its key, and the new key is out as well', async () => {
    const world = await worldWithFacts();
    const [liar] = world.companies;
    await report(world.consortium, lie(liar));
    await world.consortium.write(liar.address, 'nameSuccessor', [addressFor('new key')]);
    await proveSync(world, addressFor('new key'));
    expect(await sealers(world.consortium)).toHaveLength(3);
    expect(await world.consortium.read('positionOf', [addressFor('new key')])).toBe(QUARANTINED);
    await expectRefusal(
      world.consortium.write(world.companies[1].address, 'propose', [ADD, addressFor('new key'), 'x']),
      'AlreadySealer',
    );
  });

  it('of the proxy leaves all companies their votes', async () => {
    const world = await worldWithFacts();
    const [a, b, c] = world.companies.map(({ address }) => address) as [Address, Address, Address];
    await report(world.consortium, lie(world.proxy));
    expect((await world.consortium.read('quarantined', [])).map((each) => toAddress(each))).toEqual([world.proxy.address]);
    await world.consortium.write(a, 'propose', [2, addressFor('new proxy'), '']);
    await world.consortium.write(b, 'vote', [1n, true]);
    expect((await world.consortium.read('proposal', [1n])).state).toBe(1);
    await world.consortium.write(c, 'vote', [1n, true]);
    world.chain.mine(EPOCH);
    await proveSync(world, addressFor('new proxy'));
    expect(await sealers(world.consortium)).toHaveLength(4);
    expect(await world.consortium.read('quarantinedCount', [])).toBe(0);
  });
});
