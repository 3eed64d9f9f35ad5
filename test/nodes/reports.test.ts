import { beforeAll, describe, expect, it } from 'vitest';
import { genesisHash } from '../../src/consortium/index.ts';
import { consortiumClient } from '../../src/contracts/index.ts';
import { keccak256, keyFrom } from '../../src/crypto/index.ts';
import type { Cluster } from '../../src/experiments/index.ts';
import {
  deviceNode,
  height,
  ledgerNode,
  MINUTE,
  ON_DEMAND,
  SEALERS,
  SECOND,
  startCluster,
} from '../faults/support/small-cluster.ts';

describe('what a node reports of itself', () => {
  let cluster: Cluster;
  const sealers = () => SEALERS.map((name) => cluster.id(name)).sort();
  const treadle = (name: string) => ledgerNode(cluster, name).full.treadle;

  beforeAll(async () => {
    cluster = await startCluster(ON_DEMAND);
  });

  it('is who it is and how far it has come', () => {
    const { genesis } = cluster;
    for (const [name, role] of [
      ['proxy', 'proxy'],
      ['company-1', 'company'],
      ['centre', 'centre'],
      ['edge-1', 'edge'],
    ] as const) {
      expect(treadle(name).node()).toEqual({
        id: cluster.id(name),
        role,
        company: cluster.seats.get(name)?.setup.file.company,
        name: cluster.seats.get(name)?.setup.file.name,
        version: 'sim',
        chainId: genesis.chainId,
        genesisHash: genesisHash(genesis),
        height: height(cluster, name),
        syncing: false,
        ...(role === 'proxy' || role === 'company' ? { seat: 'sealer' } : {}),
        ...(role === 'centre' || role === 'edge'
          ? { certificate: { expiresAtSeconds: expect.any(Number), state: 'valid' } }
          : {}),
      });
    }
  });

  it('is the consensus as it sees it: sealers vote, others follow', async () => {
    const { head } = ledgerNode(cluster, 'company-1').full.ledger;
    const common = { height: head.number + 1, headNumber: head.number, headHash: head.hash, sealers: sealers() };
    const voting = treadle('company-1').consensus();
    expect(voting).toMatchObject({ ...common, round: 0, viewChanges: 0 });
    expect(sealers()).toContain(voting.proposer);
    const { head: followed } = ledgerNode(cluster, 'edge-1').full.ledger;
    expect(treadle('edge-1').consensus()).toEqual({
      height: followed.number + 1,
      headNumber: followed.number,
      headHash: followed.hash,
      sealers: sealers(),
      round: 0,
      phase: 'idle',
      proposer: null,
      viewChanges: 0,
    });
  });

  it('are the nodes it knows, with their heights where they announced one', async () => {
    const peers = treadle('company-1').peers();
    const named = peers.map(({ node }) => node);
    expect(new Set(named).size).toBe(named.length);
    expect(named).not.toContain(cluster.id('company-1'));
    for (const name of SEALERS.filter((sealer) => sealer !== 'company-1')) {
      const peer = peers.find(({ node }) => node === cluster.id(name));
      expect(peer).toMatchObject({
        connected: true,
        role: name === 'proxy' ? 'proxy' : 'company',
        addresses: [`sim:${cluster.id(name)}`],
      });
      expect(peer?.height).toBeGreaterThan(0);
      expect(peer?.since).toBeLessThanOrEqual(cluster.world.now / 1000);
      expect(peer?.since).toBeGreaterThan(cluster.world.now / 1000 - 600_000);
    }
    const device = peers.find(({ node }) => node === cluster.id('device-1'));
    expect(device).toMatchObject({ connected: true, role: 'device', company: cluster.id('company-1') });
    cluster.crash('company-3');
    await cluster.world.runUntil(
      () => !ledgerNode(cluster, 'company-1').full.environment.network.peers().includes(cluster.id('company-3')),
      MINUTE,
    );
    const lostAtMs = Math.floor(cluster.world.now / 1000);
    await cluster.world.runFor(SECOND);
    const lost = treadle('company-1')
      .peers()
      .find(({ node }) => node === cluster.id('company-3'));
    expect(lost).toMatchObject({ connected: false, since: lostAtMs });
    cluster.restart('company-3');
    await cluster.world.runFor(10 * SECOND);
    expect(
      treadle('company-1')
        .peers()
        .find(({ node }) => node === cluster.id('company-3'))?.connected,
    ).toBe(true);
  });

  it('are the members and the votes under way', async () => {
    const { world } = cluster;
    const founders = await world.run(treadle('edge-2').membership());
    expect(founders.proxy).toBe(cluster.id('proxy'));
    expect(founders.companies.map(({ account }) => account).sort()).toEqual(
      [1, 2, 3].map((at) => cluster.id(`company-${at}`)).sort(),
    );
    expect(founders.sealers).toEqual(sealers());
    expect(founders.proposals).toEqual([]);

    const voter = (name: string) => consortiumClient(ledgerNode(cluster, name).full.client);
    const [first, second] = [1, 2].map((number) => keyFrom(keccak256(Uint8Array.of(number))).address) as [
      `0x${string}`,
      `0x${string}`,
    ];
    const added = await world.run(voter('company-1').propose({ kind: 'addCompany', account: first, name: 'Newcomer' }));
    await world.run(voter('company-2').vote({ id: added.id, approve: true }));
    await world.run(voter('company-2').propose({ kind: 'replaceProxy', account: second }));
    await world.runUntil(() => height(cluster, 'edge-2') >= height(cluster, 'company-2'), MINUTE);
    expect((await world.run(treadle('edge-2').membership())).proposals).toEqual([
      {
        id: added.id.toString(),
        action: 'add-company',
        subject: first,
        proposer: cluster.id('company-1'),
        votesFor: 2,
        votesAgainst: 0,
        votesNeeded: 3,
        waitsFor: null,
      },
      expect.objectContaining({
        action: 'replace-proxy',
        subject: second,
        proposer: cluster.id('company-2'),
        votesFor: 1,
        votesAgainst: 0,
      }),
    ]);
  });

  it('and of a device the chain by its headers, with a roster but without votes', async () => {
    const device = deviceNode(cluster, 'device-1');
    const { number, hash } = device.light.head;
    expect(number).toBeGreaterThan(0);
    expect(device.treadle.node()).toMatchObject({ id: device.id, role: 'device', height: number, syncing: false });
    expect(device.treadle.consensus()).toMatchObject({
      height: number + 1,
      headNumber: number,
      headHash: hash,
      sealers: sealers(),
      proposer: null,
    });
    const { proxy, companies, sealers: voting, proposals } = await device.treadle.membership();
    expect({ proxy, voting, proposals }).toEqual({ proxy: cluster.id('proxy'), voting: sealers(), proposals: [] });
    expect(companies).toHaveLength(3);
    const connected = device.treadle
      .peers()
      .filter((peer) => peer.connected)
      .map(({ node }) => node);
    expect(connected.toSorted()).toEqual(device.environment.network.peers().toSorted());
    // Whose signatures made a block final is for everybody to see, also for a device.
    const block = await cluster.world.run(ledgerNode(cluster, 'proxy').full.ledger.block(number));
    const certificate = block?.certificate ?? expect.fail('the block has a certificate');
    const signers = device.treadle.signers(certificate);
    expect(signers.length).toBeGreaterThanOrEqual(3);
    expect(signers.every((signer) => sealers().includes(signer))).toBe(true);
    expect(treadle('proxy').signers(certificate)).toEqual(signers);
  });
});
