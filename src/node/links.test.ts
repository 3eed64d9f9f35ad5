import { describe, expect, it } from 'vitest';
import { openDoor } from '../environment/contract/index.ts';
import type { Contact, Environment, NodeId } from '../environment/index.ts';
import { createWorld } from '../environment/sim/index.ts';
import { LINK_RETRY_MICROS_MAX, LINK_RETRY_MICROS_MIN } from '../limits.ts';
import { createLinks, type LinkPlan, type Links } from './links.ts';

const SECOND = 1_000_000;
const TURN_MICROS = SECOND / 10;

const id = (number: number): NodeId => `0x${String(number).padStart(40, '0')}`;
const contact = (node: NodeId, addresses: readonly string[] = [`sim:${node}`]): Contact => ({ node, addresses });

interface Wish {
  readonly plan: () => LinkPlan;
  readonly lookup?: (node: NodeId) => Contact | undefined;
  readonly bootstrap?: readonly Contact[];
  readonly lost?: (contact: Contact) => void;
}

/** A world in which node 0 looks after its links; `dials` are the times at which it tried to reach a node. */
class Bench {
  readonly world = createWorld({ seed: 1 });
  readonly self: Environment = this.world.addNode(id(0));
  readonly dials = new Map<NodeId, number[]>();
  readonly links: Links;

  private constructor({ plan, lookup = (node) => contact(node), bootstrap = [], lost }: Wish) {
    const { network } = this.self;
    const connect = (target: Contact): Promise<void> => {
      this.dials.set(target.node, [...(this.dials.get(target.node) ?? []), this.world.now]);
      return network.connect(target);
    };
    const watched: Environment = {
      ...this.self,
      network: {
        self: network.self,
        addresses: () => network.addresses(),
        peers: () => network.peers(),
        start: (handshake) => network.start(handshake),
        stop: () => network.stop(),
        connect,
        disconnect: (peer, reason) => network.disconnect(peer, reason),
        send: (...frame) => network.send(...frame),
        request: (...question) => network.request(...question),
        onFrame: (protocol, handler) => network.onFrame(protocol, handler),
        onRequest: (protocol, handler) => network.onRequest(protocol, handler),
        onPeer: (listener) => network.onPeer(listener),
        penalise: (peer, reason) => network.penalise(peer, reason),
      },
    };
    this.links = createLinks(TURN_MICROS, { environment: watched, lookup, plan, bootstrap, ...(lost && { lost }) });
  }

  static async open(wish: Wish): Promise<Bench> {
    const bench = new Bench(wish);
    await bench.world.run(bench.self.network.start(openDoor));
    return bench;
  }

  /** Brings nodes 1..count up. */
  async add(count: number): Promise<readonly Environment[]> {
    const nodes = Array.from({ length: count }, (_, at) => this.world.addNode(id(at + 1)));
    await this.world.run(Promise.all(nodes.map((node) => node.network.start(openDoor))));
    return nodes;
  }

  get peers(): readonly NodeId[] {
    return [...this.self.network.peers()].sort();
  }
}

