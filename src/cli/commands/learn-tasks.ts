import { type TrainingSpec, type TrainingTask, trainingTasksClient } from '../../contracts/index.ts';
import { hasCode, TreadleError } from '../../errors.ts';
import { digestOfWeights, loadDataset } from '../../learning/index.ts';
import { CLI_ANSWER_POLL_MS } from '../../limits.ts';
import { firstModel } from '../../node/index.ts';
import { datasetFiles } from '../dataset-files.ts';
import { ensureKernels } from '../kernel-files.ts';
import { decimal, wholeNumber } from '../numbers.ts';
import { openOracle } from '../oracle-requests.ts';
import { createOutput, type Output } from '../output.ts';
import { amountWei, durationMs } from '../quantities.ts';
import { showCount, showDuration, showInstant, showWei } from '../text.ts';
import { actingOnTraining } from '../training-refusals.ts';

interface Reading {
  readonly rpc: string;
  readonly json?: boolean;
}

interface Acting extends Reading {
  readonly key: string;
}

interface ReleaseOptions extends Acting {
  readonly reward: string;
  readonly stake?: string;
  readonly clientStake: string;
  readonly network: string;
  readonly strategy: string;
  readonly rounds: string;
  readonly epochs: string;
  readonly batch: string;
  readonly learningRate: string;
  readonly seed: string;
  readonly clients: string;
  readonly quorum?: string;
  readonly roundTime: string;
  readonly life: string;
  readonly url?: string;
  readonly data?: string;
  readonly cache?: string;
}

const MILLION = 1_000_000;
const UINT32_MAX = 0xffff_ffff;
/** Fees for rounds that have to be tried again. */
const SPARE_ROUNDS = 5n;

/** `treadle learn release`: computes the model that the task begins with, and releases it. */
export async function release(dataset: string, options: ReleaseOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const count = (name: string, text: string, max: number) => wholeNumber(name, text, { min: 1, max });
  const clients = count('--clients', options.clients, 64);
  const spec: Omit<TrainingSpec, 'first'> = {
    ...{ dataset, url: options.url ?? '', network: options.network, strategy: options.strategy },
    seed: BigInt(wholeNumber('--seed', options.seed, { min: 0, max: Number.MAX_SAFE_INTEGER })),
    rounds: count('--rounds', options.rounds, 1_000),
    epochs: count('--epochs', options.epochs, 10_000),
    batchSize: count('--batch', options.batch, 65_536),
    learningRatePpm: Math.round(decimal('--learning-rate', options.learningRate, { min: 1 / MILLION, max: 1_000 }) * MILLION),
    clients,
    quorum: options.quorum === undefined ? Math.ceil((2 * clients) / 3) : count('--quorum', options.quorum, clients),
    roundSeconds: Math.ceil(durationMs('--round-time', options.roundTime) / 1000),
    expiresAt: BigInt(Math.ceil((Date.now() + durationMs('--life', options.life)) / 1000)),
    clientStakeWei: amountWei('--client-stake', options.clientStake),
  };
  const rewardWei = amountWei('--reward', options.reward);
  const files = datasetFiles({
    ...(options.data !== undefined && { data: options.data }),
    ...(options.cache !== undefined && { cache: options.cache }),
  });
  const load = (name: string) => loadDataset(name, files);
  const kernels = await ensureKernels((text) => out.line(text));
  const first = digestOfWeights(await firstModel(spec, { load, kernels }));
  const { client, pedal } = await openOracle(options);
  const tasks = trainingTasksClient(client);
  const job = await pedal.job('compute');
  const stakeWei = options.stake === undefined ? await tasks.minStakeWei() : amountWei('--stake', options.stake);
  const budgetWei = (job?.feeWei ?? 0n) * (BigInt(spec.rounds) + SPARE_ROUNDS);
  const { id, receipt } = await actingOnTraining(tasks.release({ ...spec, first }, { rewardWei, stakeWei, budgetWei }));
  out.line(`Task ${id} is in block ${receipt.blockNumber}: ${showCount(spec.rounds, 'round')} for ${showWei(rewardWei)},`);
  out.line(
    `with a stake of ${showWei(stakeWei)} and ${showWei(budgetWei)} for the oracle. It starts when ${clients} clients have a place.`,
  );
  out.line(`Follow it with: treadle learn watch ${id}`);
  out.result({ task: id, first, rewardWei, stakeWei, budgetWei, blockNumber: receipt.blockNumber });
}

/** `treadle learn enrol`. */
export async function enrol(text: string, options: Acting & { readonly samples: string }): Promise<void> {
  const samples = wholeNumber('--samples', options.samples, { min: 1, max: UINT32_MAX });
  const { id, tasks } = await open(text, options);
  const { spec } = await actingOnTraining(tasks.task(id));
  const { blockNumber } = await actingOnTraining(tasks.enrol(id, { samples, stakeWei: spec.clientStakeWei }));
  done(options, { task: id, samples, blockNumber }, `A place in task ${id} is yours since block ${blockNumber}.`);
}

