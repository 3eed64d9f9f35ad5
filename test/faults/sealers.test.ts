import { describe, expect, it } from 'vitest';
import { brokerBooks, channelMoney } from './support/books.ts';
import {
  completed,
  forks,
  height,
  ledgerNode,
  ledgerNodes,
  SEALERS,
  SECOND,
  settle,
  startCluster,
} from './support/small-cluster.ts';
import { watchVotes } from './support/vote-watch.ts';

describe('sealers that fail', () => {
  it('a silent proposer costs a view change, and work goes on', async () => {
    const votes = watchVotes();
    const cluster = await startCluster(undefined, votes);
    const before = { height: height(cluster, 'company-2'), completed: completed(cluster) };
    const silent = cluster.id('company-1');
    cluster.crash('company-1');
    await cluster.world.runFor(40 * SECOND);

    expect(height(cluster, 'company-2')).toBeGreaterThan(before.height + 8);
    expect(completed(cluster)).toBeGreaterThan(before.completed + 5);
    const rounds = ledgerNode(cluster, 'company-2').full.consensus?.rounds ?? [];
    expect(rounds.length).toBeGreaterThan(0);
    const top = height(cluster, 'company-2');
    for (let at = before.height + 3; at <= top; at++) {
      const header = await ledgerNode(cluster, 'company-2').full.ledger.header(at);
      expect(header?.proposer).not.toBe(silent);
    }
    await settle(cluster);
    expect(await forks(cluster)).toEqual([]);
    expect(votes.conflicts).toEqual([]);
    expect(cluster.failures).toEqual([]);
  });

  it('each sealer in turn may crash and come back under load', async () => {
    const votes = watchVotes();
    const cluster = await startCluster(undefined, votes);
    const { world } = cluster;
    for (const name of SEALERS) {
      const others = SEALERS.filter((other) => other !== name);
      const before = Math.min(...others.map((other) => height(cluster, other)));
      cluster.crash(name);
      await world.runFor(7 * SECOND);
      expect(Math.min(...others.map((other) => height(cluster, other)))).toBeGreaterThan(before);
      cluster.restart(name);
      await world.runUntil(() => cluster.seats.get(name)?.node !== undefined, 5 * SECOND);
      await world.runUntil(
        () => height(cluster, name) >= Math.max(...others.map((other) => height(cluster, other))),
        30 * SECOND,
      );
    }
    const before = completed(cluster);
    await world.runFor(20 * SECOND);
    expect(completed(cluster)).toBeGreaterThan(before);
    await settle(cluster);
    expect(await forks(cluster)).toEqual([]);
    expect(votes.count()).toBeGreaterThan(200);
    expect(votes.conflicts).toEqual([]);
    expect((await channelMoney(cluster)).conserved).toBe(true);
    const { receivedWei, promisedWei } = brokerBooks(cluster);
    expect(promisedWei).toBeLessThanOrEqual(receivedWei);
    expect(cluster.failures).toEqual([]);
  });
});

describe('partitions', () => {
  it('two against two commit nothing, and go on together when the network heals', async () => {
    const votes = watchVotes();
    const cluster = await startCluster(undefined, votes);
    const { world } = cluster;
    const observers = [...cluster.seats.keys()].filter((name) => !SEALERS.some((sealer) => sealer === name));
    const half = Math.floor(observers.length / 2);
    const groups = [
      ['proxy', 'company-1', ...observers.slice(0, half)],
      ['company-2', 'company-3', ...observers.slice(half)],
    ];
    world.partition(groups.map((group) => group.map((name) => cluster.id(name))));
    // What was on its way when the cut came may still arrive at those who hold everything.
    await world.runFor(2 * SECOND);
    const heads = ledgerNodes(cluster).map((node) => node.full.ledger.head.number);
    await world.runFor(40 * SECOND);
    expect(ledgerNodes(cluster).map((node) => node.full.ledger.head.number)).toEqual(heads);

    world.heal();
    const top = Math.max(...heads);
    await world.runUntil(() => SEALERS.every((name) => height(cluster, name) >= top + 10), 120 * SECOND);
    const before = completed(cluster);
    await world.runUntil(() => completed(cluster) >= before + 5, 120 * SECOND);
    await settle(cluster);
    expect(await forks(cluster)).toEqual([]);
    expect(votes.conflicts).toEqual([]);
    expect((await channelMoney(cluster)).conserved).toBe(true);
    expect(cluster.failures).toEqual([]);
  });

  it('three against one go on without the one, which catches up when the network heals', async () => {
    const votes = watchVotes();
    const cluster = await startCluster(undefined, votes);
    const { world } = cluster;
    const others = [...cluster.seats.keys()].filter((name) => name !== 'company-3');
    world.partition([[cluster.id('company-3')], others.map((name) => cluster.id(name))]);
    await world.runFor(2 * SECOND);
    const alone = height(cluster, 'company-3');
    const before = { height: height(cluster, 'proxy'), completed: completed(cluster) };
    await world.runFor(40 * SECOND);
    expect(height(cluster, 'company-3')).toBe(alone);
    expect(height(cluster, 'proxy')).toBeGreaterThan(before.height + 8);
    expect(completed(cluster)).toBeGreaterThan(before.completed + 5);

    world.heal();
    await world.runUntil(() => height(cluster, 'company-3') >= height(cluster, 'proxy'), 60 * SECOND);
    await settle(cluster);
    expect(await forks(cluster)).toEqual([]);
    expect(votes.conflicts).toEqual([]);
    expect(cluster.failures).toEqual([]);
  });
});

describe('a centre', () => {
  it('that comes back with an empty disk is told where the others are, and newcomers find them through it again', async () => {
    const cluster = await startCluster();
    const { world } = cluster;
    cluster.crash('centre');
    cluster.crash('edge-1');
    for (const name of ['centre', 'edge-1']) world.destroyDisk(cluster.id(name));
    const before = completed(cluster);
    await world.runFor(20 * SECOND);
    expect(completed(cluster)).toBeGreaterThan(before);

    cluster.restart('centre');
    await world.runUntil(
      () => cluster.running('centre').length === 1 && height(cluster, 'centre') >= height(cluster, 'proxy'),
      60 * SECOND,
    );
    // The edge node knows one address, the centre's.
    expect(cluster.seats.get('edge-1')?.setup.file.contacts.map(({ node }) => node)).toEqual([cluster.id('centre')]);
    cluster.restart('edge-1');
    await world.runUntil(
      () => cluster.running('edge').length === 3 && cluster.running('edge').every((edge) => edge.listed),
      60 * SECOND,
    );
    expect(cluster.failures).toEqual([]);
  });
});
