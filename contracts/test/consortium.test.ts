import { describe, expect, it } from 'vitest';
import { CONSORTIUM_ADDRESS, consortiumArtifact } from '../../src/contracts/index.ts';
import { type Address, type Hex, toAddress, toEthereumSignature } from '../../src/crypto/index.ts';
import { expectRefusal } from './expect-refusal.ts';
import { addressFor, createChain, keyOf, placeContract } from './harness.ts';
import { certify, createWorld, DEVICE, EDGE_NODE, FAR_FUTURE, proveSync, type World } from './world.ts';

const ADD = 0;
const REMOVE = 1;
const REPLACE_PROXY = 2;
const OPEN = 1;
const EXECUTED = 2;
const REJECTED = 3;
const EXPIRED = 4;
const ACTIVE = 1;
const STANDING_EXPIRED = 2;
const REVOKED = 3;
const COMPANY_LEFT = 4;
const FORTNIGHT = 14 * 24 * 3600;
const EPOCH = 32;

const lower = (addresses: readonly string[]) => addresses.map((each) => toAddress(each));
const ascending = (addresses: readonly Address[]) => [...addresses].sort();

async function sealers(world: World): Promise<readonly Address[]> {
  return lower(await world.consortium.read('sealers', []));
}

/** Adds companies by unanimous vote. */
async function grow(world: World, names: readonly string[]): Promise<readonly Address[]> {
  const members = world.companies.map(({ address }) => address);
  for (const name of names) {
    const account = keyOf(name).address;
    world.chain.mine(EPOCH);
    await world.consortium.write(members[0] as Address, 'propose', [ADD, account, name]);
    await proveSync(world, account);
    const id = await world.consortium.read('proposalCount', []);
    for (const member of members.slice(1)) {
      if ((await world.consortium.read('proposal', [id])).state !== OPEN) break;
      await world.consortium.write(member, 'vote', [id, true]);
    }
    members.push(account);
  }
  return members;
}

describe('sealers', () => {
  it('are the proxy and the companies, ascending', async () => {
    const world = await createWorld();
    const all = [world.proxy, ...world.companies].map(({ address }) => address);
    expect(await sealers(world)).toEqual(ascending(all));
    for (const each of all) expect(await world.consortium.read('isSealer', [each])).toBe(true);
    expect(await world.consortium.read('isCompany', [world.proxy.address])).toBe(false);
    expect(await world.consortium.read('isSealer', ['0x0000000000000000000000000000000000000000'])).toBe(false);
    expect(toAddress(await world.consortium.read('proxy', []))).toBe(world.proxy.address);
  });

  it('are listed in pages', async () => {
    const world = await createWorld();
    await grow(world, ['Delta', 'Elm']);
    const all = await world.consortium.read('companies', [0n, 100n]);
    expect(all.map(({ name }) => name).sort()).toEqual(['Ardent', 'Brook', 'Cobalt', 'Delta', 'Elm']);
    expect(lower(all.map(({ account }) => account))).toEqual(ascending(lower(all.map(({ account }) => account))));
    const parts = await Promise.all([0n, 2n, 4n, 6n].map((offset) => world.consortium.read('companies', [offset, 2n])));
    expect(parts.map(({ length }) => length)).toEqual([2, 2, 1, 0]);
    expect(parts.flat()).toEqual(all);
    expect((await world.consortium.read('company', [world.companies[1].address])).name).toBe('Brook');
    await expectRefusal(world.consortium.read('company', [world.proxy.address]), 'NotACompany');
  });

  it('need a sensible founding', async () => {
    const chain = await createChain();
    const account = (name: string) => ({ account: addressFor(name), name });
    const found = (proxy: Address, founders: readonly { account: Address; name: string }[]) =>
      placeContract(chain, CONSORTIUM_ADDRESS, consortiumArtifact, [proxy, founders]);
    const three = [account('a'), account('b'), account('c')];
    await expect(found(addressFor('p'), three.slice(1))).rejects.toThrow('constructor failed');
    await expect(found(addressFor('a'), three)).rejects.toThrow('constructor failed');
    await expect(found(addressFor('p'), [...three, account('a')])).rejects.toThrow('constructor failed');
    await expect(found('0x0000000000000000000000000000000000000000', three)).rejects.toThrow('constructor failed');
    await expect(found(addressFor('p'), [...three.slice(1), { account: addressFor('x'), name: '' }])).rejects.toThrow();
    const hundred = Array.from({ length: 100 }, (_, index) => account(`company ${index}`));
    await expect(found(addressFor('p'), hundred)).rejects.toThrow('constructor failed');
    const consortium = await found(addressFor('p'), hundred.slice(1));
    expect(await consortium.read('sealers', [])).toHaveLength(100);
  });
});

