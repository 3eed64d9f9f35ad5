import { describe, expect, it } from 'vitest';
import { serviceId } from '../../src/contracts/index.ts';
import { type Address, type Hex, toAddress } from '../../src/crypto/index.ts';
import { expectRefusal } from './expect-refusal.ts';
import { addressFor } from './harness.ts';
import { addDevice, addNode, certify, createWorld, DEVICE, EDGE_NODE, registerObserver, taskIdFor, type World } from './world.ts';

const spectrum = serviceId('vibration.spectrum');
const classify = serviceId('image.classify');
const MATCHED = 1;
const COMPLETED = 2;
const FAILED = 3;
const EXPIRED = 4;
const LEASE_SECONDS = 600;

const here = { latitudeE6: -37_815_000, longitudeE6: 144_963_000 };

function nodeAt(name: string, metres: number, change: Partial<Parameters<typeof addNode>[1]> = {}) {
  return { name, latitudeE6: here.latitudeE6 + metres * 9, longitudeE6: here.longitudeE6, services: [spectrum], ...change };
}

function request(world: World, device: Address, count: number, change: { service?: Hex; limit?: bigint } = {}) {
  const { service = spectrum, limit = 1000n } = change;
  const asked = [taskIdFor(device, count), here.latitudeE6, here.longitudeE6, service, limit] as const;
  return world.registry.write(device, 'requestMatch', asked);
}

