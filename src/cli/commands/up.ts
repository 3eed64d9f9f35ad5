import { access, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type ConsortiumFile, readConsortiumFile, readLedgersFile } from '../../consortium/index.ts';
import { TreadleError } from '../../errors.ts';
import type { ChildReport } from '../child-report.ts';
import { ensureConsole } from '../console-files.ts';
import { readText } from '../load-setup.ts';
import { wholeNumber } from '../numbers.ts';
import { createOutput, type Output } from '../output.ts';
import { plansOf, plansOfLedgers, type Stages } from '../process-plans.ts';
import { showProgress } from '../progress.ts';
import { durationMs } from '../quantities.ts';
import { stopRequested } from '../stop-requested.ts';
import { createSupervisor, type ProcessPlan, type Supervisor } from '../supervisor.ts';
import { demoCompanies, layOut, layOutLedgers, refuseUsedFolder, writePlan } from './init.ts';

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
const LEDGERS_FILE = 'ledgers.json';
const FLEET_FILE = 'fleet/fleet.json';
/** What only a new consortium takes. */
const LAYOUT_OPTIONS = ['edges', 'devices', 'sites', 'users', 'ledgers'] as const;

/** `treadle up`: a whole consortium on this machine, as real processes. Resumes from its folder. */
export async function up(options: UpOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const folder = resolve(options.folder);
  const wantedMs = options.interval === undefined ? undefined : durationMs('--interval', options.interval);
  const resumed = await prepare(folder, options, out);
  await ensureConsole((text) => process.stderr.write(`${text}\n`));
  const { name, stages, chains } = await readLayout(folder, wantedMs);
  out.line(`${resumed ? 'Resuming' : 'Starting'} ${name} from ${folder}`);

  const supervisor = createSupervisor(join(folder, 'logs'));
  const stop = { asked: false };
  const stopping = stopRequested().then(() => {
    stop.asked = true;
  });
  try {
    await Promise.race([startAll(supervisor, stages, out), stopping]);
    const proxy = supervisor.processes.get('proxy')?.report;
    if (proxy !== undefined) {
      for (const { ledger, chainId } of chains) {
        const seat = seatOn(proxy, chainId);
        const on = ledger === undefined ? '' : `  ${ledger}`;
        out.line(`Console   ${seat.consoleUrl ?? '-'}${on}`);
        out.line(`JSON-RPC  ${seat.rpcUrl ?? '-'}   (chain id ${chainId}, gas price 0)${on}`);
      }
      out.line('Ctrl-C stops everything; the same command goes on from here.');
      out.result({ folder, resumed, chainId: chains[0]?.chainId, ...summary(supervisor), ...ledgersOf(chains, proxy) });
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
  if ((await holds(folder, 'consortium.json')) || (await holds(folder, LEDGERS_FILE))) {
    const ignored = LAYOUT_OPTIONS.filter((name) => options[name] !== undefined).map((name) => `--${name}`);
    if (options.oracles !== '0') ignored.push('--oracles');
    if (ignored.length > 0)
      out.line(`${folder} holds a consortium already: ${ignored.join(', ')} of it stays as it was laid out`);
    return true;
  }
  await refuseUsedFolder(folder);
  const companies = demoCompanies(wholeNumber('--companies', options.companies, { min: 0, max: 99 }));
  const layout = { ...options, name: 'Demo consortium', chainId: '7331', company: companies, host: '127.0.0.1' };
  await writePlan(folder, options.ledgers === undefined ? await layOut(layout) : await layOutLedgers(layout));
  return false;
}

function holds(folder: string, file: string): Promise<boolean> {
  return access(join(folder, file)).then(
    () => true,
    () => false,
  );
}

interface RunningLayout {
  readonly name: string;
  readonly stages: Stages;
  /** `ledger` is absent where there is one only. */
  readonly chains: readonly { readonly ledger?: string; readonly chainId: number }[];
}

/** What a folder holds: one ledger, or several. */
async function readLayout(folder: string, wantedMs: number | undefined): Promise<RunningLayout> {
  if (!(await holds(folder, LEDGERS_FILE))) {
    const consortium = await readConsortium(folder);
    const { name, chainId } = consortium;
    const hasFleet = await holds(folder, FLEET_FILE);
    return { name, stages: plansOf(consortium, { folder, wantedMs, hasFleet }), chains: [{ chainId }] };
  }
  const path = join(folder, LEDGERS_FILE);
  const file = readLedgersFile({ file: path, text: await readText(path) });
  const ledgers = await Promise.all(
    file.ledgers.map(async (ledger) => {
      const at = join(folder, ledger.folder);
      const options = { folder: at, wantedMs, hasFleet: await holds(at, FLEET_FILE) };
      return { name: ledger.name, consortium: await readConsortium(at), options };
    }),
  );
  return {
    name: file.name,
    stages: plansOfLedgers(file, ledgers, folder),
    chains: file.ledgers.map(({ name, chainId }) => ({ ledger: name, chainId })),
  };
}

/** The seat of a process on one chain: a process with a single node is that node. */
function seatOn(report: ChildReport, chainId: number): Pick<ChildReport, 'rpcUrl' | 'consoleUrl'> {
  return report.seats === undefined ? report : (report.seats.find((seat) => seat.chainId === chainId) ?? {});
}

function ledgersOf(chains: RunningLayout['chains'], proxy: ChildReport): Record<string, unknown> {
  if (chains.every(({ ledger }) => ledger === undefined)) return {};
  const ledgers = chains.map(({ ledger, chainId }) => {
    const { rpcUrl, consoleUrl } = seatOn(proxy, chainId);
    return { name: ledger, chainId, rpcUrl, consoleUrl };
  });
  return { ledgers };
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

/**
 * Starts the centre, then the others in their order. Ports that are taken move, and files that name them are wrong then: everybody is
 * told where the centre really is, and finds the others through it.
 */
async function startAll(supervisor: Supervisor, stages: Stages, out: Output): Promise<void> {
  const start = async (plan: ProcessPlan): Promise<ChildReport | undefined> => {
    const { report } = await supervisor.start(plan);
    const urls = [report?.rpcUrl, report?.consoleUrl].filter((url) => url !== undefined).join('  ');
    out.line(`  ${plan.name.padEnd(20)} ${urls}`);
    return report;
  };
  const centre = stages.flat().find(({ name }) => name === 'centre');
  const found = centre && (await start(centre));
  const contact = found === undefined ? [] : contactsOf(found).flatMap((text) => ['--contact', text]);
  for (const stage of stages) {
    const others = stage.filter((plan) => plan !== centre);
    await Promise.all(others.map((plan) => start({ ...plan, args: [...plan.args, ...contact] })));
  }
}

/** Where a process can be asked: each of its nodes on its own chain. */
function contactsOf({ node, addresses, seats }: ChildReport): readonly string[] {
  if (seats === undefined) return addresses.slice(0, 1).map((address) => `${node}@${address}`);
  return seats.flatMap((seat) => seat.addresses.slice(0, 1).map((address) => `${seat.node}@${address}#${seat.chainId}`));
}

function summary(supervisor: Supervisor): Record<string, unknown> {
  const reports = [...supervisor.processes.values()].map(({ report, process: child }) => ({ ...report, pid: child.pid }));
  const proxy = supervisor.processes.get('proxy')?.report;
  return { rpcUrl: proxy?.rpcUrl, consoleUrl: proxy?.consoleUrl, nodes: reports };
}
