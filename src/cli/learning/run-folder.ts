import { appendFile, mkdir, open, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { TreadleError } from '../../errors.ts';
import {
  checkPlan,
  checkRecordChain,
  digestOfBytes,
  type RoundRecord,
  type RunPlan,
  type WeightsDigest,
  weightsFromBytes,
  weightsToBytes,
} from '../../learning/index.ts';

const PLAN = 'run.json';
const ROUNDS = 'rounds.jsonl';
const MODELS = 'models';

/** Where a run keeps its plan, a line for every finished round, and the global model of each. */
export class RunFolder {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** @throws TreadleError CLI_FOLDER_NOT_EMPTY */
  async create(plan: RunPlan): Promise<void> {
    const there = await readdir(this.folder).catch(() => []);
    if (there.length > 0) throw new TreadleError('CLI_FOLDER_NOT_EMPTY', { detail: `${this.folder} holds something already` });
    await mkdir(path.join(this.folder, MODELS), { recursive: true });
    await writeFile(path.join(this.folder, PLAN), `${JSON.stringify(plan, undefined, 2)}\n`);
    await writeFile(path.join(this.folder, ROUNDS), '');
  }

  /** @throws TreadleError FEDERATED_STATE_INVALID | CLI_FILE_UNREADABLE and those of {@link checkPlan} */
  async readPlan(): Promise<RunPlan> {
    const file = path.join(this.folder, PLAN);
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw new TreadleError('CLI_FILE_UNREADABLE', { detail: `${file} cannot be read`, cause });
    });
    return checkPlan(parse(text, file) as RunPlan);
  }

  /**
   * The finished rounds. A last line that a crash cut off is left out, and so is a last round whose model is not there.
   *
   * @throws TreadleError FEDERATED_STATE_INVALID
   */
  async readRecords(expected: { readonly training: string; readonly first: WeightsDigest }): Promise<RoundRecord[]> {
    const file = path.join(this.folder, ROUNDS);
    const text = await readFile(file, 'utf8').catch(() => '');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const records = whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => readRecord(line, file));
    checkRecordChain(records, expected);
    const last = records.at(-1);
    if (last !== undefined && (await this.#model(last.digest)) === undefined) records.pop();
    if (whole !== text || records.at(-1) !== last) {
      await replace(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    }
    return records;
  }

  /** First the model, then the line: a line that is there has its model. */
  async add(record: RoundRecord, weights: Float32Array): Promise<void> {
    const file = path.join(this.folder, MODELS, `${record.digest.slice(2)}.bin`);
    await replace(file, weightsToBytes(weights));
    await appendFile(path.join(this.folder, ROUNDS), `${JSON.stringify(record)}\n`, { flush: true });
  }

  /** @throws TreadleError FEDERATED_WEIGHTS_MISSING when it is not there or is another */
  async readModel(digest: WeightsDigest): Promise<Float32Array> {
    const weights = await this.#model(digest);
    if (weights !== undefined) return weights;
    throw new TreadleError('FEDERATED_WEIGHTS_MISSING', { detail: `${this.folder} does not hold the model ${digest}` });
  }

  async #model(digest: WeightsDigest): Promise<Float32Array | undefined> {
    const bytes = await readFile(path.join(this.folder, MODELS, `${digest.slice(2)}.bin`)).catch(() => undefined);
    return bytes !== undefined && digestOfBytes(bytes) === digest ? weightsFromBytes(bytes) : undefined;
  }
}

function readRecord(line: string, file: string): RoundRecord {
  const record = parse(line, file) as RoundRecord;
  const { metrics } = record;
  // JSON knows no NaN: a model that says nothing has none of these.
  return { ...record, metrics: { ...metrics, loss: metrics.loss ?? Number.NaN, accuracy: metrics.accuracy ?? Number.NaN } };
}

function parse(text: string, file: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below.
  }
  throw new TreadleError('FEDERATED_STATE_INVALID', { detail: `${file} holds something that is not JSON` });
}

/** The whole new content or the whole old one, whatever happens meanwhile. */
async function replace(file: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(`${file}.new`, 'w');
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
}
