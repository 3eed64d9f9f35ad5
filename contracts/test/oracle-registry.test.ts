import { encodeFunctionData } from 'viem';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Hex } from '../../src/crypto/index.ts';
import { expectRefusal } from './expect-refusal.ts';
import { addressFor } from './harness.ts';
import {
  blsKeyOf,
  createOracle,
  EXIT_BLOCKS,
  PEDAL,
  placeOracle,
  possessionOf,
  publicKeyOf,
  REGISTRY,
  registerNode,
  STAKE,
  signatureOf,
  TERM_BLOCKS,
} from './pedal-fixture.ts';
import { certify, EDGE_NODE, registerObserver } from './world.ts';

type Placed = Awaited<ReturnType<typeof placeOracle>>;

describe('registering', () => {
  let placed: Placed;
  const node = addressFor('node');
  const key = blsKeyOf('node');
  const register = (publicKey: Hex, possession: Hex, stake = STAKE, from = node) =>
    placed.registry.write(from, 'register', [publicKey, possession], stake);
  const proof = () => possessionOf(key, node, placed.chain.chainId);

  beforeEach(async () => {
    placed = await placeOracle({ nodesPerMember: 2 });
    await placed.chain.fund(node, 10n * STAKE);
    await registerObserver(placed.world, placed.world.companies[0], node, EDGE_NODE);
  });

  it('takes a key with its possession and stake; it counts from the next term on', async () => {
    const { registry, chain, world } = placed;
    const { events } = await register(publicKeyOf(key), proof());
    expect(events.map(({ name }) => name)).toEqual(['SetChanged', 'NodeRegistered']);
    expect(await registry.read('setOf', [0n])).toEqual([]);
    expect(await registry.read('setOf', [1n])).toEqual([1]);
    expect(await registry.read('nodes', [])).toEqual([]);
    chain.mine(TERM_BLOCKS);
    const [view] = await registry.read('nodes', []);
    expect(view).toMatchObject({ id: 1, status: 1, inSet: true, stakeWei: STAKE, publicKey: publicKeyOf(key) });
    expect(view?.member.toLowerCase()).toBe(world.companies[0].address);
  });

  it('signs the digest that a node computes for itself', async () => {
    const digest = await placed.registry.read('possessionDigest', [node, publicKeyOf(key)]);
    expect(signatureOf(key, digest)).toBe(proof());
  });

  it('refuses a key without possession, with that of another account, contract or chain', async () => {
    const { chain } = placed;
    const wrong = [
      possessionOf(blsKeyOf('other'), node, chain.chainId),
      possessionOf(key, addressFor('another'), chain.chainId),
      possessionOf(key, node, chain.chainId, PEDAL),
      possessionOf(key, node, chain.chainId + 1),
      `0x${'00'.repeat(256)}` as const,
      '0x' as const,
    ];
    for (const possession of wrong) await expectRefusal(register(publicKeyOf(key), possession), 'NoPossession', []);
  });

  it('refuses a rogue key: one made so that it cancels out those of others', async () => {
    // The attacker knows its own secret a and registers A - B, so that the sum with B's key is A; it cannot sign with that key.
    const { bls12_381 } = await import('@noble/curves/bls12-381.js');
    const point = (each: ReturnType<typeof blsKeyOf>) => bls12_381.G1.Point.fromBytes(each.publicKey);
    const rogue = point(key)
      .subtract(point(blsKeyOf('victim')))
      .toBytes(true);
    const publicKey = publicKeyOf({ ...key, publicKey: rogue });
    const digest = await placed.registry.read('possessionDigest', [node, publicKey]);
    await expectRefusal(register(publicKey, signatureOf(key, digest)), 'NoPossession', []);
  });

  it('refuses keys that are none: infinity, another length, off the curve', async () => {
    const nothing = `0x${'00'.repeat(128)}` as const;
    await expectRefusal(register(nothing, `0x${'00'.repeat(256)}`), 'InvalidKey', []);
    await expectRefusal(register('0x1234', proof()), 'InvalidKey', []);
    await expectRefusal(register(`${publicKeyOf(key).slice(0, -2)}00` as Hex, proof()), 'NoPossession', []);
    await expectRefusal(register(`0x01${publicKeyOf(key).slice(4)}`, proof()), 'InvalidKey', []);
  });

  it('refuses a key that is registered, a second key, little stake and strangers', async () => {
    const { chain, world, registry } = placed;
    await expectRefusal(register(publicKeyOf(key), proof(), STAKE - 1n), 'StakeTooSmall', [STAKE - 1n, STAKE]);
    await register(publicKeyOf(key), proof());
    await expectRefusal(register(publicKeyOf(key), proof()), 'AlreadyRegistered', [1]);
    const copier = addressFor('copier');
    await chain.fund(copier, STAKE);
    await registerObserver(world, world.companies[1], copier, EDGE_NODE);
    const copied = [publicKeyOf(key), possessionOf(key, copier, chain.chainId)] as const;
    await expectRefusal(registry.write(copier, 'register', copied, STAKE), 'KeyInUse', [1]);
    const stranger = addressFor('stranger');
    const own = blsKeyOf('stranger');
    await chain.fund(stranger, STAKE);
    await expectRefusal(
      registry.write(stranger, 'register', [publicKeyOf(own), possessionOf(own, stranger, chain.chainId)], STAKE),
      'NotEligible',
      [stranger],
    );
  });

  it('takes a member itself, and no more nodes of one member than agreed', async () => {
    const { chain, world, registry } = placed;
    const company = world.companies[0];
    await chain.fund(company.address, STAKE);
    await registry.write(
      company.address,
      'register',
      [publicKeyOf(key), possessionOf(key, company.address, chain.chainId)],
      STAKE,
    );
    await registerNode(placed, 'second');
    await expectRefusal(registerNode(placed, 'third'), 'TooManyNodesOf', [company.address, 2n]);
    await registerNode(placed, 'third', 1);
    expect(await registry.read('nodeCount', [])).toBe(3n);
  });
});

