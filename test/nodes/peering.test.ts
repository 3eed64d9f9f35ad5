import { beforeAll, describe, expect, it } from 'vitest';
import { keccak256, keyFrom, type NodeKey } from '../../src/crypto/index.ts';
import type { Environment } from '../../src/environment/index.ts';
import { type Cluster, createCluster } from '../../src/experiments/index.ts';
import { createNode, type DeviceNode, type NodeSetup } from '../../src/node/index.ts';
import {
  completed,
  deviceNode,
  ledgerNode,
  logged,
  MINUTE,
  ON_DEMAND,
  SEALERS,
  SECOND,
  SMALL,
  startCluster,
} from '../faults/support/small-cluster.ts';

const PLATFORM = { version: 'test', fatal: (error: unknown) => expect.fail(String(error)) };

function setupOf(cluster: Cluster, seat: string): NodeSetup {
  return cluster.seats.get(seat)?.setup ?? expect.fail(`there is no seat ${seat}`);
}

/** A key of nobody in the consortium. */
const stranger = (number: number): NodeKey => keyFrom(keccak256(Uint8Array.of(77, number)));

describe('a newcomer', () => {
  it('needs the address of the centre alone, and finds the sealers', async () => {
    const cluster = await startCluster(ON_DEMAND);
    const centre = cluster.id('centre');
    const sealers = SEALERS.map((name) => cluster.id(name));
    for (const name of ['edge-1', 'device-1']) {
      const { file } = setupOf(cluster, name);
      expect(file.contacts.map(({ node }) => node)).toEqual([centre]);
    }
    const { directory } = deviceNode(cluster, 'device-1').peering;
    for (const sealer of sealers) expect(directory.lookup(sealer)?.addresses).toEqual([`sim:${sealer}`]);
    const peers = deviceNode(cluster, 'device-1').environment.network.peers();
    expect(peers).toContain(cluster.id('company-1'));
    expect(sealers.filter((sealer) => peers.includes(sealer)).length).toBeGreaterThanOrEqual(2);
    // Sealers know one another from their files and hold a full mesh.
    for (const sealer of sealers) {
      const mesh =
        SEALERS.map((name) => ledgerNode(cluster, name))
          .find(({ id }) => id === sealer)
          ?.full.environment.network.peers() ?? [];
      expect(sealers.filter((other) => other !== sealer && !mesh.includes(other))).toEqual([]);
    }
  });

  it('once it has found the others, needs the centre no more', async () => {
    const cluster = await startCluster(SMALL);
    const { world } = cluster;
    cluster.crash('centre');
    const before = completed(cluster);
    await world.runUntil(() => completed(cluster) >= before + 3, MINUTE);
    for (const name of ['edge-1', 'device-1', 'company-2']) {
      cluster.crash(name);
      cluster.restart(name);
    }
    await world.runUntil(() => cluster.seats.get('device-1')?.node !== undefined, MINUTE);
    const device = deviceNode(cluster, 'device-1');
    await world.run(device.ready, MINUTE);
    await world.runUntil(() => device.work().completed > 0, MINUTE);
    expect(device.environment.network.peers()).not.toContain(cluster.id('centre'));
    expect(device.work().failed).toBe(0);
    expect(cluster.failures).toEqual([]);
  });

  it('that asks for somebody whom it has no address of is told by those who have one', async () => {
    const cluster = await startCluster(ON_DEMAND);
    const { peering, environment } = deviceNode(cluster, 'device-1');
    const edge = cluster.id('edge-3');
    // A device asks its peers when it needs somebody, not before.
    expect(environment.network.peers()).not.toContain(edge);
    expect(await cluster.world.run(peering.contactOf(edge))).toMatchObject({ node: edge, addresses: [`sim:${edge}`] });
    await cluster.world.run(peering.reach(edge));
    expect(environment.network.peers()).toContain(edge);
    expect(await cluster.world.run(peering.contactOf(edge))).toBeUndefined();
    await cluster.world.run(peering.reach(edge));
    await expect(cluster.world.run(peering.reach(stranger(1).address))).rejects.toMatchObject({ code: 'NODE_UNKNOWN_PEER' });
  });
});

