import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { TreadleError } from '../../errors.ts';
import {
  ATTACKS,
  BEARING_SAMPLE_RATE_HZ,
  type ClientCheck,
  checkPlan,
  createEngine,
  digestOfWeights,
  type Engine,
  exportOnnx,
  firstWeights,
  type KernelBytes,
  learn,
  loadDataset,
  type PartitionKind,
  type Plugin,
  PRE_AGGREGATORS,
  prepareRunData,
  type RoundRecord,
  type RunData,
  type RunPlan,
  readPluginChoice,
  STRATEGIES,
  trainingName,
  usualNetwork,
  verifyRound,
} from '../../learning/index.ts';
import { FEDERATED_CLIENTS_MAX, FEDERATED_ROUNDS_MAX } from '../../limits.ts';
import { modelDigest } from '../../market/index.ts';
import { datasetFiles } from '../dataset-files.ts';
import { ensureKernels } from '../kernel-files.ts';
import { type LearningWorkers, startLearningWorkers } from '../learning/learning-workers.ts';
import { RunFolder } from '../learning/run-folder.ts';
import { clientText, roundText, spanText } from '../learning/run-text.ts';
import { decimal, wholeNumber } from '../numbers.ts';
import { createOutput, type Output } from '../output.ts';
import { stopRequested } from '../stop-requested.ts';

/** `treadle learn strategies`: every strategy, pre-aggregator and attack. */
export async function strategies(options: { readonly json?: boolean }): Promise<void> {
  const out = createOutput(options.json === true);
  const kinds = { strategies: STRATEGIES, preAggregators: PRE_AGGREGATORS, attacks: ATTACKS } as const;
  const titles = {
    strategies: 'Strategies (--strategy)',
    preAggregators: 'Before them (--before)',
    attacks: 'Attacks (--attack)',
  };
  for (const [kind, plugins] of Object.entries(kinds) as [keyof typeof kinds, readonly Plugin[]][]) {
    if (kind !== 'strategies') out.line();
    out.line(titles[kind]);
    out.table(
      plugins.map(({ name, summary, parameters, origin, source }) => ({
        name,
        'what it does': summary,
        parameters: parameters.map((each) => (each.default === undefined ? each.name : `${each.name}=${each.default}`)).join(','),
        source: origin === 'published' ? source : `${origin}: ${source}`,
      })),
    );
  }
  out.result(
    Object.fromEntries(Object.entries(kinds).map(([kind, plugins]) => [kind, plugins.map(({ make: _, ...plugin }) => plugin)])),
  );
}

interface DataOptions {
  readonly data?: string;
  readonly cache?: string;
  readonly workers?: string;
  readonly json?: boolean;
}

export interface RunOptions extends DataOptions {
  readonly folder: string;
  readonly resume?: boolean;
  readonly dataset: string;
  readonly network?: string;
  readonly clients: string;
  readonly active: string;
  readonly rounds: string;
  readonly epochs: string;
  readonly batch: string;
  readonly learningRate: string;
  readonly momentum: string;
  readonly partition: PartitionKind;
  readonly alpha: string;
  readonly strategy: string;
  readonly before?: readonly string[];
  readonly attack?: string;
  readonly malicious: string;
  readonly trainSamples?: string;
  readonly testSamples?: string;
  readonly seed: string;
  readonly fastMath?: boolean;
  readonly progress?: boolean;
}

/** `treadle learn run`: a federated training on this machine, round by round. */
export async function run(options: RunOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const folder = new RunFolder(options.folder);
  const plan = options.resume === true ? await folder.readPlan() : checkPlan(planOf(options));
  const prepared = await prepare(plan, options, out);
  const { training, first } = prepared;
  if (options.resume !== true) await folder.create(plan);
  const records = await folder.readRecords({ training, first: digestOfWeights(first) });
  const last = records.at(-1);
  const from = { round: records.length, weights: last === undefined ? first : await folder.readModel(last.digest) };
  if (last !== undefined) out.line(`Going on after round ${last.round} of ${plan.rounds}`);
  const workers = prepared.start();
  let [stop, over] = [false, false];
  void stopRequested().then(() => {
    stop = true;
    if (!over) out.line('Stopping after this round ...');
  });
  const started = performance.now();
  try {
    if (from.round < plan.rounds) {
      for await (const { record, weights } of learn({ plan, data: prepared.data, runner: workers }, from)) {
        await folder.add(record, weights);
        records.push(record);
        const secondsEach = (performance.now() - started) / 1000 / (record.round - from.round);
        if (options.progress !== false) out.line(roundText(record, plan, secondsEach));
        if (stop) break;
      }
    }
  } finally {
    over = true;
    await workers.close();
  }
  showSummary(out, { plan, records, folder: options.folder, training, seconds: (performance.now() - started) / 1000 });
}

