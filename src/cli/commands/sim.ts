import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { loadScenario, runScenario, type ScenarioReport } from '../../experiments/index.ts';
import { readText } from '../load-setup.ts';
import { wholeNumber } from '../numbers.ts';
import { createOutput, type Output } from '../output.ts';

export interface SimOptions {
  readonly seed?: string;
  readonly sites?: string;
  readonly users?: string;
  readonly json?: boolean;
}

/** `treadle sim`: the nodes of real machines, in virtual time. */
export async function sim(file: string, options: SimOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const scenario = loadScenario(await readText(file), {
    file,
    readFile: (path) => readFileSync(resolve(dirname(file), path), 'utf8'),
    ...(options.sites !== undefined && { sites: resolve(options.sites) }),
    ...(options.users !== undefined && { users: resolve(options.users) }),
  });
  const seed =
    options.seed === undefined ? scenario.seed : wholeNumber('--seed', options.seed, { min: 0, max: Number.MAX_SAFE_INTEGER });
  out.line(`${scenario.name}: ${scenario.description}`);
  const report = await runScenario(scenario, { seed, wallSeconds: () => performance.now() / 1000 });
  print(out, report);
  out.result(report);
}

function print(out: Output, report: ScenarioReport): void {
  const { ledger, tasks, payments } = report;
  const speed = report.virtualSeconds / report.wallSeconds;
  out.line(
    `${report.virtualSeconds.toFixed(1)} s of virtual time in ${report.wallSeconds.toFixed(1)} s (${speed.toFixed(1)} x real time), seed ${report.seed}`,
  );
  out.line(`trace     ${report.traceHash}`);
  out.line(
    `ledger    height ${ledger.height}, ${ledger.transactions} transactions, ${ledger.forks} forks, ${ledger.viewChanges} view changes, ` +
      `commit p50 ${ledger.commitLatencyMs.p50} ms, p95 ${ledger.commitLatencyMs.p95} ms`,
  );
  out.line(
    `tasks     ${tasks.completed} of ${tasks.requested} completed, ${tasks.failed} failed, p50 ${tasks.latencyMs.p50} ms, p95 ${tasks.latencyMs.p95} ms`,
  );
  for (const [code, count] of Object.entries(tasks.failures)) out.line(`          ${code}: ${count}`);
  out.line(
    `payments  ${payments.vouchers} vouchers, ${payments.settledWei} wei settled, ${payments.conserved ? 'conserved' : 'NOT CONSERVED'}`,
  );
}
