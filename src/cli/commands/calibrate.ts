import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { TreadleError } from '../../errors.ts';
import type { Calibration } from '../../experiments/index.ts';
import { measureCpuCosts, measureSyncMicros } from '../calibration.ts';
import { createOutput } from '../output.ts';

export interface CalibrateOptions {
  readonly out?: string;
  readonly folder: string;
  readonly json?: boolean;
}

/** Digits that are kept: the last ones are noise. */
const DIGITS = 4;

/** `treadle calibrate`: how long this machine takes for what the simulator charges. */
export async function calibrate(options: CalibrateOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const costs = await measureCpuCosts();
  const calibration: Calibration = {
    machine: `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.versions.node}`,
    costMicros: Object.fromEntries(Object.entries(costs).map(([operation, micros]) => [operation, rounded(micros)])),
    syncMicros: Math.round(await measureSyncMicros(options.folder)),
  };
  if (options.out !== undefined) await write(options.out, calibration);
  out.line(calibration.machine);
  out.table(Object.entries(calibration.costMicros).map(([operation, micros]) => ({ operation, 'us per unit': micros })));
  out.line(`a flush to the disk of ${options.folder} takes ${calibration.syncMicros} us`);
  if (options.out !== undefined) out.line(`written to ${options.out}: name it in a scenario under cpu.calibration`);
  out.result(calibration);
}

function rounded(micros: number): number {
  return Number(micros.toPrecision(DIGITS));
}

async function write(file: string, calibration: Calibration): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(calibration, undefined, 2)}\n`, { flag: 'wx' });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'EEXIST')
      throw new TreadleError('CLI_FILE_EXISTS', { detail: `${file} is there already and was not touched`, cause });
    throw new TreadleError('CLI_FILE_UNWRITABLE', { detail: `${file} cannot be written (${code})`, cause });
  }
}