describe('votes', () => {
  it('take effect in the transaction that passes two thirds', async () => {
    const world = await createWorld();
    const [first, second, third] = world.companies;
    const newcomer = keyOf('Delta').address;
    const proposed = await world.consortium.write(first.address, 'propose', [ADD, newcomer, 'Delta']);
    expect(proposed.events.map(({ name }) => name)).toEqual(['Proposed', 'Voted']);
    await proveSync(world, newcomer);
    const twoOfThree = await world.consortium.write(second.address, 'vote', [1n, true]);
    expect(twoOfThree.events.map(({ name }) => name)).toEqual(['Voted']);
    expect((await world.consortium.read('proposal', [1n])).yes).toBe(2);
    const last = await world.consortium.write(third.address, 'vote', [1n, true]);
    expect(last.events.map(({ name }) => name)).toEqual(['Voted', 'Executed', 'CompanyAdded', 'SealersChanged']);
    expect(lower(last.events[3]?.args['sealers'] as string[])).toEqual(await sealers(world));
    expect(await world.consortium.read('isCompany', [newcomer])).toBe(true);
    expect((await world.consortium.read('proposal', [1n])).state).toBe(EXECUTED);
    await expectRefusal(world.consortium.write(newcomer, 'vote', [1n, true]), 'ProposalNotOpen', [1n, EXECUTED]);
  });

  it('remove a company and replace the proxy', async () => {
    const world = await createWorld();
    const [a, b, c, d] = await grow(world, ['Delta']);
    const removed = world.companies[2].address;
    world.chain.mine(EPOCH);
    await world.consortium.write(a as Address, 'propose', [REMOVE, removed, '']);
    await world.consortium.write(b as Address, 'vote', [1n + 1n, true]);
    const done = await world.consortium.write(d as Address, 'vote', [2n, true]);
    expect(done.events.map(({ name }) => name)).toContain('CompanyRemoved');
    expect(await sealers(world)).toEqual(ascending([world.proxy.address, a, b, d] as Address[]));
    const proxy = keyOf('new proxy').address;
    world.chain.mine(EPOCH);
    await world.consortium.write(a as Address, 'propose', [REPLACE_PROXY, proxy, '']);
    await proveSync(world, proxy);
    await world.consortium.write(b as Address, 'vote', [3n, true]);
    const replaced = await world.consortium.write(d as Address, 'vote', [3n, true]);
    expect(replaced.events.map(({ name }) => name)).toContain('ProxyReplaced');
    expect(await sealers(world)).toEqual(ascending([proxy, a, b, d] as Address[]));
    expect(await world.consortium.read('isSealer', [world.proxy.address])).toBe(false);
    expect(c).toBe(removed);
  });

  it('are for companies alone', async () => {
    const world = await createWorld();
    const stranger = addressFor('stranger');
    for (const outsider of [stranger, world.proxy.address]) {
      await expectRefusal(world.consortium.write(outsider, 'propose', [ADD, stranger, 'x']), 'NotACompany', [outsider]);
    }
    await world.consortium.write(world.companies[0].address, 'propose', [ADD, stranger, 'x']);
    await expectRefusal(world.consortium.write(stranger, 'vote', [1n, true]), 'NotACompany', [stranger]);
  });

  it('count once, and only for what is open', async () => {
    const world = await createWorld();
    const [first] = world.companies;
    await world.consortium.write(first.address, 'propose', [ADD, addressFor('x'), 'x']);
    await expectRefusal(world.consortium.write(first.address, 'vote', [1n, false]), 'AlreadyVoted', [1n, first.address]);
    await expectRefusal(world.consortium.write(first.address, 'vote', [2n, true]), 'UnknownProposal', [2n]);
    await expectRefusal(world.consortium.write(first.address, 'vote', [0n, true]), 'UnknownProposal', [0n]);
    await expectRefusal(world.consortium.write(first.address, 'execute', [1n]), 'NotEnoughVotes', [1n, 3n]);
    await expectRefusal(world.consortium.read('proposal', [2n]), 'UnknownProposal');
  });

  it('refuse a change that cannot be', async () => {
    const world = await createWorld();
    const [first, second] = world.companies;
    const propose = (kind: number, account: Address, name = 'x') =>
      world.consortium.write(first.address, 'propose', [kind, account, name]);
    await expectRefusal(propose(REMOVE, second.address), 'TooFewSealers', [3n, 4n]);
    await expectRefusal(propose(REMOVE, addressFor('stranger')), 'NotACompany');
    await expectRefusal(propose(ADD, second.address), 'AlreadySealer', [second.address]);
    await expectRefusal(propose(ADD, world.proxy.address), 'AlreadySealer');
    await expectRefusal(propose(REPLACE_PROXY, second.address), 'AlreadySealer');
    await expectRefusal(propose(ADD, '0x0000000000000000000000000000000000000000'), 'InvalidAccount');
    await expectRefusal(propose(ADD, addressFor('x'), ''), 'InvalidName', [0n, 64n]);
    await expectRefusal(propose(ADD, addressFor('x'), 'n'.repeat(65)), 'InvalidName', [65n, 64n]);
    await propose(ADD, addressFor('x'));
    await expectRefusal(propose(ADD, addressFor('x')), 'AlreadyProposed', [1n]);
    await propose(REPLACE_PROXY, addressFor('x'));
    await expectRefusal(propose(7, addressFor('x')), 'out of gas or no reason');
  });

  it('stop at a hundred sealers', async () => {
    const chain = await createChain();
    const founders = Array.from({ length: 99 }, (_, index) => ({ account: addressFor(`c${index}`), name: `c${index}` }));
    const consortium = await placeContract(chain, CONSORTIUM_ADDRESS, consortiumArtifact, [addressFor('p'), founders]);
    const more = consortium.write(addressFor('c0'), 'propose', [ADD, addressFor('one more'), 'one more']);
    await expectRefusal(more, 'TooManySealers', [101n, 100n]);
  });

  it('expire, and may then be proposed again', async () => {
    const world = await createWorld();
    const [first, second] = world.companies;
    const propose = () => world.consortium.write(first.address, 'propose', [ADD, addressFor('x'), 'x']);
    await propose();
    world.chain.advance(FORTNIGHT);
    expect((await world.consortium.read('proposal', [1n])).state).toBe(EXPIRED);
    await expectRefusal(world.consortium.write(second.address, 'vote', [1n, true]), 'ProposalNotOpen', [1n, EXPIRED]);
    await expectRefusal(world.consortium.write(second.address, 'execute', [1n]), 'ProposalNotOpen');
    await propose();
    expect((await world.consortium.read('proposals', [0n, 10n])).map(({ id, state }) => [id, state])).toEqual([
      [2n, OPEN],
      [1n, EXPIRED],
    ]);
    expect(await world.consortium.read('proposals', [1n, 10n])).toHaveLength(1);
  });

  it('reject what can no longer pass', async () => {
    const world = await createWorld();
    const [first, second] = world.companies;
    await world.consortium.write(first.address, 'propose', [ADD, addressFor('x'), 'x']);
    const no = await world.consortium.write(second.address, 'vote', [1n, false]);
    expect(no.events.map(({ name }) => name)).toEqual(['Voted', 'Rejected']);
    expect((await world.consortium.read('proposal', [1n])).state).toBe(REJECTED);
    await world.consortium.write(second.address, 'propose', [ADD, addressFor('x'), 'x']);
  });

  it('of a company removed meanwhile do not count', async () => {
    const world = await createWorld();
    // Five companies: four yes are needed. The third votes yes on x, then leaves.
    const members = (await grow(world, ['Delta', 'Elm'])) as [Address, Address, Address, Address, Address];
    await world.consortium.write(members[0], 'propose', [ADD, addressFor('x'), 'x']);
    const x = await world.consortium.read('proposalCount', []);
    await world.consortium.write(members[2], 'vote', [x, true]);
    expect((await world.consortium.read('proposal', [x])).yes).toBe(2);
    world.chain.mine(EPOCH);
    await world.consortium.write(members[0], 'propose', [REMOVE, members[2], '']);
    for (const member of [members[1], members[3], members[4]]) await world.consortium.write(member, 'vote', [x + 1n, true]);
    expect(await world.consortium.read('isCompany', [members[2]])).toBe(false);
    expect((await world.consortium.read('proposal', [x])).yes).toBe(1);
    await expectRefusal(world.consortium.write(members[2], 'vote', [x, true]), 'NotACompany');
    // Back again, it may vote anew, and its old vote has not come back with it.
    world.chain.mine(EPOCH);
    await world.consortium.write(members[0], 'propose', [ADD, members[2], 'Cobalt']);
    await proveSync(world, members[2]);
    for (const member of [members[1], members[3]]) await world.consortium.write(member, 'vote', [x + 2n, true]);
    expect(await world.consortium.read('isCompany', [members[2]])).toBe(true);
    expect((await world.consortium.read('proposal', [x])).yes).toBe(1);
    await world.consortium.write(members[2], 'vote', [x, true]);
    expect((await world.consortium.read('proposal', [x])).yes).toBe(2);
  });

  it('may pass by a removal, and then anyone carries the change out', async () => {
    const world = await createWorld();
    // Six companies: five yes are needed for x and three are there. When one that did not vote goes, four of five suffice.
    const members = (await grow(world, ['Delta', 'Elm', 'Fir'])) as [Address, Address, Address, Address, Address, Address];
    await world.consortium.write(members[0], 'propose', [ADD, addressFor('x'), 'x']);
    const x = await world.consortium.read('proposalCount', []);
    for (const member of members.slice(1, 4)) await world.consortium.write(member, 'vote', [x, true]);
    world.chain.mine(EPOCH);
    await world.consortium.write(members[0], 'propose', [REMOVE, members[5], '']);
    for (const member of members.slice(1, 5)) await world.consortium.write(member, 'vote', [x + 1n, true]);
    expect((await world.consortium.read('proposal', [x])).state).toBe(OPEN);
    await expectRefusal(world.consortium.write(addressFor('anyone'), 'execute', [x]), 'NotSynced', [addressFor('x')]);
    await proveSync(world, addressFor('x')).catch(() => undefined);
    await expectRefusal(world.consortium.write(addressFor('anyone'), 'execute', [x]), 'TooManyChanges');
    world.chain.mine(EPOCH);
    await world.consortium.write(addressFor('anyone'), 'execute', [x]);
    expect(await world.consortium.read('isCompany', [addressFor('x')])).toBe(true);
  });

  it('check the change again when they pass', async () => {
    const world = await createWorld();
    const members = (await grow(world, ['Delta'])) as [Address, Address, Address, Address];
    await world.consortium.write(members[0], 'propose', [REMOVE, members[2], '']);
    await world.consortium.write(members[0], 'propose', [REMOVE, members[3], '']);
    await world.consortium.write(members[1], 'vote', [2n, true]);
    world.chain.mine(EPOCH);
    await world.consortium.write(members[3], 'vote', [2n, true]);
    await world.consortium.write(members[1], 'vote', [3n, true]);
    await expectRefusal(world.consortium.write(members[3], 'vote', [3n, true]), 'TooFewSealers');
    expect(await sealers(world)).toHaveLength(4);
  });
});