describe('leaving', () => {
  it('ends with the term; the stake stays for a while', async () => {
    const { registry, chain, nodes, term } = await createOracle();
    const leaver = nodes[2] ?? expect.fail();
    await registry.write(leaver.account, 'resign', []);
    expect(await registry.read('setOf', [term()])).toContain(leaver.id);
    expect(await registry.read('setOf', [term() + 1n])).not.toContain(leaver.id);
    await expectRefusal(registry.write(leaver.account, 'resign', []), 'NotActive');
    await expectRefusal(registry.write(leaver.account, 'topUp', [], 1n), 'NotActive');
    const from = BigInt(chain.height() + EXIT_BLOCKS);
    await expectRefusal(registry.write(leaver.account, 'withdraw', []), 'TooEarly', [from]);
    chain.mine(EXIT_BLOCKS);
    const before = await chain.balance(leaver.account);
    await registry.write(leaver.account, 'withdraw', []);
    expect(await chain.balance(leaver.account)).toBe(before + STAKE);
    await expectRefusal(registry.write(leaver.account, 'withdraw', []), 'UnknownNode');
    const again = blsKeyOf('a new key');
    const args = [publicKeyOf(again), possessionOf(again, leaver.account, chain.chainId)] as const;
    await registry.write(leaver.account, 'register', args, STAKE);
    expect(await registry.read('idOf', [leaver.account])).toBe(nodes.length + 1);
  });

  it('is forced on who lost its certificate, by anyone, and on nobody else', async () => {
    const { registry, world, nodes, term } = await createOracle();
    const [first, second] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
    await world.consortium.write(world.companies[0].address, 'revokeObserver', [first.account]);
    await registry.write(addressFor('anyone'), 'evict', [first.id]);
    expect(await registry.read('setOf', [term() + 1n])).not.toContain(first.id);
    await expectRefusal(registry.write(addressFor('anyone'), 'evict', [second.id]), 'StillEligible', [second.account]);
  });

  it('keeps the set of a term whatever happens in it', async () => {
    const oracle = await createOracle();
    const { registry, nodes, term } = oracle;
    const now = await registry.read('setOf', [term()]);
    await registry.write(nodes[0]?.account ?? '0x', 'resign', []);
    await registerNode(oracle, 'late');
    expect(await registry.read('setOf', [term()])).toEqual(now);
    oracle.toNextTerm();
    expect(await registry.read('setOf', [term()])).toEqual([6, 2, 3, 4, 5, 7]);
    expect(await registry.read('setOf', [term() - 1n])).toEqual(now);
    expect(await registry.read('setOf', [term() + 5n])).toHaveLength(6);
  });
});

