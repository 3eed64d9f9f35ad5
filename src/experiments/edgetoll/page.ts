import type { Comparison, ComparisonPoint } from './compare.ts';
import { WARM_PROPOSER_GAS } from './pay-by-channels.ts';
import { EDGETOLL_GAS_PER_CHANNEL, EDGETOLL_PUBLISHED } from './published.ts';
import { crossover } from './statistics.ts';

/** Numbers of tasks in the tables; the CSV files have all. */
const ROWS = [1, 2, 3, 4, 5, 10, 20, 30, 40, 50];

/** The comparison as a page: what was done, figures, tables, and each claim with what was measured for it. */
export function renderPage(comparison: Comparison): string {
  const { seeds, points, gasPerChannel, matchingGasPerTask } = comparison;
  const last = points.at(-1)?.tasks ?? 0;
  return `# Paying through channels against paying for every task (EdgeToll)

EdgeToll (Xiao, Fan, Gao, Cai 2019) pays edge nodes through a channel from the device to a proxy and one from the proxy to the edge node, and
shows that this beats paying for each task on the ledger. This page repeats the comparison with Treadle's own nodes and contracts. It is
written, numbers and figures included, by

\`\`\`sh
./bin/treadle reproduce edgetoll --out docs/experiments${seeds[0] === 1 ? '' : ` --seed ${seeds[0]}`}
\`\`\`

## Claims

| Claim | Measured | |
|---|---|---|
${claims(comparison)}

## Gas

![Gas of paying for n tasks, by the way of paying](edgetoll/gas.svg)

| Tasks | Two channels | A transfer per task | A channel per task | EdgeToll, two channels | EdgeToll, a channel per task |
|---:|---:|---:|---:|---:|---:|
${rows(points, gasRow)}

The dearest channel of all that were opened and closed took ${count(gasPerChannel.open)} + ${count(gasPerChannel.close)} = **${count(gasPerChannel.total)} gas**, EdgeToll's about ${count(EDGETOLL_GAS_PER_CHANNEL)}.
That is with a contract that does more: vouchers bound to chain, contract and channel, top-ups, a challenge period
(docs/decisions/0004-hardened-payment-channels.md says why).

Only the transactions that pay are counted. Matching is the same whichever way is used: ${count(matchingGasPerTask.request)} gas for a task's \`requestMatch\` and
${count(matchingGasPerTask.completion)} for its share of \`complete\`, here with one edge node; docs/reference/gas.md has the numbers for more.

For ${receiptCounts(points)} tasks the channels' gas is that of receipts, with channels opened and closed for the purpose. For the numbers between,
the two closing calls are executed on the ledger's state after so many tasks of one run of ${last}; at ${last} tasks both are done and must agree.
The small steps in the line have two causes: a byte of call data that happens to be zero costs 12 gas less, and the account of the block's proposer is
warm (EIP-3651), which saves ${count(WARM_PROPOSER_GAS)} gas when the proxy proposed the block in which the edge node closes.

## Time

![Time of n tasks, by the way of paying](edgetoll/time.svg)

Everything, from the first request to the last payment on the ledger, in seconds (median of seeds ${seeds[0]} to ${seeds.at(-1)}):

| Tasks | Two channels | A transfer per task | A channel per task | EdgeToll, two channels | EdgeToll, a channel per task |
|---:|---:|---:|---:|---:|---:|
${rows(points, wholeRow)}

The paying alone, in seconds:

| Tasks | Two channels | A transfer per task | A channel per task |
|---:|---:|---:|---:|
${rows(points, paymentRow)}

The seconds cannot be compared with EdgeToll's: those were taken on a public test network with a block about every 15 s and an image task over Wi-Fi,
these in virtual time on a consortium ledger with a block every 0.5 s under load and a vibration task of milliseconds. What can be compared is from how
many tasks on the channels are faster.

The largest of the seeds is at most ${percent(widestSpread(points))} above the smallest; \`time.csv\` has the smallest, median and largest of each point.

## What was run

One device, one edge node, a proxy and three companies in the simulator, with the settings of \`scenarios/edge-sharing.yaml\`: 20 ms between
nodes, 30 ms to the device, a price of 1000 gwei. The device has one task after the other matched, done and paid. Before the counting starts each run
does one task, so that connections stand.

* **Two channels**: the device opens its channel to the proxy; the proxy opens one to the edge node when the first voucher comes; every task is paid by a
  voucher to the proxy and one to the edge node; at the end both payees close, at the same time. Time for fewer tasks than ${last} is that of the first tasks of a
  run of ${last} with its opening and closing.
* **A transfer per task**: after each result the device sends the price to the edge node and waits for the block. No proxy is needed, and nothing is
  hidden: who pays whom for how much stands on the ledger task by task. The edge node does not wait for the payment, which favours this way.
* **A channel per task**, which EdgeToll compares itself with: for each task the device opens a channel to the edge node, pays by one voucher, and the edge
  node closes.

Every wei is accounted for at the end of each run${comparison.conserved ? '' : ' (NOT in this run: see the claims)'}. \`published.csv\` holds EdgeToll's points, which are its authors' raw results and dashed in the figures.
`;
}

