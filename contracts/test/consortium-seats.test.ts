import { describe, expect, it } from 'vitest';
import { CONSORTIUM_ADDRESS, consortiumArtifact } from '../../src/contracts/index.ts';
import { type Address, toAddress } from '../../src/crypto/index.ts';
import { expectRefusal } from './expect-refusal.ts';
import { addressFor, createChain, keyOf, placeContract } from './harness.ts';
import { certify, createWorld, DEVICE, proveSync, registerObserver, type World } from './world.ts';

const ADD = 0;
const REMOVE = 1;
const REPLACE_PROXY = 2;
const EPOCH = 32;
const OPEN = 1;
const EXECUTED = 2;
const [NOTHING, SYNC, WAITS_EPOCH] = [0, 1, 2];
const [NONE, SEALER, , SUCCESSOR, CANDIDATE, PROXY_CANDIDATE] = [0, 1, 2, 3, 4, 5];
const ZERO: Address = '0x0000000000000000000000000000000000000000';

const sealers = async (world: Pick<World, 'consortium'>) =>
  (await world.consortium.read('sealers', [])).map((each) => toAddress(each));
const position = (world: World, key: Address) => world.consortium.read('positionOf', [key]);
const account = async (world: World, key: Address) => toAddress(await world.consortium.read('accountOf', [key]));

async function voteAll(world: World, id: bigint, voters: readonly Address[]): Promise<void> {
  for (const voter of voters) await world.consortium.write(voter, 'vote', [id, true]);
}

describe('joining', () => {
  it('goes from candidate by votes and a proof of sync to sealer, in either order', async () => {
    const world = await createWorld();
    const [a, b, c] = world.companies.map(({ address }) => address) as [Address, Address, Address];
    const [early, late] = [addressFor('early'), addressFor('late')];
    expect(await position(world, early)).toBe(NONE);
    await expectRefusal(proveSync(world, early), 'NotACandidate', [early]);
    await world.consortium.write(a, 'propose', [ADD, early, 'Early']);
    expect(await position(world, early)).toBe(CANDIDATE);
    expect(await account(world, early)).toBe(early);
    await proveSync(world, early);
    await voteAll(world, 1n, [b, c]);
    expect(await position(world, early)).toBe(SEALER);

    world.chain.mine(EPOCH);
    await world.consortium.write(a, 'propose', [ADD, late, 'Late']);
    await voteAll(world, 2n, [b]);
    const votes = await world.consortium.write(c, 'vote', [2n, true]);
    expect(votes.events.map(({ name, args }) => [name, args['waitsFor']])).toContainEqual(['Waiting', SYNC]);
    expect(await world.consortium.read('proposal', [2n])).toMatchObject({ state: OPEN, waitsFor: SYNC });
    await expectRefusal(world.consortium.write(a, 'execute', [2n]), 'NotSynced', [late]);
    const proof = await proveSync(world, late);
    expect(proof.events.map(({ name }) => name)).toEqual(['SyncProven', 'Executed', 'CompanyAdded', 'SealersChanged']);
    expect(await sealers(world)).toContain(late);
    expect(await world.consortium.read('proposal', [2n])).toMatchObject({ state: EXECUTED, waitsFor: NOTHING });
  });

  it('needs a block that is on the chain and recent, and the proof does not count for ever', async () => {
    const world = await createWorld();
    const [a, b, c] = world.companies.map(({ address }) => address) as [Address, Address, Address];
    const newcomer = addressFor('newcomer');
    await world.consortium.write(a, 'propose', [ADD, newcomer, 'Newcomer']);
    world.chain.mine(300);
    const height = world.chain.height();
    const prove = (at: number, hash = world.chain.hashOf(at)) =>
      world.consortium.write(newcomer, 'proveSync', [BigInt(at), hash]);
    await expectRefusal(prove(height), 'NotThatBlock', [BigInt(height)]);
    await expectRefusal(prove(height - 1, world.chain.hashOf(height - 2)), 'NotThatBlock');
    await expectRefusal(prove(height - 1, `0x${'00'.repeat(32)}`), 'NotThatBlock');
    await expectRefusal(prove(height - 129), 'NotThatBlock');
    await expectRefusal(prove(height + 5, `0x${'00'.repeat(32)}`), 'NotThatBlock');
    await prove(height - 128);
    world.chain.mine(257);
    await voteAll(world, 1n, [b, c]);
    expect(await world.consortium.read('proposal', [1n])).toMatchObject({ state: OPEN, waitsFor: SYNC });
    await proveSync(world, newcomer);
    expect(await position(world, newcomer)).toBe(SEALER);
  });

  it('as the proxy is open to whom a vote names', async () => {
    const world = await createWorld();
    const [a, b, c] = world.companies.map(({ address }) => address) as [Address, Address, Address];
    const other = addressFor('other proxy');
    await world.consortium.write(a, 'propose', [REPLACE_PROXY, other, '']);
    expect(await position(world, other)).toBe(PROXY_CANDIDATE);
    await voteAll(world, 1n, [b, c]);
    expect(toAddress(await world.consortium.read('proxy', []))).toBe(world.proxy.address);
    await proveSync(world, other);
    expect(toAddress(await world.consortium.read('proxy', []))).toBe(other);
    expect(await position(world, world.proxy.address)).toBe(NONE);
    expect(await world.consortium.read('seat', [other])).toMatchObject({ quarantinedAt: 0n });
    await expectRefusal(world.consortium.read('seat', [world.proxy.address]), 'NotAMember', [world.proxy.address]);
  });

  it('is shut again to a candidate whose proposal failed', async () => {
    const world = await createWorld();
    const [a, b] = world.companies.map(({ address }) => address) as [Address, Address];
    const newcomer = addressFor('newcomer');
    await world.consortium.write(a, 'propose', [ADD, newcomer, 'Newcomer']);
    await world.consortium.write(b, 'vote', [1n, false]);
    expect(await position(world, newcomer)).toBe(NONE);
    await expectRefusal(proveSync(world, newcomer), 'NotACandidate');
  });
});