describe('money and votes', () => {
  it('lets only Pedal slash', async () => {
    const { registry, nodes } = await createOracle();
    const caller = addressFor('anyone');
    await expectRefusal(registry.write(caller, 'slash', [nodes[0]?.id ?? 0, 1n, caller, 0]), 'OnlyPedal', [caller]);
  });

  it('gives from the fund only what more than two thirds of the companies approved', async () => {
    const { registry, world } = await placeOracle();
    const data = encodeFunctionData({ abi: registry.abi, functionName: 'payFund', args: [addressFor('x'), 1n] });
    const [first, second, third] = world.companies;
    await expectRefusal(registry.write(first.address, 'payFund', [addressFor('x'), 1n]), 'OnlyByVote', []);
    await registry.write(first.address, 'approve', [REGISTRY, data]);
    await expectRefusal(registry.write(first.address, 'approve', [REGISTRY, data]), 'AlreadyApproved');
    await registry.write(second.address, 'approve', [REGISTRY, data]);
    await expectRefusal(registry.write(second.address, 'carry', [REGISTRY, data]), 'NotApproved', [2n, 3n]);
    await expectRefusal(registry.write(addressFor('x'), 'approve', [REGISTRY, data]), 'NotAVotingCompany');
    await expectRefusal(registry.write(first.address, 'approve', [addressFor('x'), data]), 'NotGoverned');
    await expectRefusal(registry.write(third.address, 'approve', [REGISTRY, data]), 'FundTooSmall', [0n]);
  });

  it('forgets approvals after 14 days', async () => {
    const { registry, world, chain } = await placeOracle();
    const data = encodeFunctionData({ abi: registry.abi, functionName: 'payFund', args: [addressFor('x'), 0n] });
    const [first, second, third] = world.companies;
    await registry.write(first.address, 'approve', [REGISTRY, data]);
    await registry.write(second.address, 'approve', [REGISTRY, data]);
    chain.advance(14 * 86_400);
    const { events } = await registry.write(third.address, 'approve', [REGISTRY, data]);
    expect(events.map(({ name }) => name)).toEqual(['Approved']);
    await registry.write(first.address, 'approve', [REGISTRY, data]);
    const last = await registry.write(second.address, 'approve', [REGISTRY, data]);
    expect(last.events.map(({ name }) => name)).toEqual(['Approved', 'Carried', 'FundPaid']);
  });

  it('answers for certificates that expired', async () => {
    const { registry, world } = await placeOracle();
    const account = addressFor('soon over');
    const { certificate, signature } = certify(world, world.companies[0], account, EDGE_NODE, {
      expiresAt: BigInt(world.chain.now() + 10),
    });
    await world.consortium.write(account, 'registerObserver', [certificate, signature]);
    expect((await registry.read('memberOf', [account])).toLowerCase()).toBe(world.companies[0].address);
    world.chain.advance(10);
    expect(BigInt(await registry.read('memberOf', [account]))).toBe(0n);
  });
});
