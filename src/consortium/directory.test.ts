import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keccak256, keyFrom, type NodeKey } from '../crypto/index.ts';
import type { Environment, Handshake } from '../environment/index.ts';
import { createWorld, type World } from '../environment/sim/index.ts';
import { CONTACT_AHEAD_MS_MAX } from '../limits.ts';
import { encodeContact, type SignedContact, signContact } from './contact.ts';
import { ANNOUNCE_PROTOCOL, createDirectory, DIRECTORY_PROTOCOL, DIRECTORY_RANGE_PROTOCOL } from './directory.ts';
import type { Directory, DirectoryOptions } from './directory-interface.ts';
import { decodePage, encodePage } from './directory-messages.ts';

const key = (number: number) => keyFrom(keccak256(new Uint8Array([number >> 8, number & 255])));
const [ada, bob, centre] = [key(1), key(2), key(3)];
const company = ada.address;
const openDoor: Handshake = { hello: () => new Uint8Array(0), admit: () => ({ admitted: true }) };
const SECOND = 1_000_000;

interface Node {
  readonly environment: Environment;
  readonly directory: Directory;
}

const openDirectory = (environment: Environment, of: NodeKey, options: Partial<DirectoryOptions> = {}) =>
  createDirectory({
    environment,
    key: of,
    self: { role: 'edge', company, name: of.address.slice(2, 8), addresses: [`sim:${of.address}`] },
    ...options,
  });

async function start(world: World, of: NodeKey, options: Partial<DirectoryOptions> = {}): Promise<Node> {
  const environment = world.addNode(of.address);
  const directory = await world.run(openDirectory(environment, of, options));
  await world.run(environment.network.start(openDoor));
  return { environment, directory };
}

const connect = (world: World, from: Node, to: Node) =>
  world.run(from.environment.network.connect({ node: to.environment.node, addresses: to.environment.network.addresses() }));

const contactOf = (of: NodeKey, sequence: number, change: Partial<SignedContact> = {}): SignedContact =>
  signContact({ role: 'edge', company, name: 'x', addresses: [], sequence, ...change }, of);