describe('the pace of change', () => {
  it('is f in any 32 blocks, wherever they begin', async () => {
    const world = await createWorld();
    const members = world.companies.map(({ address }) => address);
    const add = async (name: string) => {
      await world.consortium.write(members[0] as Address, 'propose', [ADD, addressFor(name), name]);
      await proveSync(world, addressFor(name));
      const id = await world.consortium.read('proposalCount', []);
      for (const member of members.slice(1)) {
        if ((await world.consortium.read('proposal', [id])).state !== OPEN) break;
        await world.consortium.write(member, 'vote', [id, true]);
        if ((await world.consortium.read('proposal', [id])).waitsFor !== NOTHING) break;
      }
      return id;
    };
    world.chain.mine(30);
    await add('first');
    const start = world.chain.height();
    members.push(addressFor('first'));
    const id = await add('second');
    expect(await world.consortium.read('proposal', [id])).toMatchObject({ state: OPEN, waitsFor: WAITS_EPOCH });
    // Not at the next multiple of 32, but 32 blocks after the first change.
    world.chain.mine(EPOCH - 1);
    const again = () => world.consortium.write(addressFor('anyone'), 'execute', [id]);
    await expectRefusal(again(), 'TooManyChanges', [1n, BigInt(start + EPOCH)]);
    world.chain.mine(1);
    await again();
    expect(await sealers(world)).toHaveLength(6);
  });

  it('grows with the consortium: of seven two', async () => {
    const chain = await createChain();
    const names = ['a', 'b', 'c', 'd', 'e', 'g'];
    const founders = names.map((name) => ({ account: addressFor(name), name }));
    const consortium = await placeContract(chain, CONSORTIUM_ADDRESS, consortiumArtifact, [addressFor('p'), founders]);
    for (const [index, leaver] of ['g', 'e', 'd'].entries()) {
      await consortium.write(addressFor('a'), 'propose', [REMOVE, addressFor(leaver), '']);
      for (const voter of names.slice(1, 6 - index)) {
        const { state, waitsFor } = await consortium.read('proposal', [BigInt(index + 1)]);
        if (state !== OPEN || waitsFor !== NOTHING) break;
        await consortium.write(addressFor(voter), 'vote', [BigInt(index + 1), true]);
      }
    }
    // Two of seven left at once; the set that is left now has f = 1, and its change is used up.
    expect(await sealers({ consortium })).toHaveLength(6);
    expect((await consortium.read('proposal', [2n])).waitsFor).toBe(WAITS_EPOCH);
  });
});

