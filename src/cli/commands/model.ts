import { writeFile } from 'node:fs/promises';
import { TreadleError } from '../../errors.ts';
import {
  createEngine,
  exportOnnx,
  inspectOnnx,
  loadDataset,
  loadOnnx,
  NETWORKS,
  type NetworkDescription,
  type OnnxModel,
  weightsFromBytes,
} from '../../learning/index.ts';
import { modelDigest } from '../../market/index.ts';
import { datasetFiles } from '../dataset-files.ts';
import { ensureKernels } from '../kernel-files.ts';
import { readBytes, readText } from '../load-setup.ts';
import { decimal } from '../numbers.ts';
import { createOutput } from '../output.ts';

export interface ExportModelOptions {
  readonly network: string;
  readonly out: string;
  readonly classes?: string;
  readonly mean?: string;
  readonly deviation?: string;
  readonly sampleRate?: string;
  readonly json?: boolean;
}

/** `treadle model export`: weights of a network of the catalogue as an ONNX model. */
export async function exportModel(weightsFile: string, options: ExportModelOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const mean = numbersOf('--mean', options.mean);
  const deviation = numbersOf('--deviation', options.deviation);
  const description = networkNamed(options.network);
  if (mean?.length !== deviation?.length || (mean !== undefined && mean.length !== description.input.channels)) {
    throw new TreadleError('CLI_BAD_OPTION', {
      detail: `--mean and --deviation go together, with ${description.input.channels} numbers each`,
    });
  }
  const bytes = exportOnnx({
    description,
    weights: weightsFromBytes(await readBytes(weightsFile)),
    ...(options.classes !== undefined && { classNames: options.classes.split(',').map((name) => name.trim()) }),
    ...(mean && deviation && { scaling: { mean, deviation } }),
    ...(options.sampleRate !== undefined && {
      sampleRateHz: decimal('--sample-rate', options.sampleRate, { min: 0.001, max: 1e9 }),
    }),
  });
  await writeNew(options.out, bytes);
  out.line(`${options.out}: ${bytes.length} bytes`);
  out.line(`  digest ${modelDigest(bytes)}`);
  out.result({ file: options.out, bytes: bytes.length, digest: modelDigest(bytes) });
}

/** `treadle model inspect`: what a file holds, and whether it can be run here. */
export async function inspect(file: string, options: { readonly json?: boolean }): Promise<void> {
  const out = createOutput(options.json === true);
  const bytes = await readBytes(file);
  const report = inspectOnnx(bytes);
  const reason = refusal(bytes);
  const shaped = (values: typeof report.inputs) => values.map(({ name, shape }) => `${name} (${shape.join(' x ')})`).join(', ');
  out.line(`${report.name || file}, made by ${report.producer || 'an unknown tool'}`);
  out.line(`  digest    ${modelDigest(bytes)}`);
  out.line(`  operators ${report.opsets.map(({ domain, version }) => `${domain} ${version}`).join(', ')}`);
  out.line(`  input     ${shaped(report.inputs)}`);
  out.line(`  output    ${shaped(report.outputs)}`);
  out.line(`  constants ${report.constants} numbers`);
  if (report.notes.classNames) out.line(`  classes   ${report.notes.classNames.join(', ')}`);
  if (report.notes.weightsDigest) out.line(`  weights   ${report.notes.weightsDigest}`);
  out.line(reason === undefined ? '  can be asked here' : `  cannot be asked here: ${reason.message}`);
  out.line();
  out.table(report.operators.map(({ runs, ...operator }) => ({ ...operator, 'runs here': runs ? 'yes' : 'no' })));
  out.result({
    digest: modelDigest(bytes),
    ...report,
    runs: reason === undefined,
    ...(reason && { reason: { code: reason.code, message: reason.message } }),
  });
}

/** Why a model cannot be asked; undefined when it can. The slowest engine loads a model as the fastest does. */
function refusal(bytes: Uint8Array): TreadleError | undefined {
  try {
    loadOnnx(createEngine(), bytes);
    return undefined;
  } catch (error) {
    if (error instanceof TreadleError) return error;
    throw error;
  }
}

