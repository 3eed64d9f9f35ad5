import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/experiments/index.ts';
import type { ConsensusReport } from '../../src/ledger/index.ts';
import { forks, height, ledgerNode, logged, SEALERS, SECOND, SMALL, settle, startCluster } from './support/small-cluster.ts';
import { watchVotes } from './support/vote-watch.ts';

const NAME = 'company-1';
const OTHERS = SEALERS.filter((name) => name !== NAME);

function report(cluster: Cluster, name: string): Promise<ConsensusReport> {
  return cluster.world.run(ledgerNode(cluster, name).full.rpc.call('treadle_consensus', [])) as Promise<ConsensusReport>;
}

async function restart(cluster: Cluster, name: string): Promise<void> {
  cluster.restart(name);
  await cluster.world.runUntil(() => cluster.seats.get(name)?.node !== undefined, 10 * SECOND);
}

/** Runs until the sealer has built a block above `from`: it votes again. */
async function untilItBuilds(cluster: Cluster, name: string, from: number): Promise<void> {
  const builds = async (): Promise<boolean> => {
    const { ledger } = ledgerNode(cluster, name).full;
    for (let at = from + 1; at <= ledger.head.number; at++) {
      if ((await cluster.world.run(ledger.header(at)))?.proposer === cluster.id(name)) return true;
    }
    return false;
  };
  for (let turns = 0; turns < 200; turns++) {
    if (await builds()) return;
    await cluster.world.runFor(SECOND);
  }
  throw new Error(`${name} builds nothing`);
}

/** What an operator sees of a sealer that lost its memory, and that it does no harm. */
async function expectAbstention(cluster: Cluster, why: RegExp, before: number): Promise<void> {
  const { world } = cluster;
  await world.runUntil(() => logged(cluster, 'consensus.abstaining', NAME).length > 0, 30 * SECOND);
  const [line] = logged(cluster, 'consensus.abstaining', NAME);
  const until = Number(line?.fields['untilHeight']);
  expect(String(line?.fields['why'])).toMatch(why);
  expect(until).toBeGreaterThanOrEqual(before + 3);
  const { abstaining } = await report(cluster, NAME);
  expect(abstaining).toMatchObject({ untilHeight: until });
  await untilItBuilds(cluster, NAME, until);
  expect((await report(cluster, NAME)).abstaining).toBeUndefined();
}