function showSummary(
  out: Output,
  run: { plan: RunPlan; records: readonly RoundRecord[]; folder: string; training: string; seconds: number },
): void {
  const { plan, records, folder, training, seconds } = run;
  const last = records.at(-1);
  const done = records.length === plan.rounds;
  out.line(`${done ? 'Finished' : 'Stopped'} after round ${records.length} of ${plan.rounds} in ${spanText(seconds)}`);
  if (last !== undefined) {
    out.line(`  accuracy ${last.metrics.accuracy.toFixed(4)}, loss ${last.metrics.loss.toFixed(4)}`);
    out.line(`  model    ${last.digest}`);
  }
  out.line(`  folder   ${folder}`);
  if (!done) out.line(`Go on with: treadle learn run --folder ${folder} --resume`);
  out.result({ training, folder, finished: done, seconds, plan, rounds: records });
}

export interface VerifyOptions extends DataOptions {
  readonly rounds?: string;
  readonly progress?: boolean;
}

/** `treadle learn verify`: trains again what every client of a run announced, and names those who announced something else. */
export async function verify(runFolder: string, options: VerifyOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const folder = new RunFolder(runFolder);
  const plan = await folder.readPlan();
  if (plan.fastMath) {
    throw new TreadleError('FEDERATED_PLAN_INVALID', {
      detail: 'The run used --fast-math, whose results may differ from machine to machine: it cannot be verified',
    });
  }
  const { data, training, first, start } = await prepare(plan, options, out);
  const records = await folder.readRecords({ training, first: digestOfWeights(first) });
  const wanted = options.rounds === undefined ? records : records.slice(...readRange(options.rounds, records.length));
  const workers = start();
  const checks: ClientCheck[] = [];
  try {
    for (const record of wanted) {
      const before = record.round === 1 ? first : await folder.readModel(record.previous);
      const found = await verifyRound({ plan, runner: workers }, record, before);
      checks.push(...found);
      if (options.progress === false) continue;
      const liars = found.filter(({ honest }) => !honest);
      out.line(
        `round ${record.round}: ${found.length - liars.length} of ${found.length} updates are what they claim to be` +
          (liars.length === 0 ? '' : `; not: ${liars.map(({ client }) => clientText(client)).join(', ')}`),
      );
    }
  } finally {
    await workers.close();
  }
  const liars = [...new Set(checks.filter(({ honest }) => !honest).map(({ client }) => client))].sort().map((client) => {
    const lies = checks.filter((check) => check.client === client && !check.honest);
    return {
      client,
      rounds: lies.map(({ round }) => round),
      accepted: lies.filter(({ accepted }) => accepted).map(({ round }) => round),
    };
  });
  out.line();
  out.line(
    `${checks.length} updates of ${wanted.length} rounds trained again (${data.network.name}): ${liars.length} clients lied`,
  );
  if (liars.length > 0) {
    out.table(
      liars.map(({ client, rounds, accepted }) => ({
        client,
        'lied in rounds': rounds.join(', '),
        'of these accepted': accepted.join(', ') || 'none',
      })),
    );
    process.exitCode = 1;
  }
  out.result({ training, rounds: wanted.length, updates: checks.length, liars, checks });
}

export interface ExportRunOptions extends DataOptions {
  readonly out: string;
}

/** `treadle learn export`: the last model of a run as an ONNX file that says how its input is scaled and what its classes are called. */
export async function exportRun(runFolder: string, options: ExportRunOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const folder = new RunFolder(runFolder);
  const plan = await folder.readPlan();
  const { data, training, first } = await prepare(plan, options, out);
  const last = (await folder.readRecords({ training, first: digestOfWeights(first) })).at(-1);
  const { mean, deviation } = data.scaling;
  const bytes = exportOnnx({
    description: data.network,
    weights: last === undefined ? first : await folder.readModel(last.digest),
    classNames: data.classNames,
    scaling: { mean: [...mean], deviation: [...deviation] },
    ...(plan.network === 'bearing' && { preparation: 'bearing-orders', sampleRateHz: BEARING_SAMPLE_RATE_HZ }),
  });
  await writeFile(options.out, bytes).catch((cause: unknown) => {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new TreadleError('CLI_FILE_UNWRITABLE', { detail: `${options.out} cannot be written (${why})`, cause });
  });
  const digest = modelDigest(bytes);
  const accuracy = last?.metrics.accuracy;
  out.line(`${options.out}: the model after round ${last?.round ?? 0}, ${bytes.length} bytes`);
  if (accuracy !== undefined) out.line(`  accuracy ${accuracy.toFixed(4)}`);
  out.line(`  digest   ${digest}`);
  out.result({
    file: options.out,
    round: last?.round ?? 0,
    bytes: bytes.length,
    digest,
    ...(accuracy !== undefined && { accuracy }),
  });
}

