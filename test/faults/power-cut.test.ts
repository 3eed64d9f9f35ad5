import { describe, expect, it } from 'vitest';
import { decodeMessage, type MessageType } from '../../src/consensus/index.ts';
import { signTransaction } from '../../src/contracts/index.ts';
import { type Hex, keccak256, keyFrom } from '../../src/crypto/index.ts';
import type { Cluster } from '../../src/experiments/index.ts';
import { CONSENSUS_PROTOCOL } from '../../src/node/index.ts';
import { type Between, chained, withMessages } from './support/between.ts';
import { brokerBooks, channelMoney } from './support/books.ts';
import { completed, forks, height, ledgerNode, SEALERS, SECOND, settle, startCluster } from './support/small-cluster.ts';
import { watchVotes } from './support/vote-watch.ts';

/** Cuts the power of these seats at one instant; of every log a part of the unsynced tail survives, the last record torn. */
function cutPower(cluster: Cluster, names: Iterable<string>): void {
  for (const name of names) {
    const seat = cluster.seats.get(name);
    if (seat?.node === undefined) continue;
    cluster.world.crash(cluster.id(name), { tornTail: true });
    seat.node = undefined;
  }
}

async function restartAll(cluster: Cluster): Promise<void> {
  const down = [...cluster.seats.values()].filter(({ node }) => node === undefined);
  for (const { name } of down) cluster.restart(name);
  await cluster.world.runUntil(() => down.every(({ node }) => node !== undefined), 60 * SECOND);
}

/** Submits transactions at one sealer, and notes which of them it acknowledged. */
function submitter(cluster: Cluster, name: string) {
  const acknowledged: Hex[] = [];
  let count = 0;
  return {
    acknowledged,
    /** Hands over a transaction without waiting for an answer: the power may go before it comes. */
    submit(): void {
      // Each of an account of its own: one that is lost unacknowledged must not hold up the next.
      const key = keyFrom(keccak256(Uint8Array.of(++count)));
      const { chainId } = cluster.genesis;
      const { raw } = signTransaction({ chainId, nonce: 0n, to: cluster.id('proxy'), value: 0n, gas: 21_000n, data: '0x' }, key);
      void ledgerNode(cluster, name)
        .full.rpc.call('eth_sendRawTransaction', [raw])
        .then(
          (hash) => acknowledged.push(hash as Hex),
          () => undefined,
        );
    },
  };
}

/** Payments that a device was told had arrived: edge node and task. */
function deliveredPayments(cluster: Cluster): readonly { readonly node: Hex; readonly taskId: Hex }[] {
  return cluster
    .running('device')
    .flatMap((device) =>
      device.tasks.flatMap(({ paid, outcome }) =>
        paid && outcome !== undefined ? [{ node: outcome.match.node, taskId: outcome.taskId }] : [],
      ),
    );
}

