import { beforeAll, describe, expect, it } from 'vitest';
import { edgeRegistryClient, serviceId } from '../../src/contracts/index.ts';
import type { Cluster } from '../../src/experiments/index.ts';
import type { EdgeNode, TreadleNode } from '../../src/node/index.ts';
import { withMessages } from '../faults/support/between.ts';
import { deviceNode, ledgerNode, ON_DEMAND, SECOND, startCluster } from '../faults/support/small-cluster.ts';

const OFFER_PROTOCOL = 'offer/1';
const VIBRATION = 'vibration.spectrum';

describe('edge nodes and the company that lists them', () => {
  let cluster: Cluster;
  let edge: EdgeNode;
  let company: TreadleNode;

  const registry = () => edgeRegistryClient(ledgerNode(cluster, 'company-1').full.client);
  const listed = async () =>
    cluster.world.run(
      registry()
        .nodeIdOf(edge.id)
        .then((id) => registry().node(id)),
    );
  const transactions = () => ledgerNode(cluster, 'company-1').full.ledger.transactionCount();

  /** Sends an offer from a node to the first company. */
  function send(from: TreadleNode, offer: unknown, to = company): Promise<string> {
    const network =
      'full' in from ? (from as EdgeNode).full.environment.network : deviceNode(cluster, 'device-1').environment.network;
    const body = typeof offer === 'string' ? offer : JSON.stringify(offer);
    const answer = network.request(to.id, OFFER_PROTOCOL, new TextEncoder().encode(body), { timeoutMicros: 60 * SECOND });
    return cluster.world.run(answer.then((bytes) => new TextDecoder().decode(bytes)));
  }

  async function presentOffer() {
    const { latitudeE6, longitudeE6, capacity, priceWei } = await listed();
    return { latitudeE6, longitudeE6, capacity, priceWei: priceWei.toString(), services: [VIBRATION] };
  }

  beforeAll(async () => {
    cluster = await startCluster(ON_DEMAND);
    edge = cluster.seats.get('edge-1')?.node as EdgeNode;
    company = ledgerNode(cluster, 'company-1');
  });

  it('list what the node file says, when the node starts', async () => {
    const file = cluster.seats.get('edge-1')?.setup.file;
    if (file?.role !== 'edge') throw new Error('edge-1 is an edge node');
    expect(file.company).toBe(company.id);
    expect(await listed()).toMatchObject({
      state: 'active',
      node: edge.id,
      company: company.id,
      latitudeE6: Math.round(file.edge.latitude * 1e6),
      longitudeE6: Math.round(file.edge.longitude * 1e6),
      capacity: ON_DEMAND.edge.capacity,
      priceWei: ON_DEMAND.edge.priceWei,
      services: [serviceId(VIBRATION)],
    });
  });

  it('write nothing when nothing has changed, and replace what has', async () => {
    const offer = await presentOffer();
    const before = transactions();
    const id = await send(edge, offer);
    expect(transactions()).toBe(before);
    expect(await send(edge, { ...offer, priceWei: '1500', capacity: 9 })).toBe(id);
    expect(transactions()).toBe(before + 1);
    expect(await listed()).toMatchObject({ priceWei: 1_500n, capacity: 9, latitudeE6: offer.latitudeE6 });
    expect(await send(edge, offer)).toBe(id);
  });

  it('list nobody without a certificate of this company', async () => {
    const offer = await presentOffer();
    const before = transactions();
    for (const stranger of [deviceNode(cluster, 'device-1'), cluster.seats.get('edge-2')?.node as EdgeNode]) {
      await expect(send(stranger, offer)).rejects.toMatchObject({
        code: 'NODE_OFFER_REFUSED',
        detail: expect.stringContaining(`${stranger.id} is not an active edge node of ${company.id}`),
      });
    }
    expect(transactions()).toBe(before);
  });

  it.each<readonly [string, (offer: Record<string, unknown>) => unknown, RegExp]>([
    ['is no JSON', () => '{', /not JSON/],
    ['is no object', () => [], /expected object/i],
    ['has a key too many', (offer) => ({ ...offer, free: true }), /free/],
    ['has no capacity', (offer) => ({ ...offer, capacity: 0 }), /capacity/],
    ['lies off the globe', (offer) => ({ ...offer, latitudeE6: 90_000_001 }), /latitudeE6/],
    ['has no price', (offer) => ({ ...offer, priceWei: '-1' }), /priceWei/],
    ['has no service', (offer) => ({ ...offer, services: [] }), /services/],
    ['has too many services', (offer) => ({ ...offer, services: Array(17).fill(VIBRATION) }), /services/],
  ])('refuse an offer that %s, and say what is wrong', async (_what, change, words) => {
    const refusal = await send(edge, change(await presentOffer())).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'NODE_OFFER_REFUSED', detail: expect.stringMatching(words) });
    expect(edge.full.environment.network.peers()).toContain(company.id);
  });

  it('leave a node that the company took out by hand out of it, until it is put back by hand', async () => {
    const offer = await presentOffer();
    const { id, services, ...fields } = await listed();
    await cluster.world.run(registry().withdrawNode(id));
    await expect(send(edge, offer)).rejects.toMatchObject({
      code: 'NODE_OFFER_REFUSED',
      detail: expect.stringContaining('out of matching'),
    });
    await expect(send(edge, { ...offer, priceWei: '7' })).rejects.toMatchObject({ code: 'NODE_OFFER_REFUSED' });
    expect(await listed()).toMatchObject({ state: 'withdrawn', priceWei: ON_DEMAND.edge.priceWei });
    await cluster.world.run(registry().addNode(edge.id, { ...fields, services }));
    expect(await send(edge, offer)).toBe(id.toString());
    expect(await listed()).toMatchObject({ state: 'active' });
  });
});

it('two offers of one node that come at once list it once', async () => {
  const doubled: Promise<unknown>[] = [];
  const cluster = await startCluster(ON_DEMAND, {
    between: (environment, { name }) => {
      if (name !== 'edge-1') return environment;
      const { network } = environment;
      return withMessages(environment, {
        request: (to, protocol, body) => {
          if (protocol !== OFFER_PROTOCOL) return;
          doubled.push(
            network.request(to, protocol, body, { timeoutMicros: 60 * SECOND }).then((id) => new TextDecoder().decode(id)),
          );
        },
      });
    },
  });
  const registry = edgeRegistryClient(ledgerNode(cluster, 'company-1').full.client);
  const id = await cluster.world.run(registry.nodeIdOf(cluster.id('edge-1')));
  expect(await cluster.world.run(Promise.all(doubled))).toEqual([id.toString()]);
});