describe('nodes', () => {
  it('are added by their company, and seen', async () => {
    const world = await createWorld();
    const { id, node } = await addNode(world, nodeAt('n1', 10, { capacity: 3, priceWei: 7n, services: [spectrum, classify] }));
    expect(id).toBe(1n);
    const seen = await world.registry.read('node', [1n]);
    expect(seen).toMatchObject({ id: 1n, state: 1, capacity: 3, inUse: 0, priceWei: 7n, services: [spectrum, classify] });
    expect([toAddress(seen.node), toAddress(seen.company)]).toEqual([node, world.companies[0].address]);
    expect(await world.registry.read('nodeIdOf', [node])).toBe(1n);
    expect(await world.registry.read('nodeCount', [])).toBe(1n);
    expect(await world.registry.read('servicesPage', [0n, 9n])).toEqual([
      { service: spectrum, nodes: 1n },
      { service: classify, nodes: 1n },
    ]);
    await expectRefusal(world.registry.read('node', [2n]), 'UnknownNode', [2n]);
    await expectRefusal(world.registry.read('record', [0n]), 'UnknownNode');
  });

  it('must be registered edge nodes of the company that adds them', async () => {
    const world = await createWorld();
    const [first, second] = world.companies;
    const node = addressFor('n1');
    const add = (company: Address, change: object = {}) =>
      world.registry.write(company, 'addNode', [{ node, ...here, capacity: 1, priceWei: 1n, services: [spectrum], ...change }]);
    await expectRefusal(add(first.address), 'NotAnEdgeNodeOf', [node, first.address]);
    await registerObserver(world, first, node, EDGE_NODE);
    await expectRefusal(add(second.address), 'NotAnEdgeNodeOf');
    await expectRefusal(add(addressFor('stranger')), 'NotAnEdgeNodeOf');
    const device = await addDevice(world, 'device');
    await expectRefusal(add(first.address, { node: device }), 'NotAnEdgeNodeOf');
    await add(first.address);
    await expectRefusal(add(first.address), 'NodeAlreadyRegistered', [1n]);
    await world.consortium.write(first.address, 'revokeObserver', [node]);
    await expectRefusal(add(first.address), 'NotAnEdgeNodeOf');
  });

  it('must make sense', async () => {
    const world = await createWorld();
    const add = (change: object) => addNode(world, nodeAt('n1', 0, change));
    const late = { latitudeE6: 90_000_001 };
    await expectRefusal(add(late), 'PositionOutOfRange');
    const many = Array.from({ length: 17 }, (_, index) => serviceId(`service.${index}`));
    for (const [change, reason] of [
      [{ latitudeE6: -90_000_001 }, 'PositionOutOfRange'],
      [{ longitudeE6: 180_000_001 }, 'PositionOutOfRange'],
      [{ longitudeE6: -180_000_001 }, 'PositionOutOfRange'],
      [{ capacity: 0 }, 'NoCapacity'],
      [{ services: [] }, 'ServicesOutOfBounds'],
      [{ services: many }, 'ServicesOutOfBounds'],
      [{ services: [spectrum, spectrum] }, 'InvalidService'],
      [{ services: [`0x${'00'.repeat(32)}`] }, 'InvalidService'],
    ] as const) {
      const spec = { node: addressFor('n1'), ...here, capacity: 1, priceWei: 1n, services: [spectrum], ...change };
      await expectRefusal(world.registry.write(world.companies[0].address, 'addNode', [spec]), reason);
    }
    await world.registry.write(world.companies[0].address, 'addNode', [
      { node: addressFor('n1'), ...here, capacity: 1, priceWei: 1n, services: many.slice(1) },
    ]);
  });

  it('are updated and withdrawn by their company', async () => {
    const world = await createWorld();
    const [first, second] = world.companies;
    await addNode(world, nodeAt('n1', 10));
    const update = (from: Address, id = 1n) => world.registry.write(from, 'updateNode', [id, 1, 2, 5, 9n, [classify]]);
    await expectRefusal(update(second.address), 'NotItsCompany', [1n, first.address]);
    await expectRefusal(update(first.address, 2n), 'UnknownNode');
    await update(first.address);
    expect(await world.registry.read('node', [1n])).toMatchObject({
      latitudeE6: 1,
      longitudeE6: 2,
      capacity: 5,
      priceWei: 9n,
      services: [classify],
    });
    await expectRefusal(world.registry.write(second.address, 'withdrawNode', [1n]), 'NotItsCompany');
    await world.registry.write(first.address, 'withdrawNode', [1n]);
    expect((await world.registry.read('node', [1n])).state).toBe(2);
    await expectRefusal(update(first.address), 'NodeNotActive', [1n]);
    await expectRefusal(world.registry.write(first.address, 'withdrawNode', [1n]), 'NodeNotActive');
  });

  it('come back under their old id, with their record', async () => {
    const world = await createWorld();
    const device = await addDevice(world, 'device');
    const { node } = await addNode(world, nodeAt('n1', 10));
    await request(world, device, 1);
    await world.registry.write(device, 'reportFailure', [taskIdFor(device, 1), 1]);
    await world.registry.write(world.companies[0].address, 'withdrawNode', [1n]);
    const spec = { node, ...here, capacity: 2, priceWei: 3n, services: [classify] };
    await world.registry.write(world.companies[0].address, 'addNode', [spec]);
    expect(await world.registry.read('node', [1n])).toMatchObject({ state: 1, failed: 1, capacity: 2, services: [classify] });
    expect(await world.registry.read('nodeCount', [])).toBe(1n);
  });

  it('that the consortium shut out are withdrawn by anyone', async () => {
    const world = await createWorld();
    const { node } = await addNode(world, nodeAt('n1', 10));
    const anyone = addressFor('anyone');
    await expectRefusal(world.registry.write(anyone, 'withdrawNode', [1n]), 'NotItsCompany');
    await world.consortium.write(world.companies[0].address, 'revokeObserver', [node]);
    const { events } = await world.registry.write(anyone, 'withdrawNode', [1n]);
    expect(events[0]?.name).toBe('NodeWithdrawn');
  });

  it('are listed in pages', async () => {
    const world = await createWorld();
    for (let count = 1; count <= 5; count++) await addNode(world, nodeAt(`n${count}`, count));
    const pages = await Promise.all([0n, 2n, 4n, 6n].map((offset) => world.registry.read('nodesPage', [offset, 2n])));
    expect(pages.map((page) => page.map(({ id }) => Number(id)))).toEqual([[1, 2], [3, 4], [5], []]);
  });
});

