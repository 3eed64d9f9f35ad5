import { describe, expect, it } from 'vitest';
import { hasCode } from '../../src/errors.ts';
import { caughtUp, consortiumOf, decide, EPOCH_BLOCKS, newKey, sealerSetup, sealersOf } from './support/members.ts';
import {
  completed,
  forks,
  height,
  ledgerNode,
  logged,
  MINUTE,
  ON_DEMAND,
  SEALERS,
  SECOND,
  settle,
  startCluster,
} from './support/small-cluster.ts';
import { watchVotes } from './support/vote-watch.ts';

describe('a company that joins', () => {
  it('is let in when it is proposed, proves by itself that it has the chain, and seals from the next height on', async () => {
    const votes = watchVotes();
    const cluster = await startCluster(undefined, votes);
    const { world } = cluster;
    const key = newKey('company-4');
    await cluster.join('company-4', sealerSetup(cluster, { role: 'company', name: 'Company 4', key }));
    await world.runFor(15 * SECOND);
    // Nobody proposed it: it is refused with the reason.
    expect(ledgerNode(cluster, 'company-4').full.ledger.head.number).toBe(0);
    const refusals = logged(cluster, 'link.failed', 'company-4').map(({ fields }) => String(fields['reason']));
    expect(refusals.some((reason) => /is no company of this consortium/.test(reason))).toBe(true);

    const first = consortiumOf(cluster, 'company-1');
    const { id } = await world.run(first.propose({ kind: 'addCompany', account: key.address, name: 'Company 4' }));
    await world.runUntil(() => height(cluster, 'company-4') >= height(cluster, 'proxy'), 2 * MINUTE);
    await world.runUntil(() => logged(cluster, 'seat.in-sync-proved', 'company-4').length > 0, MINUTE);
    expect(await sealersOf(cluster, 'proxy')).not.toContain(key.address);
    await decide(cluster, id, ['company-2', 'company-3']);
    const since = height(cluster, 'company-3');
    expect(await sealersOf(cluster, 'company-3')).toContain(key.address);
    // It takes its turns to propose.
    await world.runUntil(() => ledgerNode(cluster, 'proxy').full.ledger.head.proposer === key.address, 2 * MINUTE);
    const header = await ledgerNode(cluster, 'proxy').full.ledger.header(since);
    expect(header?.nextSealers).toContain(key.address);
    expect(ledgerNode(cluster, 'company-4').full.treadle.node().seat).toBe('sealer');
    await settle(cluster);
    expect(await forks(cluster)).toEqual([]);
    expect(votes.conflicts).toEqual([]);
    expect(cluster.failures).toEqual([]);
  });

  it('and whose node does not run is no sealer, whatever the votes; what is unsafe is refused with the reason', async () => {
    const cluster = await startCluster(ON_DEMAND);
    const { world } = cluster;
    const first = consortiumOf(cluster, 'company-1');
    const refusal = (work: Promise<unknown>) =>
      world.run(
        work.then(
          () => undefined,
          (error: unknown) => (hasCode(error, 'CONTRACT_REVERTED') ? error.data['errorName'] : error),
        ),
        MINUTE,
      );
    const absent = newKey('absent').address;
    const { id } = await world.run(first.propose({ kind: 'addCompany', account: absent, name: 'Absent' }), MINUTE);
    await decide(cluster, id, ['company-2', 'company-3']);
    await caughtUp(cluster, 'company-1');
    expect(await world.run(first.proposal(id))).toMatchObject({ state: 'open', waitsFor: 'sync', yes: 3 });
    expect(await refusal(first.execute(id))).toBe('NotSynced');
    expect(await refusal(first.propose({ kind: 'removeCompany', account: cluster.id('company-3') }))).toBe('TooFewSealers');
    expect(await refusal(first.propose({ kind: 'addCompany', account: cluster.id('company-2'), name: 'x' }))).toBe(
      'AlreadySealer',
    );
    expect(await refusal(first.proveSync({ height: 1n, hash: `0x${'11'.repeat(32)}` }))).toBe('NotThatBlock');
    expect(await sealersOf(cluster, 'proxy')).toHaveLength(4);
  });
});