describe('a power cut of every node', () => {
  it('loses no acknowledged transaction and no acknowledged voucher, at whatever moment it comes', async () => {
    const votes = watchVotes();
    const cluster = await startCluster(undefined, votes);
    const { world } = cluster;
    const transactions = submitter(cluster, 'company-2');
    const payments: { readonly node: Hex; readonly taskId: Hex }[] = [];
    // Moments of a block's life: idle, a proposal on its way, votes, a commit. The load decides which is which.
    for (const pauseMicros of [3_000_000, 6_123_457, 4_511_000, 5_037_999]) {
      await world.runFor(pauseMicros);
      const headBefore = ledgerNode(cluster, 'company-1').full.ledger.head;
      transactions.submit();
      transactions.submit();
      await world.runFor(20_000);
      transactions.submit();
      await world.runFor(1_500);
      payments.push(...deliveredPayments(cluster));
      cutPower(cluster, cluster.seats.keys());
      await world.runFor(SECOND);
      await restartAll(cluster);
      const again = await ledgerNode(cluster, 'company-1').full.ledger.header(headBefore.number);
      expect(again?.hash).toBe(headBefore.hash);
    }
    const before = { completed: completed(cluster), height: height(cluster, 'proxy') };
    await world.runUntil(
      () => completed(cluster) >= before.completed + 10 && height(cluster, 'proxy') > before.height + 5,
      120 * SECOND,
    );
    await settle(cluster);

    expect(cluster.failures).toEqual([]);
    expect(await forks(cluster)).toEqual([]);
    expect(votes.conflicts).toEqual([]);
    expect(transactions.acknowledged.length).toBeGreaterThanOrEqual(8);
    const times = await inclusions(cluster, transactions.acknowledged);
    expect(times).toEqual(transactions.acknowledged.map(() => 1));
    expect(payments.length).toBeGreaterThan(5);
    const lost = payments.filter(({ node, taskId }) => {
      const edge = cluster.running('edge').find(({ id }) => id === node);
      return edge?.payee.isPaid(taskId) !== true;
    });
    expect(lost).toEqual([]);
    const { receivedWei, promisedWei } = brokerBooks(cluster);
    expect(promisedWei).toBeLessThanOrEqual(receivedWei);
    const received = cluster.running('edge').reduce((sum, edge) => sum + edge.payee.received.receivedWei, 0n);
    expect(received).toBeLessThanOrEqual(promisedWei);
    await world.run(Promise.all(cluster.running('edge').map((edge) => edge.payee.payee.claimAll())));
    await world.run(Promise.all(cluster.running('proxy').map((node) => node.proxy.payee.claimAll())));
    await settle(cluster);
    const money = await channelMoney(cluster);
    expect(money).toMatchObject({ conserved: true, differenceWei: 0n });
    expect(money.paidWei).toBeGreaterThanOrEqual(received);
  });

  it('of a sealer in the very moment in which a vote of its left never makes it vote twice', async () => {
    const votes = watchVotes();
    const armed: { name: string; type: MessageType; fire: () => void } = { name: '', type: 'commit', fire: () => undefined };
    const trap: Between = (environment, seat) =>
      withMessages(environment, {
        send(_to, protocol, frame) {
          if (armed.name === seat.name && protocol === CONSENSUS_PROTOCOL && decodeMessage(frame).type === armed.type) {
            armed.name = '';
            armed.fire();
          }
          return frame;
        },
      });
    const cluster = await startCluster(undefined, { between: chained(votes.between, trap) });
    const { world } = cluster;
    const types = ['pre-prepare', 'prepare', 'commit'] as const;
    for (let turn = 0; turn < 36; turn++) {
      const name = SEALERS[turn % SEALERS.length] as string;
      let cut = false;
      armed.type = types[Math.floor(turn / SEALERS.length) % types.length] as MessageType;
      armed.fire = () =>
        // The first copy of the message is out, the others are not: the next event is the end of this sealer.
        world.at(0, () => {
          cutPower(cluster, [name]);
          cut = true;
        });
      armed.name = name;
      await world.runUntil(() => cut, 60 * SECOND);
      await world.runFor(50_003 + ((turn * 379_87) % 1_401_111));
      await restartAll(cluster);
    }
    const before = height(cluster, 'company-1');
    await world.runUntil(() => SEALERS.every((name) => height(cluster, name) >= before + 5), 120 * SECOND);
    await settle(cluster);
    expect(votes.count()).toBeGreaterThan(300);
    expect(votes.conflicts).toEqual([]);
    expect(await forks(cluster)).toEqual([]);
    expect(cluster.failures).toEqual([]);
  });
});

/** In how many blocks each transaction stands. */
async function inclusions(cluster: Cluster, hashes: readonly Hex[]): Promise<readonly number[]> {
  const { ledger } = ledgerNode(cluster, 'company-1').full;
  const counts = new Map<Hex, number>();
  for (let number = 1; number <= ledger.head.number; number++) {
    for (const { transactionHash } of (await cluster.world.run(ledger.receipts(number))) ?? []) {
      counts.set(transactionHash, (counts.get(transactionHash) ?? 0) + 1);
    }
  }
  return hashes.map((hash) => counts.get(hash) ?? 0);
}
