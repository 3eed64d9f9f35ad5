import { access, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type ConsortiumFile, readConsortiumFile } from '../../consortium/index.ts';
import { TreadleError } from '../../errors.ts';
import type { ChildReport } from '../child-report.ts';
import { ensureConsole } from '../console-files.ts';
import { wholeNumber } from '../numbers.ts';
import { createOutput, type Output } from '../output.ts';
import { showProgress } from '../progress.ts';
import { durationMs } from '../quantities.ts';
import { stopRequested } from '../stop-requested.ts';
import { createSupervisor, type ProcessPlan, type Supervisor } from '../supervisor.ts';
import { demoCompanies, layOut, refuseUsedFolder, writePlan } from './init.ts';

export interface UpOptions {
  readonly folder: string;
  readonly companies: string;
  readonly edges?: string;
  readonly devices?: string;
  readonly oracles: string;
  readonly ledgers?: string;
  readonly sites?: string;
  readonly users?: string;
  readonly rpcPort: string;
  readonly consolePort: string;
  readonly peerPort: string;
  readonly interval?: string;
  readonly progress: boolean;
  readonly json?: boolean;
}

const STOP_GRACE_MS = 15_000;
/** What only a new consortium takes. */
const LAYOUT_OPTIONS = ['edges', 'devices', 'sites', 'users', 'ledgers'] as const;

/** `treadle up`: a whole consortium on this machine, as real processes. Resumes from its folder. */
export async function up(options: UpOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const folder = resolve(options.folder);
  const wantedMs = options.interval === undefined ? undefined : durationMs('--interval', options.interval);
  const resumed = await prepare(folder, options, out);
  await ensureConsole((text) => process.stderr.write(`${text}\n`));
  const consortium = await readConsortium(folder);
  out.line(`${resumed ? 'Resuming' : 'Starting'} ${consortium.name} from ${folder}`);

  const supervisor = createSupervisor(join(folder, 'logs'));
  const stop = { asked: false };
  const stopping = stopRequested().then(() => {
    stop.asked = true;
  });
  try {
    await Promise.race([startAll(supervisor, plansOf(consortium, folder, wantedMs), out), stopping]);
    const proxy = supervisor.processes.get('proxy')?.report;
    if (proxy !== undefined) {
      out.line(`Console   ${proxy.consoleUrl ?? '-'}`);
      out.line(`JSON-RPC  ${proxy.rpcUrl ?? '-'}   (chain id ${consortium.chainId}, gas price 0)`);
      out.line('Ctrl-C stops everything; the same command goes on from here.');
      out.result({ folder, resumed, chainId: consortium.chainId, ...summary(supervisor) });
    }
    const show = showProgress(supervisor, out, options.progress);
    supervisor.onExit((ended) => {
      if (stop.asked) return;
      const how = ended.exited?.signal ?? `exit code ${ended.exited?.code}`;
      show.clear();
      out.line(`${ended.plan.name} ended (${how}); its log is ${ended.logFile}`);
    });
    await stopping;
    show.stop();
  } finally {
    out.line('Stopping ...');
    await supervisor.stop(STOP_GRACE_MS);
    out.line('Stopped.');
  }
}

/** Lays out a new consortium, unless the folder holds one; returns whether it did. */
async function prepare(folder: string, options: UpOptions, out: Output): Promise<boolean> {
  const exists = await access(join(folder, 'consortium.json')).then(
    () => true,
    () => false,
  );
  if (exists) {
    const ignored = LAYOUT_OPTIONS.filter((name) => options[name] !== undefined).map((name) => `--${name}`);
    if (ignored.length > 0)
      out.line(`${folder} holds a consortium already: ${ignored.join(', ')} of it stays as it was laid out`);
    return true;
  }
  await refuseUsedFolder(folder);
  const companies = demoCompanies(wholeNumber('--companies', options.companies, { min: 0, max: 99 }));
  const plan = await layOut({ ...options, name: 'Demo consortium', chainId: '7331', company: companies, host: '127.0.0.1' });
  await writePlan(folder, plan);
  return false;
}