describe('links', () => {
  it('holds every peer of the plan, itself left out, and dials again whom it loses', async () => {
    const bench = await Bench.open({ plan: () => ({ every: [id(0), id(1), id(2)] }) });
    await bench.add(2);
    bench.links.start();
    await bench.world.runFor(SECOND);
    expect(bench.peers).toEqual([id(1), id(2)]);
    bench.self.network.disconnect(id(1), 'for the test');
    await bench.world.runFor(SECOND);
    expect(bench.peers).toEqual([id(1), id(2)]);
    expect(bench.dials.get(id(0))).toBeUndefined();
    expect(bench.dials.get(id(2))).toHaveLength(1);
  });

  it('asks for the plan at every turn', async () => {
    let every = [id(1)];
    const bench = await Bench.open({ plan: () => ({ every }) });
    await bench.add(2);
    bench.links.start();
    await bench.world.runFor(SECOND);
    every = [id(1), id(2)];
    await bench.world.runFor(SECOND);
    expect(bench.peers).toEqual([id(1), id(2)]);
  });

  it('waits longer from failure to failure, but never more than the longest pause', async () => {
    const bench = await Bench.open({ plan: () => ({ every: [id(1)] }) });
    bench.world.addNode(id(1));
    bench.links.start();
    await bench.world.runFor(90 * SECOND);
    const times = bench.dials.get(id(1)) ?? [];
    const pauses = times.slice(1).map((at, index) => at - (times[index] as number));
    expect(pauses[0]).toBeGreaterThanOrEqual(LINK_RETRY_MICROS_MIN);
    expect(pauses.length).toBeGreaterThan(6);
    for (const [index, pause] of pauses.entries()) {
      const least = Math.min(LINK_RETRY_MICROS_MAX, LINK_RETRY_MICROS_MIN * 2 ** index);
      // A pause ends at the next look at the plan, and a dial takes its time.
      expect(pause).toBeGreaterThanOrEqual(least);
      expect(pause).toBeLessThan(least + 2 * SECOND);
    }
  });

  it('tells of the first failure only, where an operator looks', async () => {
    const bench = await Bench.open({ plan: () => ({ every: [id(1)] }) });
    bench.world.addNode(id(1));
    bench.links.start();
    await bench.world.runFor(20 * SECOND);
    const levels = bench.world
      .log()
      .filter(({ event }) => event === 'link.failed')
      .map(({ level }) => level);
    expect(levels[0]).toBe('info');
    expect(levels.slice(1)).not.toContain('info');
    expect(levels.length).toBeGreaterThan(2);
  });

  it('dials what is missing at once when it is told to', async () => {
    let known: Contact | undefined;
    const bench = await Bench.open({ plan: () => ({ every: [id(1)] }), lookup: () => known });
    await bench.add(1);
    bench.links.refresh();
    expect(bench.dials.size).toBe(0);
    bench.links.start();
    await bench.world.runFor(SECOND);
    expect(bench.dials.size).toBe(0);
    known = contact(id(1));
    const { now } = bench.world;
    bench.links.refresh();
    bench.links.refresh();
    await bench.world.runFor(1);
    expect(bench.dials.get(id(1))).toEqual([now]);
  });

  it('of some it holds as many as it wants, the first ones that are there', async () => {
    const of = [id(1), id(2), id(3), id(4), id(5)];
    const bench = await Bench.open({ plan: () => ({ every: [id(2)], some: { of, count: 3 } }) });
    // 1 is down: one more than is missing is dialled.
    const nodes = [2, 3, 4, 5].map((number) => bench.world.addNode(id(number)));
    bench.world.addNode(id(1));
    await bench.world.run(Promise.all(nodes.map((node) => node.network.start(openDoor))));
    bench.links.start();
    await bench.world.runFor(10 * SECOND);
    expect(bench.peers.slice(0, 3)).toEqual([id(2), id(3), id(4)]);
    expect(bench.dials.get(id(5))).toBeUndefined();
    bench.self.network.disconnect(id(4), 'for the test');
    await bench.world.runFor(10 * SECOND);
    expect(bench.peers.length).toBeGreaterThanOrEqual(3);
    expect(bench.peers).toContain(id(2));
  });

  it.each<readonly [string, (node: NodeId) => Contact | undefined]>([
    ['nobody is known', () => undefined],
    ['those who are known gave no address', (node) => contact(node, [])],
  ])('turns to the addresses of last resort while %s', async (_what, lookup) => {
    let find = lookup;
    const bench = await Bench.open({
      plan: () => ({ every: [id(2)] }),
      lookup: (node) => find(node),
      bootstrap: [contact(id(1))],
    });
    const [, , stranger] = await bench.add(3);
    // That somebody is connected does not help: it is not whom the plan wants.
    await bench.world.run(stranger?.network.connect(contact(id(0))) ?? Promise.reject(new Error('there is no third node')));
    await bench.world.runFor(SECOND);
    bench.links.start();
    await bench.world.runFor(SECOND);
    expect(bench.peers).toEqual([id(1), id(3)]);
    find = (node) => contact(node);
    bench.links.refresh();
    await bench.world.runFor(SECOND);
    bench.self.network.disconnect(id(1), 'for the test');
    await bench.world.runFor(SECOND);
    // Nothing is asked of it any more.
    expect(bench.peers).toEqual([id(2), id(3)]);
  });

  it('keeps the addresses of last resort connected where the plan says so', async () => {
    const bench = await Bench.open({
      plan: () => ({ every: [id(2)], keepsBootstrap: true }),
      bootstrap: [contact(id(1)), contact(id(0))],
    });
    await bench.add(2);
    bench.links.start();
    await bench.world.runFor(SECOND);
    expect(bench.peers).toEqual([id(1), id(2)]);
    bench.self.network.disconnect(id(1), 'for the test');
    await bench.world.runFor(SECOND);
    expect(bench.peers).toEqual([id(1), id(2)]);
    expect(bench.dials.get(id(0))).toBeUndefined();
  });

  it('tells of whom it did not find where it looked', async () => {
    const lost: Contact[] = [];
    const bench = await Bench.open({ plan: () => ({ every: [id(1), id(2)] }), lost: (gone) => lost.push(gone) });
    await bench.add(1);
    bench.world.addNode(id(2));
    bench.links.start();
    await bench.world.runFor(SECOND);
    expect(lost.length).toBeGreaterThan(0);
    expect(new Set(lost.map(({ node }) => node))).toEqual(new Set([id(2)]));
  });

  it('stops for good', async () => {
    const bench = await Bench.open({ plan: () => ({ every: [id(1)] }) });
    bench.world.addNode(id(1));
    bench.links.start();
    await bench.world.runFor(SECOND);
    bench.links.stop();
    const dials = bench.dials.get(id(1))?.length;
    bench.links.refresh();
    await bench.world.runFor(60 * SECOND);
    expect(bench.dials.get(id(1))).toHaveLength(dials ?? 0);
  });
});
