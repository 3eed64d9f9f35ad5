import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  type ConsortiumPlan,
  type LedgersPlan,
  type PlanOptions,
  type Position,
  planConsortium,
  planLedgers,
  sewingKindOf,
} from '../../consortium/index.ts';
import { TreadleError } from '../../errors.ts';
import { wholeNumber } from '../numbers.ts';
import { createOutput, type Output } from '../output.ts';
import { loadPlaces } from '../places.ts';

export interface InitOptions {
  readonly folder: string;
  readonly name: string;
  readonly chainId: string;
  readonly company?: readonly string[];
  readonly edges?: string;
  readonly devices?: string;
  readonly oracles: string;
  /** Names separated by commas, the federal ledger first. */
  readonly ledgers?: string;
  readonly sites?: string;
  readonly users?: string;
  readonly host: string;
  readonly rpcPort: string;
  readonly consolePort: string;
  readonly peerPort: string;
  readonly json?: boolean;
}

const DEMO_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** `treadle init`: lays out a consortium in a folder. */
export async function init(options: InitOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const folder = resolve(options.folder);
  await refuseUsedFolder(folder);
  if (options.ledgers !== undefined) return initLedgers(folder, options, out);
  const plan = await layOut(options);
  await writePlan(folder, plan);
  out.line(`A consortium of ${plan.genesis.sealers.length} sealers is laid out in ${folder}`);
  out.table(
    plan.members
      .filter((member) => member.role !== 'device')
      .map(({ role, name, node, folder: path }) => ({ role, name, node, folder: path })),
  );
  const devices = plan.members.filter((member) => member.role === 'device').length;
  out.line(`and ${devices} devices. key.json files are secret: give each member its own folder, and genesis.json.`);
  out.line(
    `Next: treadle up --folder ${options.folder}   (all on this machine), or on each machine: treadle node --folder FOLDER`,
  );
  out.result({ folder, chainId: plan.genesis.chainId, members: plan.members });
}

async function initLedgers(folder: string, options: InitOptions, out: Output): Promise<void> {
  const plan = await layOutLedgers(options);
  await writePlan(folder, plan);
  out.line(`${plan.ledgers.length} ledgers are laid out in ${folder}, each in a folder of its own`);
  for (const { name, kind, plan: laid } of plan.ledgers) {
    const devices = laid.members.filter(({ role }) => role === 'device').length;
    out.line(`${name} (${kind}), chain ${laid.genesis.chainId}${devices > 0 ? `, and ${devices} devices` : ''}:`);
    out.table(
      laid.members
        .filter(({ role }) => role !== 'device')
        .map(({ role, name: seat, node, folder: path }) => ({
          kind: sewingKindOf(kind, role) ?? '',
          role,
          name: seat,
          node,
          folder: `${name}/${path}`,
        })),
    );
  }
  out.line('key.json files are secret: give each member its own folders, and the genesis.json beside each of them.');
  out.line(
    `Next: treadle up --folder ${options.folder}   (all on this machine), or on each machine: treadle node --folder FOLDER ...`,
  );
  const ledgers = plan.file.ledgers.map((ledger, at) => ({ ...ledger, members: plan.ledgers[at]?.plan.members ?? [] }));
  out.result({ folder, ledgers, processes: plan.file.processes });
}

/** Draws the keys and plans the files of a consortium, as the options of `init` and `up` say. */
export async function layOut(options: LayoutOptions): Promise<ConsortiumPlan> {
  return planConsortium(await planOptionsOf(options));
}

/** As {@link layOut}, for several ledgers. */
export async function layOutLedgers(options: LayoutOptions): Promise<LedgersPlan> {
  const ledgers = (options.ledgers ?? '').split(',').map((name) => name.trim());
  return planLedgers({ ...(await planOptionsOf(options)), ledgers });
}

export type LayoutOptions = Omit<InitOptions, 'folder' | 'json'>;

async function planOptionsOf(options: LayoutOptions): Promise<PlanOptions> {
  const sites = await loadPlaces(options.sites);
  const users = await loadPlaces(options.users);
  const edgeNodes = countOf('--edges', options.edges, sites?.length ?? 6);
  const devices = countOf('--devices', options.devices, users?.length ?? 12);
  const positions: { edgeNodes?: readonly Position[]; devices?: readonly Position[] } = {
    ...(sites !== undefined && { edgeNodes: spread(sites, edgeNodes) }),
    ...(users !== undefined && { devices: spread(users, devices) }),
  };
  const port = { min: 0, max: 65_000 };
  return {
    chainId: wholeNumber('--chain-id', options.chainId, { min: 1, max: 2 ** 31 }),
    name: options.name,
    companies: options.company ?? demoCompanies(3),
    edgeNodes,
    devices: devices + SPARE_DEVICES,
    oracles: countOf('--oracles', options.oracles, 0),
    spareDevices: SPARE_DEVICES,
    positions,
    host: options.host,
    ports: {
      peers: wholeNumber('--peer-port', options.peerPort, port),
      rpc: wholeNumber('--rpc-port', options.rpcPort, port),
      console: wholeNumber('--console-port', options.consolePort, port),
    },
    random: { bytes: (length) => randomBytes(length), float: () => randomBytes(4).readUInt32BE() / 2 ** 32 },
    nowMs: Date.now(),
  };
}

/** One device more than the fleet runs: for `treadle task` by hand. */
const SPARE_DEVICES = 1;

function countOf(option: string, text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : wholeNumber(option, text, { min: 0, max: 10_000 });
}

/** Evenly spaced rows, so that a part of a city's file is still the whole city. */
function spread(places: readonly Position[], count: number): readonly Position[] {
  const rows = Math.min(count, places.length);
  return Array.from({ length: rows }, (_, at) => {
    const { latitude, longitude } = places[Math.floor((at * places.length) / rows)] as Position;
    return { latitude, longitude };
  });
}

/** Names that nobody takes for real companies. */
export function demoCompanies(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `Company ${DEMO_LETTERS[at] ?? at + 1} (demo)`);
}

/** Writes the planned files; key files are readable by their owner alone. @throws TreadleError CLI_FILE_UNWRITABLE */
export async function writePlan(folder: string, plan: Pick<ConsortiumPlan, 'files'>): Promise<void> {
  for (const file of plan.files) {
    const path = join(folder, file.path);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, file.text, { mode: file.mode, flag: 'wx' });
      await chmod(path, file.mode);
    } catch (cause) {
      const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
      throw new TreadleError('CLI_FILE_UNWRITABLE', { detail: `${path} cannot be written (${why})`, data: { path }, cause });
    }
  }
}

/** @throws TreadleError CLI_FOLDER_NOT_EMPTY unless the folder is empty or absent */
export async function refuseUsedFolder(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new TreadleError('CLI_FILE_UNREADABLE', {
      detail: `${folder} cannot be read (${error.code ?? error.message})`,
      cause: error,
    });
  });
  if (entries.length > 0) throw new TreadleError('CLI_FOLDER_NOT_EMPTY', { detail: `${folder} is not empty` });
}