describe('observers', () => {
  const device = addressFor('device');

  async function register(world: World, change: Parameters<typeof certify>[4] = {}, sender = addressFor('anyone')) {
    const { certificate, signature } = certify(world, world.companies[0], device, DEVICE, change);
    return world.consortium.write(sender, 'registerObserver', [certificate, signature]);
  }

  it('are registered by anyone who brings a certificate', async () => {
    const world = await createWorld();
    const { events } = await register(world);
    expect(events.map(({ name }) => name)).toEqual(['ObserverRegistered']);
    const seen = await world.consortium.read('observer', [device]);
    expect([seen.role, seen.standing, toAddress(seen.company)]).toEqual([DEVICE, ACTIVE, world.companies[0].address]);
    expect(await world.consortium.read('observerCount', [])).toBe(1n);
    expect((await world.consortium.read('observer', [addressFor('nobody')])).standing).toBe(0);
  });

  it('need a valid certificate', async () => {
    const world = await createWorld();
    const [first, second] = world.companies;
    await expectRefusal(register(world, { role: 0 }), 'UnknownRole', [0]);
    await expectRefusal(register(world, { role: 3 }), 'UnknownRole', [3]);
    await expectRefusal(register(world, { expiresAt: BigInt(world.chain.now()) }), 'CertificateExpired');
    await expectRefusal(register(world, { company: second.address }), 'NotSignedByCompany', [second.address, first.address]);
    await expectRefusal(register(world, { company: addressFor('no company') }), 'NotACompany');
    await expectRefusal(register(world, { observer: second.address }), 'ObserverIsSealer');
    await expectRefusal(register(world, { observer: world.proxy.address }), 'ObserverIsSealer');
    await expectRefusal(register(world, { observer: '0x0000000000000000000000000000000000000000' }), 'InvalidAccount');
  });

  it('are not let in by a certificate that was changed, or was signed for another chain', async () => {
    const world = await createWorld();
    const { certificate, signature } = certify(world, world.companies[0], device, DEVICE);
    const send = (changed: typeof certificate, by: Hex = signature) =>
      world.consortium.write(device, 'registerObserver', [changed, by]);
    await expectRefusal(send({ ...certificate, role: EDGE_NODE }), 'NotSignedByCompany');
    await expectRefusal(send({ ...certificate, observer: addressFor('other') }), 'NotSignedByCompany');
    await expectRefusal(send({ ...certificate, expiresAt: FAR_FUTURE + 1n }), 'NotSignedByCompany');
    await expectRefusal(send(certificate, signature.slice(0, -2) as Hex), 'NotSignedByCompany');
    await expectRefusal(send(certificate, toEthereumSignature(keyOf('forger').sign(new Uint8Array(32)))), 'NotSignedByCompany');
    const elsewhere = await createWorld(7401);
    await expectRefusal(elsewhere.consortium.write(device, 'registerObserver', [certificate, signature]), 'NotSignedByCompany');
    await send(certificate);
  });

  it('renew with a later certificate of their company', async () => {
    const world = await createWorld();
    await register(world, { expiresAt: FAR_FUTURE });
    await expectRefusal(register(world, { expiresAt: FAR_FUTURE }), 'AlreadyRegistered', [device, world.companies[0].address]);
    await expectRefusal(register(world, { expiresAt: FAR_FUTURE - 1n }), 'AlreadyRegistered');
    await register(world, { expiresAt: FAR_FUTURE + 1n });
    expect((await world.consortium.read('observer', [device])).expiresAt).toBe(FAR_FUTURE + 1n);
    expect(await world.consortium.read('observerCount', [])).toBe(1n);
  });

  it('expire', async () => {
    const world = await createWorld();
    await register(world, { expiresAt: BigInt(world.chain.now() + 100) });
    world.chain.advance(99);
    expect((await world.consortium.read('observer', [device])).standing).toBe(ACTIVE);
    world.chain.advance(1);
    expect((await world.consortium.read('observer', [device])).standing).toBe(STANDING_EXPIRED);
    await register(world);
    expect((await world.consortium.read('observer', [device])).standing).toBe(ACTIVE);
  });

  it('change their company by their own transaction only', async () => {
    const world = await createWorld();
    await register(world);
    const { certificate, signature } = certify(world, world.companies[1], device, DEVICE);
    const move = (sender: Address) => world.consortium.write(sender, 'registerObserver', [certificate, signature]);
    await expectRefusal(move(world.companies[1].address), 'AlreadyRegistered', [device, world.companies[0].address]);
    await move(device);
    expect(toAddress((await world.consortium.read('observer', [device])).company)).toBe(world.companies[1].address);
  });

  it('are revoked by their company, with every certificate that ends no later', async () => {
    const world = await createWorld();
    const [first, second] = world.companies;
    const unused = certify(world, first, device, DEVICE, { expiresAt: FAR_FUTURE - 5n });
    await register(world);
    await expectRefusal(world.consortium.write(second.address, 'revokeObserver', [device]), 'NotItsCompany', [
      device,
      first.address,
    ]);
    await expectRefusal(world.consortium.write(first.address, 'revokeObserver', [addressFor('nobody')]), 'UnknownObserver');
    await world.consortium.write(first.address, 'revokeObserver', [device]);
    expect((await world.consortium.read('observer', [device])).standing).toBe(REVOKED);
    await expectRefusal(world.consortium.write(first.address, 'revokeObserver', [device]), 'CertificateRevoked');
    await expectRefusal(
      world.consortium.write(device, 'registerObserver', [unused.certificate, unused.signature]),
      'CertificateRevoked',
    );
    await register(world, { expiresAt: FAR_FUTURE + 1n });
    expect((await world.consortium.read('observer', [device])).standing).toBe(ACTIVE);
  });

  it('fall with their company', async () => {
    const world = await createWorld();
    const members = (await grow(world, ['Delta'])) as [Address, Address, Address, Address];
    const { certificate, signature } = certify(world, keyOf('Delta'), device, DEVICE);
    await world.consortium.write(device, 'registerObserver', [certificate, signature]);
    world.chain.mine(EPOCH);
    await world.consortium.write(members[0], 'propose', [REMOVE, members[3], '']);
    for (const member of members.slice(1, 3)) await world.consortium.write(member, 'vote', [2n, true]);
    expect((await world.consortium.read('observer', [device])).standing).toBe(COMPANY_LEFT);
    await register(world);
    expect((await world.consortium.read('observer', [device])).standing).toBe(ACTIVE);
  });

  it('are listed in pages', async () => {
    const world = await createWorld();
    const names = ['d1', 'd2', 'd3', 'd4', 'd5'];
    for (const name of names) {
      const { certificate, signature } = certify(world, world.companies[0], addressFor(name), DEVICE);
      await world.consortium.write(world.proxy.address, 'registerObserver', [certificate, signature]);
    }
    const pages = await Promise.all([0n, 2n, 4n, 9n].map((offset) => world.consortium.read('observers', [offset, 2n])));
    expect(lower(pages.flat().map(({ observer }) => observer))).toEqual(names.map(addressFor));
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1, 0]);
  });
});