describe('edgeMatch', () => {
  it('says why there is no match', async () => {
    const world = await createWorld();
    const device = await addDevice(world, 'device');
    const reason = async (service: Hex, limit: bigint) =>
      (await world.registry.read('edgeMatch', [here.latitudeE6, here.longitudeE6, service, limit]))[0];
    expect(await reason(spectrum, 1n)).toBe(1);
    await addNode(world, nodeAt('n1', 10, { priceWei: 100n }));
    expect(await reason(spectrum, 99n)).toBe(3);
    expect(await reason(spectrum, 100n)).toBe(0);
    expect(await reason(classify, 100n)).toBe(1);
    await request(world, device, 1);
    expect(await reason(spectrum, 100n)).toBe(2);
    // Capacity is asked before the price: among those that offer the service nobody is free.
    expect(await reason(spectrum, 99n)).toBe(2);
    await addNode(world, nodeAt('n2', 20, { priceWei: 200n }));
    expect(await reason(spectrum, 199n)).toBe(3);
  });

  it('takes the lowest id among equals', async () => {
    const world = await createWorld();
    await addNode(world, nodeAt('n1', 300));
    for (const [name, metres] of [
      ['n2', 100],
      ['n3', -100],
      ['n4', 100],
    ] as const)
      await addNode(world, nodeAt(name, metres));
    const [, id, node, priceWei, distance] = await world.registry.read('edgeMatch', [
      here.latitudeE6,
      here.longitudeE6,
      spectrum,
      1000n,
    ]);
    expect([id, toAddress(node), priceWei, distance]).toEqual([2n, addressFor('n2'), 100n, 810_000n]);
    expect(await world.registry.read('nearest', [here.latitudeE6, here.longitudeE6, spectrum, 1000n, 3n])).toMatchObject([
      0,
      [2, 3, 4],
      4n,
    ]);
    expect((await world.registry.read('nearest', [here.latitudeE6, here.longitudeE6, spectrum, 1000n, 99n]))[1]).toEqual([
      2, 3, 4, 1,
    ]);
    expect((await world.registry.read('nearest', [here.latitudeE6, here.longitudeE6, spectrum, 1000n, 0n]))[1]).toEqual([2]);
    await expectRefusal(world.registry.read('edgeMatch', [90_000_001, 0, spectrum, 1n]), 'PositionOutOfRange');
  });
});

describe('requestMatch', () => {
  it('takes a slot and says who was chosen among whom', async () => {
    const world = await createWorld();
    const device = await addDevice(world, 'device');
    for (const [name, metres] of [
      ['n1', 300],
      ['n2', 100],
      ['n3', 200],
    ] as const)
      await addNode(world, nodeAt(name, metres));
    const { events } = await request(world, device, 1);
    expect(events).toHaveLength(1);
    expect(events[0]?.args).toMatchObject({
      taskId: taskIdFor(device, 1),
      nodeId: 2n,
      attempt: 1n,
      service: spectrum,
      maxPriceWei: 1000n,
      priceWei: 100n,
      distanceSquared: 810_000n,
      among: [2, 3, 1],
      ...here,
    });
    expect((await world.registry.read('node', [2n])).inUse).toBe(1);
    const task = await world.registry.read('task', [taskIdFor(device, 1)]);
    expect(task).toMatchObject({
      status: MATCHED,
      nodeId: 2n,
      attempt: 1n,
      service: spectrum,
      maxPriceWei: 1000n,
      tried: [],
      ...here,
    });
    expect(task.leaseEndsAt).toBe(BigInt(world.chain.now() + LEASE_SECONDS));
    expect(toAddress(task.device)).toBe(device);
    expect((await request(world, device, 2)).events[0]?.args).toMatchObject({ nodeId: 3n, among: [3, 1] });
  });

  it('is for active devices and their own task ids', async () => {
    const world = await createWorld();
    const device = await addDevice(world, 'device');
    const { node } = await addNode(world, nodeAt('n1', 10));
    await expectRefusal(request(world, addressFor('stranger'), 1), 'NotADevice', [addressFor('stranger'), 0]);
    await expectRefusal(request(world, node, 1), 'NotADevice', [node, 1]);
    const foreign = taskIdFor(addressFor('another'), 1);
    const asked = [foreign, here.latitudeE6, here.longitudeE6, spectrum, 1000n] as const;
    await expectRefusal(world.registry.write(device, 'requestMatch', asked), 'TaskIdNotYours', [foreign, device]);
    await request(world, device, 1);
    await expectRefusal(request(world, device, 1), 'TaskExists', [taskIdFor(device, 1)]);
    await world.consortium.write(world.companies[0].address, 'revokeObserver', [device]);
    await expectRefusal(request(world, device, 2), 'NotADevice', [device, 3]);
    const late = addressFor('late device');
    const { certificate, signature } = certify(world, world.companies[0], late, DEVICE, {
      expiresAt: BigInt(world.chain.now() + 10),
    });
    await world.consortium.write(late, 'registerObserver', [certificate, signature]);
    world.chain.advance(10);
    await expectRefusal(request(world, late, 1), 'NotADevice', [late, 2]);
  });

  it('leaves no trace but an event when nothing matches', async () => {
    const world = await createWorld();
    const device = await addDevice(world, 'device');
    const { events } = await request(world, device, 1);
    expect(events[0]).toMatchObject({ name: 'NotMatched', args: { taskId: taskIdFor(device, 1), reason: 1 } });
    expect((await world.registry.read('task', [taskIdFor(device, 1)])).status).toBe(0);
    await addNode(world, nodeAt('n1', 10));
    expect((await request(world, device, 1)).events[0]?.name).toBe('Matched');
  });
});

