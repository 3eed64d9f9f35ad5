import { describe, expect, it } from 'vitest';
import { PAYMENTS_UNDELIVERED_MAX, TASKS_UNPAID_MAX } from '../../src/limits.ts';
import { VOUCHER_PROTOCOL } from '../../src/market/index.ts';
import { type Between, chained, withMessages } from './support/between.ts';
import { brokerBooks, channelMoney } from './support/books.ts';
import { keyOf } from './support/liars.ts';
import { deviceNode, logged, ON_DEMAND, settle, startCluster } from './support/small-cluster.ts';
import { steals, type Theft } from './support/thieves.ts';
import { decodeVoucher, encodeVoucher, signedVoucher } from './support/voucher-wire.ts';

const FRIEND = 'edge-3';

async function startWithThief(further: Between = (environment) => environment) {
  const thief = steals(() => keyOf(cluster.seats, FRIEND));
  const cluster = await startCluster(ON_DEMAND, {
    between: chained(further, (environment, seat) => (seat.name === 'proxy' ? thief.between(environment, seat) : environment)),
  });
  const device = deviceNode(cluster, 'device-1');
  const run = () => cluster.world.run(device.runTask());
  return { thief, cluster, device, run };
}

describe('a proxy that steals', () => {
  it.each([
    ['divert', 'VOUCHER_MISDIRECTED'],
    ['forge', 'VOUCHER_RECEIPT_FORGED'],
  ] satisfies [Theft, string][])('with "%s" is caught by the device with the first payment', async (theft, code) => {
    const { thief, cluster, device, run } = await startWithThief();
    const honest = await run();
    expect(honest.paid).toBe(true);
    // The friend must not happen to be the very node that is owed.
    expect(honest.outcome?.match.node).not.toBe(cluster.id(FRIEND));

    thief.theft = theft;
    const stolen = await run();
    expect(stolen.error?.code).toBe(code);
    if (theft === 'divert') expect(stolen.error?.detail).toContain(cluster.id(FRIEND));
    expect(logged(cluster, 'payee_distrusted', 'device-1').length).toBe(1);

    // Nothing more is paid through this proxy, whatever it says from now on.
    const { receivedWei } = brokerBooks(cluster);
    thief.theft = undefined;
    const next = await run();
    expect(next.error?.code).toBe(code);
    expect(brokerBooks(cluster).receivedWei).toBe(receivedWei);
    expect(device.work().completed).toBe(1);
  });

  it('that passes nothing on is trusted with a bounded sum, and no edge node works for long without its pay', async () => {
    const { thief, cluster, device, run } = await startWithThief();
    thief.theft = 'keep';
    const codes: string[] = [];
    for (let tasks = 0; tasks < 3 * TASKS_UNPAID_MAX; tasks++) codes.push((await run()).error?.code ?? 'done');
    expect(codes.slice(0, TASKS_UNPAID_MAX)).toEqual(Array(TASKS_UNPAID_MAX).fill('done'));
    expect(codes.slice(TASKS_UNPAID_MAX)).toEqual(Array(codes.length - TASKS_UNPAID_MAX).fill('TASK_UNPAID'));
    const { receivedWei, promisedWei } = brokerBooks(cluster);
    expect(receivedWei).toBeLessThanOrEqual(BigInt(PAYMENTS_UNDELIVERED_MAX) * 1_000n);
    expect(promisedWei).toBeLessThanOrEqual(receivedWei);

    // An honest proxy catches up with what it owes, and the work goes on.
    thief.theft = undefined;
    await cluster.world.runUntil(
      () => cluster.running('edge').reduce((sum, edge) => sum + edge.work().vouchers, 0) === TASKS_UNPAID_MAX,
      120_000_000,
    );
    expect((await run()).paid).toBe(true);
    await settle(cluster);
    expect(device.tasks.filter(({ outcome }) => outcome !== undefined)).toHaveLength(TASKS_UNPAID_MAX + 1);
    expect((await channelMoney(cluster)).conserved).toBe(true);
  });

  it('finds no honest edge node that takes the pay of another', async () => {
    const sent: Uint8Array[] = [];
    const { cluster, run } = await startWithThief((environment, { name }) =>
      withMessages(environment, {
        request(_to, protocol, body) {
          if (name === 'proxy' && protocol === VOUCHER_PROTOCOL) sent.push(body);
        },
      }),
    );
    const { outcome } = await run();
    const [body] = sent;
    if (outcome === undefined || body === undefined) throw new Error('the task failed');
    // On the proxy's own open channel to this node, with its own key: only the payment's addressee is wrong.
    const honest = decodeVoucher(body);
    const payment = { taskId: outcome.taskId, node: cluster.id(FRIEND), amountWei: outcome.match.priceWei };
    const voucher = signedVoucher(
      keyOf(cluster.seats, 'proxy'),
      { chainId: cluster.genesis.chainId },
      { channel: honest.channel, cumulativeWei: honest.cumulativeWei + payment.amountWei, payments: [payment] },
    );
    const edge = cluster.running('edge').find(({ id }) => id === outcome.match.node);
    const environment = cluster.running('proxy')[0]?.full.environment;
    if (edge === undefined || environment === undefined) throw new Error('a node is not up');
    await expect(
      cluster.world.run(environment.network.request(edge.id, VOUCHER_PROTOCOL, encodeVoucher(voucher))),
    ).rejects.toMatchObject({
      code: 'VOUCHER_WRONG_PAYMENT',
    });
  });
});