describe('a company that leaves', () => {
  it('may go on voting, but nobody listens: it is disconnected and its votes count for nothing', async () => {
    const votes = watchVotes();
    const cluster = await startCluster(undefined, votes);
    const { world } = cluster;
    const key = newKey('company-4');
    const first = consortiumOf(cluster, 'company-1');
    const { id } = await world.run(first.propose({ kind: 'addCompany', account: key.address, name: 'Company 4' }));
    await cluster.join('company-4', sealerSetup(cluster, { role: 'company', name: 'Company 4', key }));
    await decide(cluster, id, ['company-2', 'company-3']);
    await world.runUntil(() => ledgerNode(cluster, 'proxy').full.ledger.sealers().includes(key.address), 2 * MINUTE);

    const leaver = cluster.id('company-3');
    const removal = await world.run(first.propose({ kind: 'removeCompany', account: leaver }));
    await decide(cluster, removal.id, ['company-2', 'company-4']);
    await caughtUp(cluster, 'company-1');
    const { waitsFor } = await world.run(first.proposal(removal.id));
    expect(waitsFor).toBe('epoch');
    const from = height(cluster, 'proxy') + EPOCH_BLOCKS;
    await world.runUntil(() => height(cluster, 'proxy') >= from, 10 * MINUTE);
    await world.run(first.execute(removal.id));
    expect(await sealersOf(cluster, 'proxy')).not.toContain(leaver);
    await world.runFor(20 * SECOND);
    for (const name of ['proxy', 'company-1', 'company-2', 'company-4']) {
      expect(ledgerNode(cluster, name).full.environment.network.peers()).not.toContain(leaver);
    }
    expect(logged(cluster, 'peer.no-longer-admitted').some(({ fields }) => fields['peer'] === leaver)).toBe(true);
    const before = { height: height(cluster, 'proxy'), completed: completed(cluster) };
    await world.runFor(30 * SECOND);
    expect(height(cluster, 'proxy')).toBeGreaterThan(before.height + 5);
    for (let number = before.height; number <= height(cluster, 'proxy'); number++) {
      expect((await ledgerNode(cluster, 'proxy').full.ledger.header(number))?.proposer).not.toBe(leaver);
    }
    expect(votes.conflicts).toEqual([]);
  });
});

describe('keys', () => {
  it('are replaced under load without a pause: the new node takes over and the old one stops at the same height', async () => {
    const votes = watchVotes();
    const cluster = await startCluster(undefined, votes);
    const { world } = cluster;
    const old = cluster.id('company-1');
    const seat = cluster.seats.get('company-1');
    if (seat === undefined) throw new Error('company-1 has a seat');
    const key = newKey('company-1 again');
    await world.run(consortiumOf(cluster, 'company-1').nameSuccessor(key.address));
    const setup = sealerSetup(cluster, { role: 'company', name: 'Company 1 again', key, accountKey: seat.setup.key });
    const done = completed(cluster);
    await cluster.join('company-1-again', setup);
    const sealers = () => ledgerNode(cluster, 'proxy').full.ledger.sealers();
    await world.runUntil(() => sealers().includes(key.address), 2 * MINUTE);
    expect(sealers()).not.toContain(old);
    const taken = height(cluster, 'proxy');
    await world.runUntil(() => ledgerNode(cluster, 'proxy').full.ledger.head.proposer === key.address, 2 * MINUTE);
    for (let number = taken + 1; number <= height(cluster, 'proxy'); number++) {
      const header = await ledgerNode(cluster, 'proxy').full.ledger.header(number);
      expect(header?.proposer).not.toBe(old);
    }
    await world.runFor(20 * SECOND);
    expect(completed(cluster)).toBeGreaterThan(done + 5);
    // What is the account's goes on: the company votes and lists edge nodes through its new node.
    const { account } = await world.run(consortiumOf(cluster, 'company-1-again').seat(old));
    expect(account).toBe(old);
    expect(ledgerNode(cluster, 'company-1-again').full.client.account).toBe(old);
    cluster.crash('company-1');
    await settle(cluster);
    expect(await forks(cluster)).toEqual([]);
    expect(votes.conflicts).toEqual([]);
    expect(cluster.failures).toEqual([]);
  });
});