async function readConsortium(folder: string): Promise<ConsortiumFile> {
  const file = join(folder, 'consortium.json');
  try {
    return readConsortiumFile({ file, text: await readFile(file, 'utf8') });
  } catch (error) {
    if (error instanceof TreadleError) throw error;
    throw new TreadleError('CLI_FOLDER_MISSING', { detail: `${file} cannot be read`, cause: error });
  }
}

/** A dozen processes is what a laptop bears; more edge nodes than this share processes. */
const EDGE_PROCESSES_MAX = 8;
/** Time from one task to the next of each of a dozen devices; more devices ask less often, so that together they ask as often. */
const INTERVAL_MS = 5_000;
const FULL_PACE_DEVICES = 12;

/** One process each, the devices together in one: first those whom the others ask. */
function plansOf(consortium: ConsortiumFile, folder: string, wantedMs: number | undefined): readonly (readonly ProcessPlan[])[] {
  const members = (...roles: readonly string[]): readonly string[] =>
    consortium.members.filter((member) => roles.includes(member.role)).map((member) => member.folder);
  const plan = (stage: number, names: readonly string[], extra: readonly string[] = []): ProcessPlan => ({
    stage,
    name: names.length === 1 ? (names[0] as string) : `${names[0]}-to-${names.at(-1)}`,
    args: ['node', ...extra, '--folder', ...names.map((name) => join(folder, name))],
  });
  const edges = members('edge');
  const perProcess = Math.ceil(edges.length / EDGE_PROCESSES_MAX);
  const groups = Array.from({ length: Math.min(EDGE_PROCESSES_MAX, edges.length) }, (_, at) =>
    edges.slice(at * perProcess, (at + 1) * perProcess),
  );
  const devices = members('device').length;
  const intervalMs = wantedMs ?? Math.round((INTERVAL_MS * Math.max(devices, FULL_PACE_DEVICES)) / FULL_PACE_DEVICES);
  const fleet = devices > 0 ? [plan(2, ['fleet'], ['--interval', String(intervalMs)])] : [];
  const sealers = members('centre', 'proxy', 'company').map((name) => plan(0, [name]));
  return [sealers, groups.filter((group) => group.length > 0).map((group) => plan(1, group)), fleet];
}

/**
 * Starts the centre, then the others in their order. Ports that are taken move, and files that name them are wrong then: everybody is
 * told where the centre really is, and finds the others through it.
 */
async function startAll(supervisor: Supervisor, stages: readonly (readonly ProcessPlan[])[], out: Output): Promise<void> {
  const start = async (plan: ProcessPlan): Promise<ChildReport | undefined> => {
    const { report } = await supervisor.start(plan);
    const urls = [report?.rpcUrl, report?.consoleUrl].filter((url) => url !== undefined).join('  ');
    out.line(`  ${plan.name.padEnd(20)} ${urls}`);
    return report;
  };
  const centre = stages.flat().find(({ name }) => name === 'centre');
  const found = centre && (await start(centre));
  const contact = found?.addresses[0] === undefined ? [] : ['--contact', `${found.node}@${found.addresses[0]}`];
  for (const stage of stages) {
    const others = stage.filter((plan) => plan !== centre);
    await Promise.all(others.map((plan) => start({ ...plan, args: [...plan.args, ...contact] })));
  }
}

function summary(supervisor: Supervisor): Record<string, unknown> {
  const reports = [...supervisor.processes.values()].map(({ report, process: child }) => ({ ...report, pid: child.pid }));
  const proxy = supervisor.processes.get('proxy')?.report;
  return { rpcUrl: proxy?.rpcUrl, consoleUrl: proxy?.consoleUrl, nodes: reports };
}
