import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serviceId } from '../../src/contracts/index.ts';
import type { Address } from '../../src/crypto/index.ts';
import { bruteForce, distanceSquared, type KnownNode, reasons, type Wanted } from './brute-force.ts';
import { addressFor } from './harness.ts';
import { randomNumbers } from './random-numbers.ts';
import { addDevice, createWorld, EDGE_NODE, registerObserver, taskIdFor, type World } from './world.ts';

const services = ['vibration.spectrum', 'image.classify', 'speech.text'].map(serviceId);
const AMONG_MAX = 4;

// Few distinct coordinates make ties and shared spots; the far ones make deep and shallow trees.
const near = fc.integer({ min: -4, max: 4 });
const coordinate = (max: number) =>
  fc.oneof(near, near, fc.integer({ min: -40_000, max: 40_000 }), fc.integer({ min: -max, max }), fc.constantFrom(-max, max));
const position = fc.record({ latitudeE6: coordinate(90_000_000), longitudeE6: coordinate(180_000_000) });
const price = fc.oneof(fc.bigInt({ min: 0n, max: 20n }), fc.bigInt({ min: 0n, max: 2n ** 96n - 1n }));
const offer = fc.record({
  position,
  priceWei: price,
  capacity: fc.integer({ min: 1, max: 3 }),
  services: fc.subarray(services, { minLength: 1 }),
});
const query = fc.record({ position, service: fc.constantFrom(...services, serviceId('nobody.offers')), maxPriceWei: price });

type Offer = typeof offer extends fc.Arbitrary<infer T> ? T : never;
type Query = typeof query extends fc.Arbitrary<infer T> ? T : never;
type Step =
  | { readonly type: 'add'; readonly offer: Offer }
  | { readonly type: 'update'; readonly which: number; readonly offer: Offer }
  | { readonly type: 'withdraw'; readonly which: number }
  | { readonly type: 'complete'; readonly which: number }
  | { readonly type: 'match'; readonly query: Query }
  | { readonly type: 'fail'; readonly which: number };

const which = fc.nat({ max: 1000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('add' as const), offer }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('update' as const), which, offer }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('withdraw' as const), which }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('match' as const), query }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('fail' as const), which }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('complete' as const), which }) },
);

/** A registry and the same registry in plain lists. */
class Pair {
  readonly world: World;
  readonly device: Address;
  readonly nodes: KnownNode[] = [];
  readonly running: { readonly taskId: `0x${string}`; readonly wanted: Wanted; nodeId: number; readonly tried: number[] }[] = [];
  #tasks = 0;

  constructor(world: World, device: Address) {
    this.world = world;
    this.device = device;
  }

  async apply(each: Step): Promise<void> {
    if (each.type === 'add') return this.#add(each.offer);
    if (each.type === 'match') return this.#match({ ...each.query.position, ...each.query });
    if (each.type === 'fail') return this.#fail(each.which);
    if (each.type === 'complete') return this.#complete(each.which);
    const active = this.nodes.filter((node) => node.active);
    const node = active[each.which % Math.max(active.length, 1)];
    if (node === undefined) return;
    const company = this.world.companies[0].address;
    if (each.type === 'withdraw') {
      await this.world.registry.write(company, 'withdrawNode', [BigInt(node.id)]);
      node.active = false;
      return;
    }
    const { position: place, capacity, priceWei, services: offered } = each.offer;
    const change = [BigInt(node.id), place.latitudeE6, place.longitudeE6, capacity, priceWei, offered] as const;
    await this.world.registry.write(company, 'updateNode', change);
    Object.assign(node, place, { capacity, priceWei, services: offered });
  }