export interface PredictOptions {
  readonly input?: string;
  readonly dataset?: string;
  readonly data?: string;
  readonly cache?: string;
  readonly output?: string;
  readonly json?: boolean;
}

/** `treadle model predict`: what a model says of samples. */
export async function predict(file: string, options: PredictOptions): Promise<void> {
  const { input, dataset, output } = options;
  if ((input === undefined) === (dataset === undefined)) {
    throw new TreadleError('CLI_BAD_OPTION', { detail: 'name either --input or --dataset' });
  }
  const out = createOutput(options.json === true);
  const bytes = await readBytes(file);
  const kernels = await ensureKernels((text) => void process.stderr.write(`${text}\n`));
  const model = loadOnnx(createEngine({ kernels }), bytes, output === undefined ? {} : { output });
  if (dataset !== undefined) {
    const { test, classNames } = await loadDataset(dataset, datasetFiles(options));
    const found = predictedClasses(model, model.predict(model.standardise(test.values)));
    const right = found.filter((each, at) => each === test.labels[at]).length;
    const names = model.notes.classNames ?? classNames;
    const rows = names.map((name, at) => {
      const own = found.filter((_, sample) => test.labels[sample] === at);
      return { class: name, samples: own.length, right: own.filter((each) => each === at).length };
    });
    out.line(
      `${right} of ${found.length} test samples of ${dataset} are classified as they should be: ${((100 * right) / found.length).toFixed(2)} %`,
    );
    out.table(rows);
    out.result({ dataset, samples: found.length, right, accuracy: right / found.length, classes: rows });
    return;
  }
  const samples = samplesIn(await readText(input as string), input as string, model);
  const scores = model.predict(model.standardise(samples));
  const found = predictedClasses(model, scores);
  const results = found.map((each, at) => ({
    class: model.classNames[each] as string,
    outputs: [...scores.subarray(at * model.outputSize, (at + 1) * model.outputSize)],
  }));
  out.table(
    results.map((result, at) => ({ sample: at + 1, class: result.class, outputs: result.outputs.slice(0, 10).join(' ') })),
  );
  out.result(results);
}

function predictedClasses({ outputSize }: OnnxModel, scores: Float32Array): number[] {
  return Array.from({ length: scores.length / outputSize }, (_, sample) => {
    const own = scores.subarray(sample * outputSize, (sample + 1) * outputSize);
    return own.indexOf(own.reduce((largest, score) => Math.max(largest, score), Number.NEGATIVE_INFINITY));
  });
}

/** Lists of numbers, however deep they lie: the model says what a sample is. */
function samplesIn(text: string, file: string, model: OnnxModel): Float32Array {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TreadleError('CLI_FILE_UNREADABLE', { detail: `${file} is not JSON`, cause });
  }
  const numbers: unknown[] = Array.isArray(value) ? value.flat(Number.POSITIVE_INFINITY) : [];
  if (numbers.length === 0 || numbers.length % model.inputSize !== 0 || numbers.some((each) => typeof each !== 'number')) {
    throw new TreadleError('CLI_FILE_UNREADABLE', {
      detail: `${file} must hold lists of numbers, ${model.inputSize} (${model.inputShape.join(' x ')}) for each sample`,
    });
  }
  return Float32Array.from(numbers as number[]);
}

function networkNamed(name: string): NetworkDescription {
  const networks: Readonly<Record<string, NetworkDescription>> = NETWORKS;
  const found = Object.hasOwn(networks, name) ? networks[name] : undefined;
  if (found === undefined) {
    const known = Object.keys(networks).join(', ');
    throw new TreadleError('CLI_BAD_OPTION', { detail: `--network is "${name}", there are ${known}` });
  }
  return found;
}

function numbersOf(option: string, text: string | undefined): number[] | undefined {
  return text?.split(',').map((each) => decimal(option, each, { min: -1e30, max: 1e30 }));
}

async function writeNew(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes, { flag: 'wx' });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new TreadleError('CLI_FILE_EXISTS', { detail: `${file} is there already and was not touched`, cause });
    throw new TreadleError('CLI_FILE_UNWRITABLE', { detail: `${file} cannot be written (${code})`, cause });
  }
}