interface Prepared {
  readonly data: RunData;
  readonly training: string;
  readonly first: Float32Array;
  readonly start: () => LearningWorkers;
}

async function prepare(plan: RunPlan, options: DataOptions, out: Output): Promise<Prepared> {
  const kernels: KernelBytes = await ensureKernels((text) => process.stderr.write(`${text}\n`));
  const engine: Engine = createEngine({ kernels, fastMath: plan.fastMath });
  const data = prepareRunData(await loadDataset(plan.dataset, datasetFiles(options)), plan);
  const count =
    options.workers === undefined ? availableParallelism() : wholeNumber('--workers', options.workers, { min: 1, max: 256 });
  out.line(
    `${plan.dataset}, network ${data.network.name}, ${plan.clients} clients (${plan.active} a round), ${plan.strategy.name}, ` +
      `${count} ${count === 1 ? 'thread' : 'threads'}`,
  );
  return {
    data,
    training: trainingName(plan, data),
    first: firstWeights(engine, plan, data),
    start: () => startLearningWorkers({ kernels, fastMath: plan.fastMath, data, workers: count }),
  };
}

function planOf(options: RunOptions): RunPlan {
  const limit = (name: string, value: string | undefined) =>
    value === undefined ? undefined : wholeNumber(name, value, { min: 1, max: Number.MAX_SAFE_INTEGER });
  const clients = wholeNumber('--clients', options.clients, { min: 1, max: FEDERATED_CLIENTS_MAX });
  const momentum = decimal('--momentum', options.momentum, { min: 0, max: 0.9999 });
  const learningRate = decimal('--learning-rate', options.learningRate, { min: 1e-9, max: 1000 });
  const trainSamplesMax = limit('--train-samples', options.trainSamples);
  const testSamplesMax = limit('--test-samples', options.testSamples);
  return {
    dataset: options.dataset,
    network: options.network ?? usualNetwork(options.dataset),
    clients,
    active: wholeNumber('--active', options.active, { min: 1, max: clients }),
    rounds: wholeNumber('--rounds', options.rounds, { min: 1, max: FEDERATED_ROUNDS_MAX }),
    partition: { kind: options.partition, alpha: decimal('--alpha', options.alpha, { min: 0.001, max: 1_000_000 }) },
    training: {
      epochs: wholeNumber('--epochs', options.epochs, { min: 1, max: 10_000 }),
      batchSize: wholeNumber('--batch', options.batch, { min: 1, max: 65_536 }),
      optimiser: { type: 'sgd', learningRate, ...(momentum > 0 && { momentum }) },
    },
    strategy: readPluginChoice(options.strategy, STRATEGIES),
    before: (options.before ?? []).map((text) => readPluginChoice(text, PRE_AGGREGATORS)),
    ...(options.attack !== undefined && { attack: readPluginChoice(options.attack, ATTACKS) }),
    maliciousShare: decimal('--malicious', options.malicious, { min: 0, max: 1 }),
    judgeShare: 1 / 3,
    rootSamples: 100,
    ...(trainSamplesMax !== undefined && { trainSamplesMax }),
    ...(testSamplesMax !== undefined && { testSamplesMax }),
    seed: options.seed,
    fastMath: options.fastMath === true,
  };
}

/** `4` or `4..9` as bounds of a slice. */
function readRange(text: string, rounds: number): [number, number] {
  const [, first = '', last = first] = /^(\d+)(?:\.\.(\d+))?$/.exec(text) ?? [];
  const from = wholeNumber('--rounds', first === '' ? text : first, { min: 1, max: Math.max(1, rounds) });
  return [from - 1, wholeNumber('--rounds', last, { min: from, max: Math.max(1, rounds) })];
}
