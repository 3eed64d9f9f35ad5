import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { lendBlsCurve } from '../../crypto/index.ts';
import { nativeBlsCurve } from '../../environment/host/index.ts';
import {
  type FaultReport,
  isClean,
  isFaultScenario,
  readFaultScenario,
  runFaultScenario,
} from '../../experiments/faults/index.ts';
import { loadScenario, runScenario, type ScenarioReport } from '../../experiments/index.ts';
import {
  isLearningScenario,
  type LearningReport,
  readLearningScenario,
  runLearningScenario,
} from '../../experiments/learning-scenario/index.ts';
import { isGood, isPedalScenario, type PedalReport, readPedalScenario, runPedalScenario } from '../../experiments/pedal/index.ts';
import { SEALERS_MAX } from '../../limits.ts';
import { ensureKernels } from '../kernel-files.ts';
import { readText } from '../load-setup.ts';
import { wholeNumber } from '../numbers.ts';
import { createOutput, type Output } from '../output.ts';
import { replayOf } from './fuzz.ts';

export interface SimOptions {
  readonly seed?: string;
  readonly nodes?: string;
  readonly sites?: string;
  readonly users?: string;
  readonly json?: boolean;
}

/** `treadle sim`: the nodes of real machines, in virtual time. */
export async function sim(file: string, options: SimOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const text = await readText(file);
  lendBlsCurve(nativeBlsCurve);
  if (isFaultScenario(text)) return simFaults(out, { file, text }, options);
  if (isPedalScenario(text)) return simPedal(out, { file, text }, options);
  if (isLearningScenario(text)) return simLearning(out, { file, text }, options);
  const scenario = loadScenario(text, {
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

/** A scenario of the oracle: exit code 1 when anything invalid was accepted, or too little was answered. */
async function simPedal(
  out: Output,
  { file, text }: { readonly file: string; readonly text: string },
  options: SimOptions,
): Promise<void> {
  const scenario = readPedalScenario(text, { file, readFile: (path) => readFileSync(resolve(dirname(file), path), 'utf8') });
  const seed =
    options.seed === undefined ? scenario.seed : wholeNumber('--seed', options.seed, { min: 0, max: Number.MAX_SAFE_INTEGER });
  out.line(`${scenario.name}: ${scenario.description}`);
  const report = await runPedalScenario(scenario, { seed, wallSeconds: () => performance.now() / 1000 });
  printPedal(out, report);
  out.result(report);
  if (!isGood(report)) process.exitCode = 1;
}

function printPedal(out: Output, report: PedalReport): void {
  const { rounds, requests, latencyMs, masters, callbacks, chain } = report;
  out.line(
    `${report.virtualSeconds.toFixed(1)} s of virtual time in ${report.wallSeconds.toFixed(1)} s, seed ${report.seed}, trace ${report.traceHash}`,
  );
  out.line(
    `requests  ${requests.answered} of ${requests.asked} answered, ${requests.failed} failed, ${requests.expired} expired, ${requests.pending} pending; ` +
      `p50 ${latencyMs.p50} ms, p95 ${latencyMs.p95} ms, p99 ${latencyMs.p99} ms, max ${latencyMs.max} ms`,
  );
  out.line(
    `rounds    ${rounds.started} started, ${rounds.completed} answers accepted; ${(100 * report.electionFallbackRate).toFixed(1)} % of the terms without a candidate`,
  );
  out.line(
    `masters   ${masters.replaced} replaced (${masters.wronged} wrongly), ${masters.slashed} stakes slashed, ${report.equivocationsProven} equivocations proven; ` +
      `callbacks ${callbacks.worked} worked, ${callbacks.failed} failed`,
  );
  out.line(
    `traffic   ${(report.ioBytes / 1e6).toFixed(2)} MB between nodes, ${(report.outsideBytes / 1e6).toFixed(2)} MB from sources`,
  );
  out.line(`ledger    height ${chain.height}, ${chain.transactions} transactions, ${chain.forks} forks`);
  for (const { kind, nodes, attempts, taken, signed, refusals } of report.attacks) {
    const met = Object.entries(refusals).map(([reason, times]) => `${reason} ${times}`);
    out.line(
      `attack    ${kind} by ${nodes.join(', ')}: ${attempts} attempts, ${taken} taken, ${signed} rightly signed; ${met.join(', ') || 'no refusal'}`,
    );
  }
  out.line(`invalid   ${report.invalidAccepted} accepted`);
  for (const { kind, detail } of report.invalid) out.line(`INVALID   ${kind}: ${detail}`);
  for (const failure of report.failures) out.line(`FAILED    ${failure}`);
}

/** A scenario of learning: exit code 1 when it did not come to what it asks for. */
async function simLearning(
  out: Output,
  { file, text }: { readonly file: string; readonly text: string },
  options: SimOptions,
): Promise<void> {
  const scenario = readLearningScenario(text, { file });
  const seed =
    options.seed === undefined ? scenario.seed : wholeNumber('--seed', options.seed, { min: 0, max: Number.MAX_SAFE_INTEGER });
  out.line(`${scenario.name}: ${scenario.description}`);
  const kernels = await ensureKernels((line) => process.stderr.write(`${line}\n`));
  const report = await runLearningScenario(scenario, { seed, kernels, wallSeconds: () => performance.now() / 1000 });
  printLearning(out, report);
  out.result(report);
  if (report.failures.length > 0) process.exitCode = 1;
}

function printLearning(out: Output, report: LearningReport): void {
  const { rounds, liars, models } = report;
  out.line(
    `${report.virtualSeconds.toFixed(1)} s of virtual time in ${report.wallSeconds.toFixed(1)} s, seed ${report.seed}, trace ${report.traceHash}`,
  );
  for (const { round, accuracy, accepted, rejected, absent, digest } of rounds) {
    const away = absent.length === 0 ? '' : `, absent ${absent.map(({ client }) => client).join(' ')}`;
    out.line(
      `round ${round}   accuracy ${accuracy.toFixed(4)}, accepted ${accepted.length}, rejected ${rejected.length}${away}, model ${digest.slice(0, 18)}...`,
    );
  }
  out.line(
    `models    ${models.applied} applied, ${models.differing} other than the anchored ones (anchored in memory: no ledger takes part)`,
  );
  out.line(`liars     ${liars.names.join(', ') || 'none'}: ${liars.taken} of their ${liars.updates} updates taken`);
  out.line(`restarts  ${report.coordinatorRestarts} of the coordinator; ${(report.ioBytes / 1e6).toFixed(2)} MB between nodes`);
  for (const failure of report.failures) out.line(`FAILED    ${failure}`);
}

/** A fault scenario: exit code 1 and the command that does it again when anything was unsafe or progress did not come back. */
async function simFaults(
  out: Output,
  { file, text }: { readonly file: string; readonly text: string },
  options: SimOptions,
): Promise<void> {
  const scenario = readFaultScenario(text, { file });
  const seed = wholeNumber('--seed', options.seed ?? '1', { min: 0, max: Number.MAX_SAFE_INTEGER });
  const nodes = options.nodes === undefined ? undefined : wholeNumber('--nodes', options.nodes, { min: 4, max: SEALERS_MAX });
  out.line(`${scenario.name}: ${scenario.description}`);
  const started = performance.now();
  const report = await runFaultScenario(scenario, {
    seed,
    replay: replayOf(resolve(file), seed, nodes),
    ...(nodes !== undefined && { nodes }),
  });
  printFaults(out, report, (performance.now() - started) / 1000);
  out.result(report);
  if (!isClean(report)) process.exitCode = 1;
}

function printFaults(out: Output, report: FaultReport, wallSeconds: number): void {
  const { commitLatencyMs, transactions, liars, faults, sometimes } = report;
  out.line(
    `${report.virtualSeconds.toFixed(1)} s of virtual time in ${wallSeconds.toFixed(1)} s, ${report.nodes} sealers, seed ${report.seed}`,
  );
  out.line(`trace     ${report.traceHash}`);
  out.line(
    `faults    ${
      Object.entries(faults)
        .map(([kind, times]) => `${kind} ${times}`)
        .join(', ') || 'none'
    }`,
  );
  for (const [name, kinds] of Object.entries(liars)) out.line(`liar      ${name}: ${kinds.join(', ')}`);
  out.line(`chain     ${report.commits} blocks, highest round ${report.roundMax}, longest gap ${report.longestGapMs} ms`);
  out.line(
    `clients   ${transactions.committed} of ${transactions.submitted} transactions committed, ${transactions.acknowledged} acknowledged, ${transactions.refused} refused, ` +
      `p50 ${commitLatencyMs.p50} ms, p95 ${commitLatencyMs.p95} ms, p99 ${commitLatencyMs.p99} ms`,
  );
  out.line(
    `recovery  ${report.liveAfterHeal ? `first block after ${report.recoveryMs} ms, everything after ${report.drainedMs} ms` : `NOT LIVE: ${report.stuck}`}`,
  );
  out.line(
    `reached   ${Object.entries(sometimes)
      .filter(([, times]) => times > 0)
      .map(([name]) => name)
      .join('; ')}`,
  );
  for (const { kind, detail } of report.violationList) out.line(`VIOLATION ${kind}: ${detail}`);
  if (!isClean(report)) out.line(`again     ${report.replay}`);
}