describe('a sealer key', () => {
  it('is replaced by its account with the consent of the new key; everything of the account stays', async () => {
    const world = await createWorld();
    const company = world.companies[0];
    const successor = keyOf('successor').address;
    const device = addressFor('device');
    await registerObserver(world, company, device, DEVICE);
    const named = await world.consortium.write(company.address, 'nameSuccessor', [successor]);
    expect(named.events.map(({ name }) => name)).toEqual(['SuccessorNamed']);
    expect(await position(world, successor)).toBe(SUCCESSOR);
    expect(await account(world, successor)).toBe(company.address);
    expect(await sealers(world)).not.toContain(successor);
    const taken = await proveSync(world, successor);
    expect(taken.events.map(({ name }) => name)).toEqual(['SyncProven', 'SealerKeyReplaced', 'SealersChanged']);
    expect(await sealers(world)).toEqual(
      [world.proxy.address, successor, world.companies[1].address, world.companies[2].address].sort(),
    );
    expect(await position(world, company.address)).toBe(NONE);
    expect(await position(world, successor)).toBe(SEALER);
    expect(await account(world, successor)).toBe(company.address);
    // The account is the company still: its certificates, its vote, its name.
    expect((await world.consortium.read('observer', [device])).standing).toBe(1);
    expect((await world.consortium.read('company', [company.address])).name).toBe('Ardent');
    expect(toAddress((await world.consortium.read('company', [company.address])).sealer)).toBe(successor);
    await world.consortium.write(company.address, 'propose', [ADD, addressFor('x'), 'x']);
    await expectRefusal(world.consortium.write(successor, 'vote', [1n, true]), 'NotACompany', [successor]);
    // An account is no observer, sealing or not.
    const { certificate, signature } = certify(world, world.companies[1], company.address, DEVICE);
    await expectRefusal(
      world.consortium.write(company.address, 'registerObserver', [certificate, signature]),
      'ObserverIsSealer',
    );
  });

  it('of the proxy is replaced in the same way', async () => {
    const world = await createWorld();
    const successor = addressFor('successor');
    await world.consortium.write(world.proxy.address, 'nameSuccessor', [successor]);
    await proveSync(world, successor);
    expect(toAddress(await world.consortium.read('proxy', []))).toBe(world.proxy.address);
    expect(await sealers(world)).toContain(successor);
    expect(toAddress((await world.consortium.read('seat', [world.proxy.address])).sealer)).toBe(successor);
  });

  it('cannot be one that is or was in use, and the name can be taken back', async () => {
    const world = await createWorld();
    const [a, b] = [world.companies[0].address, world.companies[1].address];
    const name = (from: Address, key: Address) => world.consortium.write(from, 'nameSuccessor', [key]);
    const key = addressFor('key');
    await expectRefusal(name(addressFor('stranger'), key), 'NotAMember');
    await expectRefusal(name(a, b), 'KeyInUse', [b]);
    await expectRefusal(name(a, a), 'KeyInUse', [a]);
    await name(a, key);
    await expectRefusal(name(b, key), 'KeyInUse', [key]);
    await expectRefusal(world.consortium.write(b, 'propose', [ADD, key, 'x']), 'KeyInUse', [key]);
    await name(a, ZERO);
    expect(await position(world, key)).toBe(NONE);
    await expectRefusal(proveSync(world, key), 'NotACandidate');
    await name(b, key);
    await proveSync(world, key);
    world.chain.mine(EPOCH);
    // The key that b gave up may be in other hands; neither it nor anybody uses it again.
    await expectRefusal(name(b, b), 'KeyInUse', [b]);
    await expectRefusal(name(a, b), 'KeyInUse', [b]);
  });

  it('counts as one change', async () => {
    const world = await createWorld();
    const [a, b] = [world.companies[0].address, world.companies[1].address];
    for (const [member, key] of [
      [a, 'one'],
      [b, 'two'],
    ] as const) {
      await world.consortium.write(member, 'nameSuccessor', [addressFor(key)]);
    }
    await proveSync(world, addressFor('one'));
    await expectRefusal(proveSync(world, addressFor('two')), 'TooManyChanges', [1n, BigInt(world.chain.height() + EPOCH)]);
    world.chain.mine(EPOCH);
    await proveSync(world, addressFor('two'));
    expect(await sealers(world)).toHaveLength(4);
  });

  it('goes with the seat', async () => {
    const world = await createWorld();
    const [a, b, c] = world.companies.map(({ address }) => address) as [Address, Address, Address];
    await world.consortium.write(c, 'nameSuccessor', [addressFor('new key')]);
    await proveSync(world, addressFor('new key'));
    await world.consortium.write(c, 'nameSuccessor', [addressFor('newer key')]);
    world.chain.mine(EPOCH);
    await world.consortium.write(a, 'propose', [ADD, addressFor('d'), 'd']);
    await proveSync(world, addressFor('d'));
    await voteAll(world, 1n, [b, c]);
    world.chain.mine(EPOCH);
    await world.consortium.write(a, 'propose', [REMOVE, c, '']);
    await voteAll(world, 2n, [b, addressFor('d')]);
    expect(await sealers(world)).toEqual([world.proxy.address, a, b, addressFor('d')].sort());
    for (const key of [c, addressFor('new key'), addressFor('newer key')]) expect(await position(world, key)).toBe(NONE);
  });
});