describe('whoever does not belong', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster(ON_DEMAND);
  });

  /** Starts a node of this setup in the world, and returns what it was told when it dialled company-1. */
  async function knock(setup: NodeSetup): Promise<{ readonly environment: Environment; readonly refusal: unknown }> {
    const environment = cluster.world.addNode(setup.key.address);
    const node = await cluster.world.run(createNode(environment, setup, PLATFORM));
    await cluster.world.run(node.start());
    const company = cluster.id('company-1');
    const refusal = await cluster.world.run(
      environment.network.connect({ node: company, addresses: [`sim:${company}`] }).then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
    await cluster.world.runFor(3 * SECOND);
    await cluster.world.run(node.stop());
    return { environment, refusal };
  }

  it.each<readonly [string, (member: NodeSetup) => NodeSetup, RegExp]>([
    ['with the certificate of another', (member) => ({ ...member, key: stranger(2) }), /^CERTIFICATE_/],
    [
      'without a certificate',
      ({ certificate: _certificate, ...member }) => ({ ...member, key: stranger(3) }),
      /^CERTIFICATE_MISSING/,
    ],
    [
      'that calls itself a company',
      (member) => {
        const { name, contacts, listen, keyFile, genesisFile, dataFolder, logLevel, storage } = member.file;
        const company = stranger(4).address;
        return {
          key: stranger(4),
          genesis: member.genesis,
          file: { role: 'company', name, contacts, listen, keyFile, genesisFile, dataFolder, logLevel, storage, company },
        };
      },
      /is no company of this consortium/,
    ],
    [
      'of another chain',
      (member) => ({ ...member, key: stranger(5), genesis: { ...member.genesis, chainId: 99 } }),
      /the peer is on chain 99|this is chain 99/,
    ],
    [
      'of another genesis',
      (member) => ({ ...member, key: stranger(6), genesis: { ...member.genesis, timestampMs: 1 } }),
      /has another genesis/,
    ],
  ])('a node %s is refused with the reason, and written down', async (_what, change, reason) => {
    const { environment, refusal } = await knock(change(setupOf(cluster, 'device-1')));
    expect(refusal).toMatchObject({ code: 'NETWORK_REFUSED', data: { reason: expect.stringMatching(reason) } });
    expect(environment.network.peers()).toEqual([]);
    const { full } = ledgerNode(cluster, 'company-1');
    expect(full.environment.network.peers()).not.toContain(environment.node);
    expect(full.directory.lookup(environment.node)).toBeUndefined();
    const lines = logged(cluster, 'connection_refused').filter(
      ({ node, fields }) => node === environment.node || fields['peer'] === environment.node,
    );
    expect(lines.some(({ fields }) => reason.test(String(fields['reason'])))).toBe(true);
  });

  it('and a node that is put together wrongly does not even begin', async () => {
    const member = setupOf(cluster, 'edge-1');
    if (member.file.role !== 'edge') throw new Error('edge-1 is an edge node');
    const file = { ...member.file, edge: { ...member.file.edge, services: ['image.classify'] } };
    const { world } = createCluster(ON_DEMAND, 1);
    const environment = world.addNode(member.key.address);
    await expect(world.run(createNode(environment, { ...member, file }, PLATFORM))).rejects.toMatchObject({
      code: 'NODE_MISCONFIGURED',
      detail: expect.stringContaining('image.classify'),
    });
  });

  it('keeps nobody from their work', async () => {
    const record = await cluster.world.run((cluster.running('device')[0] as DeviceNode).runTask());
    expect(record.paid).toBe(true);
    expect(cluster.failures).toEqual([]);
  });
});