describe('reportFailure', () => {
  it('notes the failure and goes on to the next best', async () => {
    const world = await createWorld();
    const device = await addDevice(world, 'device');
    for (const [name, metres] of [
      ['n1', 300],
      ['n2', 100],
      ['n3', 200],
    ] as const)
      await addNode(world, nodeAt(name, metres));
    await request(world, device, 1);
    const taskId = taskIdFor(device, 1);
    const second = await world.registry.write(device, 'reportFailure', [taskId, 2]);
    expect(second.events.map(({ name }) => name)).toEqual(['TaskFailed', 'Matched']);
    expect(second.events[0]?.args).toMatchObject({ taskId, nodeId: 2n, attempt: 1n, why: 2 });
    expect(second.events[1]?.args).toMatchObject({ nodeId: 3n, attempt: 2n, among: [3, 1] });
    expect(await world.registry.read('record', [2n])).toEqual([0, 1, 0]);
    expect((await world.registry.read('node', [2n])).inUse).toBe(0);
    await world.registry.write(device, 'reportFailure', [taskId, 1]);
    const last = await world.registry.write(device, 'reportFailure', [taskId, 1]);
    expect(last.events[1]).toMatchObject({ name: 'NotMatched', args: { reason: 1 } });
    expect(await world.registry.read('task', [taskId])).toMatchObject({ status: FAILED, tried: [2, 3, 1], attempt: 3n });
    await expectRefusal(world.registry.write(device, 'reportFailure', [taskId, 1]), 'TaskNotMatched', [taskId, FAILED]);
    await expectRefusal(request(world, device, 1), 'TaskExists');
  });

  it('gives the reason of the nodes not yet tried', async () => {
    const world = await createWorld();
    const device = await addDevice(world, 'device');
    await addNode(world, nodeAt('n1', 100));
    await addNode(world, nodeAt('n2', 200, { priceWei: 2000n }));
    await request(world, device, 1);
    const dear = await world.registry.write(device, 'reportFailure', [taskIdFor(device, 1), 1]);
    expect(dear.events[1]?.args['reason']).toBe(3);
    await request(world, device, 2);
    await request(world, device, 3, { limit: 2000n });
    const full = await world.registry.write(device, 'reportFailure', [taskIdFor(device, 2), 1]);
    expect(full.events[1]?.args['reason']).toBe(2);
  });

  it('stops after eight attempts', async () => {
    const world = await createWorld();
    const device = await addDevice(world, 'device');
    for (let count = 1; count <= 10; count++) await addNode(world, nodeAt(`n${count}`, count * 100));
    await request(world, device, 1);
    const taskId = taskIdFor(device, 1);
    for (let count = 1; count <= 7; count++) await world.registry.write(device, 'reportFailure', [taskId, 1]);
    const { events } = await world.registry.write(device, 'reportFailure', [taskId, 1]);
    expect(events[1]).toMatchObject({ name: 'NotMatched', args: { reason: 4 } });
    expect((await world.registry.read('task', [taskId])).tried).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("is the device's alone, and only for a task under way", async () => {
    const world = await createWorld();
    const device = await addDevice(world, 'device');
    const other = await addDevice(world, 'other device');
    await addNode(world, nodeAt('n1', 100));
    await request(world, device, 1);
    const taskId = taskIdFor(device, 1);
    await expectRefusal(world.registry.write(other, 'reportFailure', [taskId, 1]), 'TaskIdNotYours');
    await expectRefusal(world.registry.write(addressFor('stranger'), 'reportFailure', [taskId, 1]), 'NotADevice');
    await expectRefusal(world.registry.write(device, 'reportFailure', [taskIdFor(device, 2), 1]), 'TaskNotMatched');
  });
});

describe('complete and expire', () => {
  it('count on the record and free the slots', async () => {
    const world = await createWorld();
    const device = await addDevice(world, 'device');
    const { node } = await addNode(world, nodeAt('n1', 100, { capacity: 3 }));
    for (let count = 1; count <= 3; count++) await request(world, device, count);
    expect((await request(world, device, 4)).events[0]?.args['reason']).toBe(2);
    const done = await world.registry.write(node, 'complete', [[taskIdFor(device, 1), taskIdFor(device, 3)]]);
    expect(done.events.map(({ name }) => name)).toEqual(['TaskCompleted', 'TaskCompleted']);
    expect(await world.registry.read('node', [1n])).toMatchObject({ inUse: 1, completed: 2 });
    expect((await world.registry.read('task', [taskIdFor(device, 1)])).status).toBe(COMPLETED);
    expect((await request(world, device, 4)).events[0]?.name).toBe('Matched');
  });

  it('skip what is not theirs or not open', async () => {
    const world = await createWorld();
    const device = await addDevice(world, 'device');
    const { node } = await addNode(world, nodeAt('n1', 100));
    const other = await addNode(world, nodeAt('n2', 500));
    await request(world, device, 1);
    const [mine, unknown] = [taskIdFor(device, 1), taskIdFor(device, 9)];
    const foreign = await world.registry.write(other.node, 'complete', [[mine, unknown]]);
    expect(foreign.events.map(({ name, args }) => [name, args['reason']])).toEqual([
      ['TaskSkipped', 1],
      ['TaskSkipped', 2],
    ]);
    const twice = await world.registry.write(node, 'complete', [[mine, mine]]);
    expect(twice.events.map(({ name }) => name)).toEqual(['TaskCompleted', 'TaskSkipped']);
    expect(await world.registry.read('record', [1n])).toEqual([1, 0, 0]);
    await expectRefusal(world.registry.write(addressFor('stranger'), 'complete', [[mine]]), 'UnknownNode');
    const tooMany = Array.from({ length: 257 }, () => unknown);
    await expectRefusal(world.registry.write(node, 'complete', [tooMany]), 'BatchTooLarge', [257n, 256n]);
    await expectRefusal(world.registry.write(node, 'expire', [tooMany]), 'BatchTooLarge');
  });

  it('expire after the lease, by anyone', async () => {
    const world = await createWorld();
    const device = await addDevice(world, 'device');
    await addNode(world, nodeAt('n1', 100));
    await request(world, device, 1);
    const taskId = taskIdFor(device, 1);
    const expire = () => world.registry.write(addressFor('anyone'), 'expire', [[taskId]]);
    world.chain.advance(LEASE_SECONDS - 1);
    expect((await expire()).events[0]).toMatchObject({ name: 'TaskSkipped', args: { reason: 3 } });
    world.chain.advance(1);
    expect((await expire()).events[0]).toMatchObject({ name: 'TaskExpired', args: { taskId, nodeId: 1n } });
    expect((await expire()).events[0]).toMatchObject({ name: 'TaskSkipped', args: { reason: 2 } });
    expect(await world.registry.read('record', [1n])).toEqual([0, 0, 1]);
    expect((await world.registry.read('task', [taskId])).status).toBe(EXPIRED);
    expect((await world.registry.read('node', [1n])).inUse).toBe(0);
  });

  it('finish what a withdrawn node was doing', async () => {
    const world = await createWorld();
    const device = await addDevice(world, 'device');
    const { node } = await addNode(world, nodeAt('n1', 100));
    await request(world, device, 1);
    await world.registry.write(world.companies[0].address, 'withdrawNode', [1n]);
    expect((await request(world, device, 2)).events[0]?.args['reason']).toBe(1);
    await world.registry.write(node, 'complete', [[taskIdFor(device, 1)]]);
    expect(await world.registry.read('node', [1n])).toMatchObject({ state: 2, inUse: 0, completed: 1 });
  });

  it('respect a capacity that was lowered meanwhile', async () => {
    const world = await createWorld();
    const device = await addDevice(world, 'device');
    const { node } = await addNode(world, nodeAt('n1', 100, { capacity: 3 }));
    for (let count = 1; count <= 3; count++) await request(world, device, count);
    await world.registry.write(world.companies[0].address, 'updateNode', [
      1n,
      here.latitudeE6,
      here.longitudeE6,
      2,
      100n,
      [spectrum],
    ]);
    await world.registry.write(node, 'complete', [[taskIdFor(device, 1)]]);
    expect((await request(world, device, 4)).events[0]?.args['reason']).toBe(2);
    await world.registry.write(node, 'complete', [[taskIdFor(device, 2)]]);
    expect((await request(world, device, 4)).events[0]?.name).toBe('Matched');
  });
});