describe('a sealer that forgot what it signed', () => {
  it('because it lost its disk follows the others and signs nothing until it can contradict nothing', async () => {
    const votes = watchVotes();
    const cluster = await startCluster(undefined, votes);
    const { world } = cluster;
    expect(logged(cluster, 'consensus.abstaining'), 'a new chain begins without it').toEqual([]);
    await world.runFor(5 * SECOND);
    cluster.crash(NAME);
    world.destroyDisk(cluster.id(NAME));
    const before = Math.max(...OTHERS.map((name) => height(cluster, name)));
    await restart(cluster, NAME);
    await expectAbstention(cluster, /no record/, before);
    await settle(cluster);
    expect(votes.conflicts).toEqual([]);
    expect(await forks(cluster)).toEqual([]);
    expect(cluster.failures).toEqual([]);
  });

  it('because its records are damaged waits for a sealer that is away, when the others decide nothing without it', async () => {
    const votes = watchVotes();
    const cluster = await startCluster(undefined, votes);
    const { world } = cluster;
    cluster.crash('company-2');
    cluster.crash(NAME);
    world.damageLog(cluster.id(NAME), 'votes', 1);
    await restart(cluster, NAME);
    // Two whole sealers of four decide nothing, and the third cannot know what the fourth has seen of it.
    await world.runFor(5 * SECOND);
    const before = height(cluster, 'proxy');
    await world.runFor(30 * SECOND);
    expect(height(cluster, 'proxy')).toBe(before);
    expect((await report(cluster, NAME)).abstaining).toMatchObject({ why: /damaged/, untilHeight: null });
    await restart(cluster, 'company-2');
    await untilItBuilds(cluster, NAME, before);
    expect((await report(cluster, NAME)).abstaining).toBeUndefined();
    expect(votes.conflicts).toEqual([]);
    expect(cluster.failures).toEqual([]);
  });

  it('because its records are damaged while one is away and the rest go on is two heights late', async () => {
    const votes = watchVotes();
    const seven = { ...SMALL, ledger: { ...SMALL.ledger, companies: 6, sealers: 7 } };
    const cluster = await startCluster(seven, votes);
    const { world } = cluster;
    cluster.crash('company-2');
    cluster.crash(NAME);
    world.damageLog(cluster.id(NAME), 'votes', 1);
    const before = height(cluster, 'proxy');
    await restart(cluster, NAME);
    await expectAbstention(cluster, /is damaged/, before);
    expect(votes.conflicts).toEqual([]);
    expect(cluster.failures).toEqual([]);
  });

  it('is no end of the chain when the records of all of them are damaged and all of them are there', async () => {
    for (const afterMicros of [0, 433_000, 871_000]) {
      const votes = watchVotes();
      const cluster = await startCluster(undefined, votes);
      const { world } = cluster;
      await world.runFor(afterMicros);
      for (const name of SEALERS) {
        cluster.crash(name);
        world.damageLog(cluster.id(name), 'votes', 2);
      }
      for (const name of SEALERS) cluster.restart(name);
      await world.runUntil(() => SEALERS.every((name) => cluster.seats.get(name)?.node !== undefined), 10 * SECOND);
      const before = Math.max(...SEALERS.map((name) => height(cluster, name)));
      await world.runUntil(() => SEALERS.every((name) => height(cluster, name) > before + 4), 60 * SECOND);
      expect(logged(cluster, 'votes.damaged')).toHaveLength(SEALERS.length);
      await settle(cluster);
      expect(await forks(cluster)).toEqual([]);
      expect(cluster.failures).toEqual([]);
    }
  });

  it('because an old backup was restored is told so by the others, and remembers it', async () => {
    const votes = watchVotes();
    const cluster = await startCluster(undefined, votes);
    const { world } = cluster;
    const backup = world.copyDisk(cluster.id(NAME));
    await world.runFor(20 * SECOND);
    cluster.crash(NAME);
    world.restoreDisk(cluster.id(NAME), backup);
    const before = Math.max(...OTHERS.map((name) => height(cluster, name)));
    await restart(cluster, NAME);
    await world.runUntil(() => logged(cluster, 'consensus.abstaining', NAME).length > 0, 30 * SECOND);
    expect(logged(cluster, 'standing.forgotten-vote', NAME).length).toBeGreaterThan(0);
    const first = Number(logged(cluster, 'consensus.abstaining', NAME)[0]?.fields['untilHeight']);
    cluster.crash(NAME);
    await restart(cluster, NAME);
    await world.runUntil(() => height(cluster, NAME) >= Math.max(...OTHERS.map((name) => height(cluster, name))), 60 * SECOND);
    expect(first).toBeGreaterThanOrEqual(before + 3);
    await untilItBuilds(cluster, NAME, first);
    await settle(cluster);
    expect(votes.conflicts).toEqual([]);
    expect(await forks(cluster)).toEqual([]);
    expect(cluster.failures).toEqual([]);
  });

  it('asks again and again while the others are away, says why it waits, and goes on when they are there', async () => {
    const cluster = await startCluster();
    const { world } = cluster;
    for (const name of SEALERS) cluster.crash(name);
    await restart(cluster, NAME);
    await world.runFor(30 * SECOND);
    expect((await report(cluster, NAME)).abstaining).toMatchObject({ why: /asking/, untilHeight: null });
    const before = height(cluster, NAME);
    for (const name of OTHERS) cluster.restart(name);
    // Nobody lost anything: nobody abstains, and the chain goes on at once.
    await world.runUntil(() => SEALERS.every((name) => cluster.seats.get(name)?.node !== undefined), 10 * SECOND);
    await world.runUntil(() => SEALERS.every((name) => height(cluster, name) > before + 2), 30 * SECOND);
    expect(logged(cluster, 'consensus.abstaining')).toEqual([]);
    expect(cluster.failures).toEqual([]);
  });
});