function claims({ gasPerChannel, edgeTollGasPerChannel, below, crossoverTasks, points, conserved }: Comparison): string {
  const gas = points.map((point) => point.gas.channels);
  const spread = Math.max(...gas) - Math.min(...gas);
  const theirs = {
    gas: publishedCrossover((point) => [point.channels.gas, point.channelPerTask.gas]),
    time: publishedCrossover((point) => [point.channels.seconds, point.channelPerTask.seconds]),
  };
  return [
    `| Opening and closing a channel takes less than EdgeToll's ${count(edgeTollGasPerChannel)} gas | ${count(gasPerChannel.total)} gas | ${verdict(below)} |`,
    `| The channels' gas does not depend on the number of tasks | ${count(Math.min(...gas))} to ${count(Math.max(...gas))} gas | ${verdict(spread <= WARM_PROPOSER_GAS + 200)} |`,
    `| Gas: less than a channel per task | from ${tasks(crossoverTasks.gas.channelPerTask)} on (EdgeToll's points: ${theirs.gas}) | ${verdict(crossoverTasks.gas.channelPerTask !== undefined)} |`,
    `| Gas: less than a transfer per task | from ${tasks(crossoverTasks.gas.transfers)} on | ${verdict(crossoverTasks.gas.transfers !== undefined)} |`,
    `| Time: faster than a channel per task | from ${tasks(crossoverTasks.wholeTime.channelPerTask)} on (EdgeToll's points: ${theirs.time}) | ${verdict(crossoverTasks.wholeTime.channelPerTask !== undefined)} |`,
    `| Time: faster than a transfer per task | from ${tasks(crossoverTasks.wholeTime.transfers)} on | ${verdict(crossoverTasks.wholeTime.transfers !== undefined)} |`,
    `| Every wei is accounted for | in every run | ${verdict(conserved)} |`,
  ].join('\n');
}

/** Between which of its points the published channels become the better way. */
function publishedCrossover(
  pick: (point: (typeof EDGETOLL_PUBLISHED)[number]) => readonly [ours: number, other: number],
): string {
  const at = crossover(
    EDGETOLL_PUBLISHED.map((point) => pick(point)[0]),
    EDGETOLL_PUBLISHED.map((point) => pick(point)[1]),
  );
  if (at === undefined) return 'never';
  const from = EDGETOLL_PUBLISHED[at - 2]?.tasks;
  const to = EDGETOLL_PUBLISHED[at - 1]?.tasks;
  return from === undefined ? `from ${to} on` : `between ${from} and ${to}`;
}

function rows(points: readonly ComparisonPoint[], row: (point: ComparisonPoint) => readonly string[]): string {
  const shown = points.filter(({ tasks: number }) => ROWS.includes(number) || number === points.length);
  return shown.map((point) => `| ${row(point).join(' | ')} |`).join('\n');
}

function gasRow({ tasks: number, gas }: ComparisonPoint): readonly string[] {
  const theirs = EDGETOLL_PUBLISHED.find((point) => point.tasks === number);
  return [
    String(number),
    count(gas.channels),
    count(gas.transfers),
    count(gas.channelPerTask),
    theirs === undefined ? '' : count(theirs.channels.gas),
    theirs === undefined ? '' : count(theirs.channelPerTask.gas),
  ];
}

function wholeRow({ tasks: number, wholeSeconds }: ComparisonPoint): readonly string[] {
  const { channels, transfers, channelPerTask } = wholeSeconds;
  const theirs = EDGETOLL_PUBLISHED.find((point) => point.tasks === number);
  return [
    String(number),
    seconds(channels.median),
    seconds(transfers.median),
    seconds(channelPerTask.median),
    theirs === undefined ? '' : count(theirs.channels.seconds),
    theirs === undefined ? '' : count(theirs.channelPerTask.seconds),
  ];
}

function paymentRow({ tasks: number, paymentSeconds }: ComparisonPoint): readonly string[] {
  const { channels, transfers, channelPerTask } = paymentSeconds;
  return [String(number), seconds(channels.median), seconds(transfers.median), seconds(channelPerTask.median)];
}

function receiptCounts(points: readonly ComparisonPoint[]): string {
  const counts = points.filter((point) => point.channelsGasFrom === 'receipts').map((point) => String(point.tasks));
  const lastOne = counts.pop() ?? '';
  return counts.length === 0 ? lastOne : `${counts.join(', ')} and ${lastOne}`;
}

function widestSpread(points: readonly ComparisonPoint[]): number {
  const spreads = points.flatMap(({ paymentSeconds, wholeSeconds }) =>
    [...Object.values(paymentSeconds), ...Object.values(wholeSeconds)].map(({ min, max }) => max / min - 1),
  );
  return Math.max(...spreads);
}

function tasks(number: number | undefined): string {
  return number === undefined ? 'none of the points' : `${number} tasks`;
}

function verdict(holds: boolean): string {
  return holds ? 'holds' : '**does not hold**';
}

function seconds(value: number): string {
  return value.toFixed(2);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** With commas between thousands, in every locale. */
function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
