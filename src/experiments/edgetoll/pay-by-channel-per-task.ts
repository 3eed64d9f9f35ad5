import { invariant } from '../../errors.ts';
import {
  createMatchChain,
  createTaskClient,
  createVibrationSource,
  SAMPLES_MEDIA_TYPE,
  type TaskOutcome,
} from '../../market/index.ts';
import { type Bench, openBench, TASK_PRICE_WEI } from './bench.ts';
import { gasOf } from './receipt-watch.ts';
import { runningTotals, type TaskCost, type WayRun } from './way.ts';

/** What EdgeToll compares itself with: for each task the device opens a channel to the edge node, pays, and the edge node closes it. */
export async function payByChannelPerTask(options: { readonly seed: number; readonly tasks: number }): Promise<WayRun> {
  const bench = await openBench({ seed: options.seed, listedPriceWei: TASK_PRICE_WEI });
  const work = worker(bench);
  await payOneTask(bench, work);
  await bench.settle();
  const mark = bench.receipts.mark();
  const times: Omit<TaskCost, 'gas'>[] = [];
  for (let task = 0; task < options.tasks; task++) times.push(await payOneTask(bench, work));
  await bench.settle();
  const receipts = bench.receipts.since(mark);
  const [opened, closed] = [gasOf(receipts, 'open'), gasOf(receipts, 'close')];
  invariant(opened.length === options.tasks && closed.length === options.tasks, 'every task has a channel of its own');
  return {
    way: 'channelPerTask',
    seed: options.seed,
    readings: runningTotals(times.map((time, at) => ({ ...time, gas: (opened[at] ?? 0) + (closed[at] ?? 0) }))),
    conserved: await bench.conserved(BigInt(options.tasks + 1) * TASK_PRICE_WEI),
    traceHash: bench.cluster.world.traceHash(),
  };
}

/** Has one task done and leaves the paying to the caller: the device itself would pay through the proxy. */
function worker({ device, scenario, cluster }: Bench): () => Promise<TaskOutcome> {
  const { environment, client, peering } = device;
  const tasks = createTaskClient({
    environment,
    chain: createMatchChain({ client }),
    contactOf: (node) => peering.contactOf(node),
  });
  const { samples, sampleRateHz } = scenario.devices.window;
  const source = createVibrationSource({ random: environment.random.stream('comparison'), sampleRateHz });
  const { file } = cluster.seats.get('device-1')?.setup ?? {};
  invariant(file?.role === 'device', 'the bench seats one device');
  const { latitude, longitude, service } = file.device;
  return () =>
    tasks.run({
      service,
      mediaType: SAMPLES_MEDIA_TYPE,
      input: source.bytes(samples, 0),
      latitudeE6: Math.round(latitude * 1e6),
      longitudeE6: Math.round(longitude * 1e6),
      priceLimitWei: TASK_PRICE_WEI,
    });
}

async function payOneTask(bench: Bench, work: () => Promise<TaskOutcome>): Promise<Omit<TaskCost, 'gas'>> {
  const { device, edge } = bench;
  const { payer } = device.payer;
  const task = await bench.timed(work());
  const opening = await bench.timed(payer.ready({ payee: edge.id, amountWei: TASK_PRICE_WEI }));
  const { taskId, match } = task.value;
  const voucher = await bench.timed(
    payer.pay({ payee: edge.id, payment: { taskId, node: match.node, amountWei: match.priceWei } }),
  );
  invariant(voucher.value?.stage === 'delivered', 'the voucher reaches the edge node');
  const channel = device.payer.promised.current(edge.id);
  invariant(channel !== undefined, 'the device has a channel to the edge node');
  const closing = await bench.timed(edge.payee.payee.close(channel.channelId));
  // A device hears of a closing when it next asks. That it asks here is not counted.
  await bench.timed(payer.resume());
  const paymentMicros = opening.micros + voucher.micros + closing.micros;
  return { paymentMicros, wholeMicros: task.micros + paymentMicros };
}