/** `treadle learn start`. */
export async function start(text: string, options: Acting): Promise<void> {
  const { id, tasks } = await open(text, options);
  const { blockNumber } = await actingOnTraining(tasks.start(id));
  done(options, { task: id, blockNumber }, `Task ${id} runs since block ${blockNumber}.`);
}

/** `treadle learn cancel`. */
export async function cancel(text: string, options: Acting): Promise<void> {
  const { id, tasks } = await open(text, options);
  const { blockNumber } = await actingOnTraining(tasks.cancel(id));
  done(options, { task: id, blockNumber }, `Task ${id} ended in block ${blockNumber}; treadle learn collect takes what is left.`);
}

/** `treadle learn collect`. */
export async function collect(options: Acting): Promise<void> {
  const { client, key } = await openOracle(options);
  const tasks = trainingTasksClient(client);
  const owedWei = await tasks.owedTo(key.address);
  const { blockNumber } = await actingOnTraining(tasks.withdraw());
  done(options, { paidWei: owedWei, blockNumber }, `${showWei(owedWei)} were paid in block ${blockNumber}.`);
}

/** `treadle learn status`: a task with its rounds and clients. */
export async function status(text: string, options: Reading): Promise<void> {
  const out = createOutput(options.json === true);
  const { id, tasks } = await open(text, options);
  const task = await actingOnTraining(tasks.task(id));
  const [clients, rounds] = await Promise.all([
    tasks.clients(id),
    Promise.all(Array.from({ length: task.roundsDone }, (_, at) => tasks.round(id, at + 1))),
  ]);
  out.line(taskText(task));
  for (const [at, { digest, accuracyPpm, lossPpm, request }] of rounds.entries())
    out.line(
      `  round ${at + 1}: accuracy ${percent(accuracyPpm)}, loss ${Number(lossPpm) / MILLION}, model ${digest}, request ${request}`,
    );
  if (clients.length > 0) out.line();
  out.table(
    clients.map(({ account, samples, accepted, rejected, earnedWei }) => ({
      ...{ client: account, samples, 'in the model': accepted, 'left out': rejected },
      absent: task.roundsDone - accepted - rejected,
      earned: showWei(earnedWei),
    })),
  );
  out.result({ ...task, clients, rounds });
}

/** `treadle learn watch`: a line for each round, until the task is over. */
export async function watch(text: string, options: Reading): Promise<void> {
  const out = createOutput(options.json === true);
  const { id, tasks } = await open(text, options);
  const began = { at: Date.now(), rounds: -1 };
  let [shown, failures, state] = [0, 0, ''];
  for (;;) {
    const task = await actingOnTraining(tasks.task(id));
    if (began.rounds < 0) began.rounds = task.roundsDone;
    if (task.state !== state && task.endedAt === 0n) out.line(taskText(task));
    state = task.state;
    for (; shown < task.roundsDone; shown++) {
      const { accuracyPpm, lossPpm } = await tasks.round(id, shown + 1);
      const here = task.roundsDone - began.rounds;
      const left = here > 0 ? `, ${showDuration(((Date.now() - began.at) / here) * (task.spec.rounds - shown - 1))} left` : '';
      out.line(
        `round ${shown + 1} of ${task.spec.rounds}: accuracy ${percent(accuracyPpm)}, loss ${Number(lossPpm) / MILLION}${left}`,
      );
    }
    if (task.failures > failures) out.line(`${showCount(task.failures, 'attempt')} at rounds came to nothing`);
    failures = task.failures;
    if (task.endedAt > 0n) {
      out.line(taskText(task));
      out.result(task);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, CLI_ANSWER_POLL_MS));
  }
}

async function open(text: string, options: Reading & { readonly key?: string }) {
  if (!/^[1-9]\d{0,15}$/.test(text))
    throw new TreadleError('CLI_BAD_OPTION', { detail: `the task is "${text.slice(0, 80)}", expected its number` });
  const { client } = await openOracle(options);
  const tasks = trainingTasksClient(client);
  try {
    await tasks.count();
  } catch (cause) {
    if (!hasCode(cause, 'CONTRACT_BAD_ANSWER')) throw cause;
    throw new TreadleError('CLI_NO_ORACLE', { detail: 'the genesis of this ledger placed no contract of training tasks', cause });
  }
  return { id: BigInt(text), tasks };
}

function done(options: Reading, document: Record<string, unknown>, line: string): void {
  const out: Output = createOutput(options.json === true);
  out.line(line);
  out.result(document);
}

function taskText({ id, state, roundsDone, spec, owner, leftWei, request }: TrainingTask): string {
  const now = request > 0n ? `, round ${roundsDone + 1} is request ${request}` : '';
  const what = `${spec.dataset} with ${spec.network} and ${spec.strategy}`;
  const until = showInstant(Number(spec.expiresAt) * 1000);
  return `Task ${id} of ${owner} is ${state}: ${what}, ${roundsDone} of ${spec.rounds} rounds done${now}, ${showWei(leftWei)} of the reward left, until ${until}.`;
}

function percent(ppm: number): string {
  return `${(ppm / 10_000).toFixed(2)} %`;
}