describe('membership under fire', () => {
  it('companies join and leave by vote while sealers crash and the network splits, and the chain never forks', async () => {
    const votes = watchVotes();
    const cluster = await startCluster(undefined, { ...votes, seed: 7 });
    const { world } = cluster;
    const joined: string[] = [];
    for (let turn = 0; turn < 4; turn++) {
      const name = `newcomer-${turn}`;
      const key = newKey(name);
      const proposer = consortiumOf(cluster, 'company-1');
      const { id } = await world.run(proposer.propose({ kind: 'addCompany', account: key.address, name }), 5 * MINUTE);
      await cluster.join(name, sealerSetup(cluster, { role: 'company', name, key }));
      // While the votes are cast, one sealer crashes, or is cut off.
      const victim = SEALERS[turn % SEALERS.length] as string;
      const others = [...cluster.seats.keys()].filter((seat) => seat !== victim);
      if (victim === 'company-1' || turn % 2 === 0) {
        world.partition([[cluster.id(victim)], others.map((seat) => cluster.id(seat))]);
        await world.runFor(5 * SECOND);
        world.heal();
      } else {
        cluster.crash(victim);
        await world.runFor(5 * SECOND);
        cluster.restart(victim);
      }
      await world.runUntil(() => cluster.seats.get(victim)?.node !== undefined, MINUTE);
      await decide(cluster, id, ['company-2', 'company-3', ...joined]);
      await caughtUp(cluster, 'company-1');
      const sealers = () => ledgerNode(cluster, 'company-1').full.ledger.sealers();
      const open = await world.run(proposer.proposal(id), MINUTE);
      if (open.waitsFor === 'epoch') {
        const from = height(cluster, 'company-1') + EPOCH_BLOCKS;
        await world.runUntil(() => height(cluster, 'company-1') >= from, 20 * MINUTE);
        await world.run(
          proposer.execute(id).catch(() => undefined),
          5 * MINUTE,
        );
      }
      await world.runUntil(() => sealers().includes(key.address), 20 * MINUTE);
      joined.push(name);
      // Of five and more, the one before goes again, so that the set keeps moving.
      if (turn % 2 === 1) {
        const gone = joined.shift() as string;
        const removal = await world.run(proposer.propose({ kind: 'removeCompany', account: cluster.id(gone) }), 5 * MINUTE);
        await decide(cluster, removal.id, ['company-2', 'company-3', ...joined]);
        const from = height(cluster, 'company-1') + EPOCH_BLOCKS;
        await world.runUntil(() => height(cluster, 'company-1') >= from, 20 * MINUTE);
        await world.run(
          proposer.execute(removal.id).catch(() => undefined),
          5 * MINUTE,
        );
        expect(sealers()).not.toContain(cluster.id(gone));
        cluster.crash(gone);
      }
    }
    await settle(cluster);
    expect(await forks(cluster)).toEqual([]);
    expect(votes.conflicts).toEqual([]);
    expect(await world.run(consortiumOf(cluster, 'proxy').evidenceCount(), MINUTE)).toBe(0n);
    // At most f seats changed from any set to the one 32 blocks later.
    const { ledger } = ledgerNode(cluster, 'proxy').full;
    for (let number = EPOCH_BLOCKS; number <= ledger.head.number; number++) {
      const now = (await ledger.header(number))?.nextSealers ?? [];
      const then = (await ledger.header(number - EPOCH_BLOCKS + 1))?.nextSealers ?? [];
      const changed = Math.max(
        now.filter((each) => !then.includes(each)).length,
        then.filter((each) => !now.includes(each)).length,
      );
      expect(changed).toBeLessThanOrEqual(Math.floor((Math.max(now.length, then.length) - 1) / 3));
    }
    expect(cluster.failures).toEqual([]);
  });
});
