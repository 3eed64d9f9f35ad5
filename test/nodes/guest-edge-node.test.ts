import { describe, expect, it } from 'vitest';
import { edgeRegistryClient } from '../../src/contracts/index.ts';
import type { Cluster } from '../../src/experiments/index.ts';
import { createGuestEdgeNode, type EdgeNode } from '../../src/node/index.ts';
import { deviceNode, ledgerNode, MINUTE, ON_DEMAND, SECOND, startCluster } from '../faults/support/small-cluster.ts';

/** The edge node of a seat as the guest of another. */
async function moveIn(cluster: Cluster, seat: string, host: string): Promise<EdgeNode> {
  const { world } = cluster;
  cluster.crash(seat);
  const setup = cluster.seats.get(seat)?.setup ?? expect.fail(`there is no seat ${seat}`);
  const guest = await world.run(
    createGuestEdgeNode(world.restart(setup.key.address), setup, ledgerNode(cluster, host).full, { version: 'test' }),
  );
  await world.run(guest.start());
  await world.runUntil(() => guest.listed, MINUTE);
  return guest;
}

describe('an edge node that is the guest of another', () => {
  it('works, is paid and is seen under its own name, with the ledger of its host', async () => {
    const cluster = await startCluster(ON_DEMAND);
    const { world } = cluster;
    const guest = await moveIn(cluster, 'edge-2', 'edge-1');
    const host = ledgerNode(cluster, 'edge-1');
    expect(guest.full).toBe(host.full);
    expect(guest.id).toBe(cluster.id('edge-2'));

    // With the other nodes taken out, every task is for the guest.
    for (const [company, edge] of [
      ['company-1', 'edge-1'],
      ['company-3', 'edge-3'],
    ] as const) {
      const registry = edgeRegistryClient(ledgerNode(cluster, company).full.client);
      await world.run(registry.nodeIdOf(cluster.id(edge)).then((id) => registry.withdrawNode(id)));
    }
    const record = await world.run(deviceNode(cluster, 'device-1').runTask());
    expect(record).toMatchObject({ paid: true, outcome: { result: { node: guest.id, status: 'done' } } });
    expect(guest.work()).toMatchObject({ completed: 1, vouchers: 1 });
    expect(guest.payee.received.receivedWei).toBe(ON_DEMAND.edge.priceWei);

    // Its own view of its peers, its host's view of the chain.
    const peers = guest.treadle
      .peers()
      .filter(({ connected }) => connected)
      .map(({ node }) => node);
    expect(peers).toContain(guest.company);
    expect(peers).not.toContain(host.id);
    expect(guest.treadle.node()).toMatchObject({ id: guest.id, role: 'edge', height: host.full.ledger.head.number });
    expect(guest.treadle.consensus()).toMatchObject({ headHash: host.full.ledger.head.hash });

    await world.run(guest.stop());
    const registry = edgeRegistryClient(host.full.client);
    await world.runFor(5 * SECOND);
    const id = await world.run(registry.nodeIdOf(guest.id));
    expect(await world.run(registry.node(id))).toMatchObject({ completed: 1, failed: 0, inUse: 0 });
    // The host goes on without its guest.
    const before = host.full.ledger.head.number;
    await world.runUntil(() => host.full.ledger.head.number > before, MINUTE);
    expect(cluster.failures).toEqual([]);
  });
});