  async #add({ position: place, capacity, priceWei, services: offered }: Offer): Promise<void> {
    const id = this.nodes.length + 1;
    const node = addressFor(`node ${id}`);
    const [company] = this.world.companies;
    await registerObserver(this.world, company, node, EDGE_NODE);
    await this.world.registry.write(company.address, 'addNode', [{ node, ...place, capacity, priceWei, services: offered }]);
    this.nodes.push({ id, ...place, capacity, inUse: 0, priceWei, services: offered, active: true });
  }

  async #match(wanted: Wanted): Promise<void> {
    const { latitudeE6, longitudeE6, service, maxPriceWei } = wanted;
    const truth = bruteForce(this.nodes, wanted);
    const [reason, id, , priceWei, distance] = await this.world.registry.read('edgeMatch', [
      latitudeE6,
      longitudeE6,
      service,
      maxPriceWei,
    ]);
    expect({ reason, id: Number(id) }).toEqual({ reason: truth.reason, id: truth.ids[0] ?? 0 });
    const taskId = taskIdFor(this.device, ++this.#tasks);
    const { events } = await this.world.registry.write(this.device, 'requestMatch', [
      taskId,
      latitudeE6,
      longitudeE6,
      service,
      maxPriceWei,
    ]);
    if (truth.reason !== reasons.none) {
      expect(events[0]).toMatchObject({ name: 'NotMatched', args: { reason: truth.reason } });
      return;
    }
    const node = this.nodes[Number(id) - 1] as KnownNode;
    expect([priceWei, distance]).toEqual([node.priceWei, distanceSquared(node, wanted)]);
    expect(events[0]).toMatchObject({ name: 'Matched', args: { nodeId: id, among: truth.ids.slice(0, AMONG_MAX) } });
    node.inUse++;
    this.running.push({ taskId, wanted, nodeId: node.id, tried: [] });
  }

  async #fail(number: number): Promise<void> {
    const task = this.running[number % Math.max(this.running.length, 1)];
    if (task === undefined) return;
    const failed = this.nodes[task.nodeId - 1] as KnownNode;
    failed.inUse--;
    task.tried.push(failed.id);
    const truth = bruteForce(this.nodes, task.wanted, task.tried);
    const { events } = await this.world.registry.write(this.device, 'reportFailure', [task.taskId, 2]);
    expect(events[0]).toMatchObject({ name: 'TaskFailed', args: { nodeId: BigInt(failed.id) } });
    const last = events.at(-1);
    if (truth.reason === reasons.none && task.tried.length < 8) {
      const chosen = truth.ids[0] as number;
      expect(last).toMatchObject({ name: 'Matched', args: { nodeId: BigInt(chosen), among: truth.ids.slice(0, AMONG_MAX) } });
      (this.nodes[chosen - 1] as KnownNode).inUse++;
      task.nodeId = chosen;
    } else {
      expect(last).toMatchObject({ name: 'NotMatched', args: { reason: task.tried.length < 8 ? truth.reason : 4 } });
      this.running.splice(this.running.indexOf(task), 1);
    }
  }

  async #complete(number: number): Promise<void> {
    const task = this.running[number % Math.max(this.running.length, 1)];
    if (task === undefined) return;
    const node = this.nodes[task.nodeId - 1] as KnownNode;
    await this.world.registry.write(addressFor(`node ${node.id}`), 'complete', [[task.taskId]]);
    node.inUse--;
    this.running.splice(this.running.indexOf(task), 1);
  }

  async check(): Promise<void> {
    const stored = await this.world.registry.read('nodesPage', [0n, 500n]);
    expect(stored.map(({ inUse }) => inUse)).toEqual(this.nodes.map(({ inUse }) => inUse));
    for (const { service, nodes } of await this.world.registry.read('servicesPage', [0n, 10n])) {
      expect(Number(nodes)).toBe(this.nodes.filter((node) => node.active && node.services.includes(service)).length);
    }
  }
}

describe('matching', () => {
  it('equals a search through all nodes, whatever happens to them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 90, size: 'max' }), async (steps) => {
        const world = await createWorld();
        const pair = new Pair(world, await addDevice(world, 'device'));
        for (const each of steps) await pair.apply(each);
        await pair.check();
      }),
      { numRuns: 12 },
    );
  });

  it('is the same for many nodes on one spot: the lowest free id', async () => {
    const world = await createWorld();
    const pair = new Pair(world, await addDevice(world, 'device'));
    const spot = { latitudeE6: 5, longitudeE6: 5 };
    const service = services[0] as `0x${string}`;
    for (let count = 0; count < 60; count++) {
      await pair.apply({ type: 'add', offer: { position: spot, capacity: 1, priceWei: BigInt(count % 7), services: [service] } });
    }
    for (let count = 0; count < 65; count++) {
      await pair.apply({ type: 'match', query: { position: { latitudeE6: count, longitudeE6: 0 }, service, maxPriceWei: 5n } });
    }
    for (let count = 0; count < 30; count++) await pair.apply({ type: 'complete', which: count * 7 });
    for (let count = 0; count < 40; count++) await pair.apply({ type: 'withdraw', which: count * 11 });
    for (let count = 0; count < 30; count++)
      await pair.apply({ type: 'match', query: { position: spot, service, maxPriceWei: 6n } });
    await pair.check();
  });

  // At every scale the borders of cells lie elsewhere among the nodes; a rectangle judged too far by one shows here.
  for (const reach of [12, 40, 1_000, 60_000, 20_000_000]) {
    it(`is exact in a crowd ${reach} micro-degrees wide`, async () => {
      const random = randomNumbers(reach);
      const within = () => Math.floor((random() - 0.5) * reach);
      const place = () => ({ latitudeE6: within(), longitudeE6: within() });
      const pair = new Pair(await createWorld(), addressFor('no device'));
      const service = services[0] as `0x${string}`;
      for (let count = 0; count < 120; count++) {
        const crowd = { position: place(), capacity: 1, priceWei: BigInt(Math.floor(random() * 40)), services: [service] };
        await pair.apply({ type: 'add', offer: crowd });
      }
      for (let count = 0; count < 150; count++) {
        const wanted = { ...place(), service, maxPriceWei: BigInt(Math.floor(random() * 45)) };
        const truth = bruteForce(pair.nodes, wanted);
        const asked = [wanted.latitudeE6, wanted.longitudeE6, service, wanted.maxPriceWei, 4n] as const;
        const [reason, ids] = await pair.world.registry.read('nearest', asked);
        expect({ reason, ids }).toEqual({ reason: truth.reason, ids: truth.ids.slice(0, AMONG_MAX) });
      }
    });
  }
});