describe('a directory', () => {
  it('lets a newcomer find everyone through one node, and needs that node no more', async () => {
    const world = createWorld({ seed: 1 });
    const [a, b, c] = [
      await start(world, ada),
      await start(world, bob),
      await start(world, centre, { self: { role: 'centre', company, name: 'Centre', addresses: [] } }),
    ];
    await connect(world, a, c);
    expect(await world.run(a.directory.exchangeWith(centre.address))).toBe(1);
    await connect(world, b, c);
    expect(await world.run(b.directory.exchangeWith(centre.address))).toBe(2);
    expect(b.directory.lookup(ada.address)).toEqual(a.directory.self());
    world.crash(centre.address);
    const { node, addresses } = b.directory.lookup(ada.address) as SignedContact;
    await world.run(b.environment.network.connect({ node, addresses }));
    const late = await start(world, key(9));
    await connect(world, late, b);
    expect(await world.run(late.directory.exchangeWith(bob.address))).toBe(3);
    expect(late.directory.all({ role: 'centre' }).map(({ name }) => name)).toEqual(['Centre']);
    expect(late.directory.all({ company }).map((contact) => contact.node)).toEqual(
      [ada, bob, centre, key(9)].map(({ address }) => address).sort(),
    );
  });

  it('remembers across a crash, and its own new record is the newer one even when the clock was set back', async () => {
    const world = createWorld({ seed: 2 });
    const a = await start(world, ada);
    a.directory.describe({ addresses: ['sim:elsewhere'] });
    a.directory.seed([contactOf(bob, 5)]);
    await world.run(a.directory.flush());
    const before = a.directory.self().sequence;
    world.crash(ada.address);
    const environment = world.restart(ada.address);
    const earlier: Environment = { ...environment, clock: { ...environment.clock, now: () => 1_000 } };
    const again = await world.run(openDirectory(earlier, ada));
    expect(again.lookup(bob.address)?.sequence).toBe(5);
    expect(again.self().sequence).toBeGreaterThan(before);
  });

  it('keeps the newest record of a node and says what is news', async () => {
    const world = createWorld({ seed: 3 });
    const { directory } = await start(world, ada);
    const heard: number[] = [];
    directory.onContact(({ sequence }) => heard.push(sequence));
    expect(directory.seed([contactOf(bob, 5), contactOf(bob, 4), contactOf(bob, 5), contactOf(bob, 6)])).toBe(2);
    expect(heard).toEqual([5, 6]);
    expect(directory.lookup(bob.address)?.sequence).toBe(6);
  });

  it('refuses what is forged, dated far ahead, refused by the judge, or a copy of its own key', async () => {
    const world = createWorld({ seed: 4 });
    const { directory } = await start(world, ada, { judge: ({ name }) => (name === 'banned' ? 'it is banned' : undefined) });
    const nowMs = Math.floor(world.now / 1000);
    const known = contactOf(bob, 5);
    expect(directory.seed([known])).toBe(1);
    const wrong = [
      { ...contactOf(bob, 6), addresses: ['sim:thief'] },
      { ...contactOf(centre, 7), node: bob.address },
      contactOf(bob, nowMs + CONTACT_AHEAD_MS_MAX + 1000),
      contactOf(bob, 8, { name: 'banned' }),
      contactOf(ada, nowMs + 1000),
    ];
    expect(directory.seed(wrong)).toBe(0);
    expect(directory.lookup(bob.address)).toEqual(known);
    expect(directory.self().name).toBe(ada.address.slice(2, 8));
    expect(world.log().filter(({ event }) => event === 'directory.contact-refused')).toHaveLength(wrong.length);
  });

  it('drops a peer that announces garbage or in the name of another', async () => {
    for (const frame of [
      new Uint8Array(7),
      encodeContact(contactOf(centre, 1)),
      encodeContact({ ...contactOf(bob, 1), name: 'changed' }),
    ]) {
      const world = createWorld({ seed: 5 });
      const [a, b] = [await start(world, ada), await start(world, bob)];
      await connect(world, b, a);
      b.environment.network.send(ada.address, ANNOUNCE_PROTOCOL, frame);
      await world.runUntil(() => a.environment.network.peers().length === 0, SECOND);
      expect(a.directory.all()).toHaveLength(1);
    }
  });

  it('answers a malformed question with an error that the asker gets', async () => {
    const world = createWorld({ seed: 6 });
    const [a, b] = [await start(world, ada), await start(world, bob)];
    await connect(world, b, a);
    const asked = b.environment.network.request(ada.address, DIRECTORY_PROTOCOL, new Uint8Array(3));
    await expect(world.run(asked)).rejects.toMatchObject({ code: 'DIRECTORY_REQUEST_INVALID' });
  });

  it('is read page by page, to the last contact', async () => {
    const world = createWorld({ seed: 7 });
    const [a, b] = [await start(world, ada), await start(world, bob)];
    a.directory.seed(Array.from({ length: 600 }, (_, at) => contactOf(key(100 + at), 1)));
    await connect(world, b, a);
    expect(await world.run(b.directory.exchangeWith(ada.address))).toBe(601);
    expect(b.directory.all()).toHaveLength(602);
  });

  it('survives a peer whose pages never end', async () => {
    const world = createWorld({ seed: 8 });
    const b = await start(world, bob);
    const liar = world.addNode(ada.address);
    liar.network.onRequest(DIRECTORY_PROTOCOL, async () =>
      encodePage({ contacts: [encodeContact(contactOf(ada, 1))], more: true }),
    );
    liar.network.onFrame(ANNOUNCE_PROTOCOL, () => {});
    await world.run(liar.network.start(openDoor));
    await world.run(b.environment.network.connect({ node: liar.node, addresses: liar.network.addresses() }));
    expect(await world.run(b.directory.exchangeWith(ada.address))).toBe(1);
  });

  it('stays within its bound, and a sealer takes the place of the stalest device', async () => {
    const world = createWorld({ seed: 9 });
    const { directory } = await start(world, ada, { maxEntries: 3 });
    expect(directory.seed([contactOf(key(10), 7), contactOf(key(11), 5), contactOf(key(12), 9)])).toBe(2);
    expect(directory.seed([contactOf(bob, 1, { role: 'company' })])).toBe(1);
    expect(directory.all()).toHaveLength(3);
    expect(directory.lookup(key(11).address)).toBeUndefined();
    expect(directory.seed([contactOf(key(13), 1, { role: 'proxy' }), contactOf(key(14), 1, { role: 'company' })])).toBe(1);
  });
});

