import { invariant } from '../../errors.ts';
import { type Bench, openBench, TASK_PRICE_WEI } from './bench.ts';
import { gasOf } from './receipt-watch.ts';
import { runningTotals, type TaskCost, type WayRun } from './way.ts';

/**
 * After each result the device sends the price to the edge node and waits for the block. Edge nodes take vouchers and
 * nothing else, so here the node is listed at a price of 0 and the agreed price is sent beside the protocol; the edge
 * node does not wait for it, which favours this way.
 */
export async function payByTransfer(options: { readonly seed: number; readonly tasks: number }): Promise<WayRun> {
  const bench = await openBench({ seed: options.seed, listedPriceWei: 0n });
  await payOneTask(bench);
  await bench.settle();
  const before = await balances(bench);
  const mark = bench.receipts.mark();
  const times: Omit<TaskCost, 'gas'>[] = [];
  for (let task = 0; task < options.tasks; task++) times.push(await payOneTask(bench));
  await bench.settle();
  const after = await balances(bench);
  const gas = gasOf(bench.receipts.since(mark), 'transfer');
  invariant(gas.length === options.tasks, 'every task is paid by one transfer');
  const paidWei = BigInt(options.tasks) * TASK_PRICE_WEI;
  return {
    way: 'transfers',
    seed: options.seed,
    readings: runningTotals(times.map((time, at) => ({ ...time, gas: gas[at] ?? 0 }))),
    conserved: after.device === before.device - paidWei && after.edge === before.edge + paidWei,
    traceHash: bench.cluster.world.traceHash(),
  };
}

async function payOneTask(bench: Bench): Promise<Omit<TaskCost, 'gas'>> {
  const task = await bench.timed(bench.device.runTask());
  const node = task.value.outcome?.match.node;
  invariant(node !== undefined, 'the task is done', { error: task.value.error?.detail });
  const payment = await bench.timed(bench.device.client.transact({ to: node, value: TASK_PRICE_WEI }));
  return { paymentMicros: payment.micros, wholeMicros: task.micros + payment.micros };
}

async function balances({ cluster, proxy, device, edge }: Bench): Promise<{ readonly device: bigint; readonly edge: bigint }> {
  const { client } = proxy.full;
  return {
    device: await cluster.world.run(client.balance(device.id)),
    edge: await cluster.world.run(client.balance(edge.id)),
  };
}