describe('a page', () => {
  it('is refused when cut, lengthened or too long', () => {
    const page = encodePage({ contacts: [encodeContact(contactOf(bob, 1))], more: false });
    expect(decodePage(page).contacts).toHaveLength(1);
    for (const bad of [
      page.subarray(0, -1),
      Uint8Array.from([...page, 0]),
      new Uint8Array([2, 0, 0]),
      new Uint8Array([0, 255, 255]),
    ]) {
      expect(() => decodePage(bad)).toThrow(expect.objectContaining({ code: 'DIRECTORY_REQUEST_INVALID' }));
    }
  });
});

describe('directories of wire version 2', () => {
  const two = { wireVersion: () => 2 };

  it('do not send again what both know, and send what only one of them knows', async () => {
    const world = createWorld({ seed: 5 });
    const [a, b] = [await start(world, ada, two), await start(world, bob, two)];
    const many = Array.from({ length: 600 }, (_, at) => contactOf(key(100 + at), 7));
    a.directory.seed(many);
    await connect(world, b, a);
    expect(await world.run(b.directory.exchangeWith(ada.address))).toBe(601);
    const same = () => b.environment.metrics.snapshot()['directory_ranges_same_total'] ?? 0;
    const before = same();
    expect(await world.run(b.directory.exchangeWith(ada.address))).toBe(0);
    // 602 contacts in ranges of 256.
    expect(same()).toBe(before + 3);
    const moved = many[300] as SignedContact;
    a.directory.seed([contactOf(key(400), 8), contactOf(key(9), 7)]);
    expect(await world.run(b.directory.exchangeWith(ada.address))).toBe(2);
    expect(b.directory.lookup(moved.node)?.sequence).toBe(8);
    expect(b.directory.all().map(({ node }) => node)).toEqual(a.directory.all().map(({ node }) => node));
  });

  it('come to know the same as those of version 1, whatever each knew before', async () => {
    const keys = Array.from({ length: 12 }, (_, at) => key(200 + at));
    const knowledge = fc.array(fc.tuple(fc.nat(11), fc.integer({ min: 1, max: 3 })), { maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(knowledge, knowledge, async (left, right) => {
        const outcomes: string[] = [];
        for (const version of [1, 2]) {
          const world = createWorld({ seed: 6 });
          const [a, b] = [
            await start(world, ada, { wireVersion: () => version }),
            await start(world, bob, { wireVersion: () => version }),
          ];
          a.directory.seed(left.map(([at, sequence]) => contactOf(keys[at] as NodeKey, sequence)));
          b.directory.seed(right.map(([at, sequence]) => contactOf(keys[at] as NodeKey, sequence)));
          await connect(world, b, a);
          await world.run(b.directory.exchangeWith(ada.address));
          outcomes.push(
            b.directory
              .all()
              .map(({ node, sequence }) => `${node} ${node === bob.address ? '' : sequence}`)
              .join(),
          );
        }
        expect(outcomes[1]).toBe(outcomes[0]);
      }),
      { numRuns: 25 },
    );
  });

  it.each([
    ['no flags', new Uint8Array(0)],
    ['flags that do not exist', new Uint8Array(17).fill(4, 0, 1)],
    ['half a fingerprint', new Uint8Array(9)],
    ['bytes too many', new Uint8Array(18)],
  ])('answer a question with %s with an error', async (_what, question) => {
    const world = createWorld({ seed: 7 });
    const [a, b] = [await start(world, ada), await start(world, bob)];
    await connect(world, b, a);
    const asked = world.run(b.environment.network.request(ada.address, DIRECTORY_RANGE_PROTOCOL, question));
    await expect(asked).rejects.toMatchObject({ code: 'DIRECTORY_REQUEST_INVALID' });
  });
});
