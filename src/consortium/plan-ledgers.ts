import { drawKey, type NodeKey } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import { LEDGERS_MAX } from '../limits.ts';
import { genesisHash } from './genesis.ts';
import { type ConsortiumPlan, type PlannedFile, planConsortium } from './init.ts';
import { LEDGER_NAME, type LedgerKind, type LedgersFile, ledgersToJson } from './ledgers-file.ts';
import { type LaidLedger, lanesOf } from './plan-lanes.ts';
import { FIRST_PORTS, type PlanOptions } from './seat.ts';

export interface LedgersPlan {
  readonly files: readonly PlannedFile[];
  readonly file: LedgersFile;
  readonly ledgers: readonly { readonly name: string; readonly kind: LedgerKind; readonly plan: ConsortiumPlan }[];
}

export type LedgersPlanOptions = Omit<PlanOptions, 'keys' | 'crossLedger'> & {
  /** Names of the ledgers, the federal one first. */
  readonly ledgers: readonly string[];
};

const PUBLIC_FILE_MODE = 0o644;

/**
 * Lays out several ledgers of one consortium, each in a folder that is complete by itself: its genesis with a chain id of its own (the
 * given one, then the next ones), its sealers, its nodes. The same companies sit on all of them with the same keys, as do proxy, centre
 * and oracle nodes, and their nodes share a process each. Edge nodes and devices are spread evenly over the local ledgers.
 *
 * @throws {@link TreadleError} CONSORTIUM_TOO_FEW_COMPANIES | CONSORTIUM_PLAN_INVALID
 */
export function planLedgers(options: LedgersPlanOptions): LedgersPlan {
  const { ledgers: names, ...common } = options;
  checkNames(names);
  const keys = sharedKeys(common);
  const chains = names.map((_, at) => ({ chainId: common.chainId + at, federal: at === 0 }));
  const about = { keysOf: () => keys, oracles: common.oracles ?? 0, nowMs: common.nowMs };
  let nodes = 0;
  const ledgers = names.map((name, at) => {
    const kind: LedgerKind = at === 0 ? 'federal' : 'local';
    const plan = planConsortium({
      ...common,
      ...shareOf(common, { at, of: names.length - 1 }),
      name: `${common.name}: ${name}`,
      chainId: common.chainId + at,
      ports: portsFrom(common.ports, nodes),
      keys,
      crossLedger: lanesOf(chains[at] as LaidLedger, chains, about),
    });
    nodes += plan.members.length;
    return { name, kind, plan };
  });
  const file: LedgersFile = {
    name: common.name,
    ledgers: ledgers.map(({ name, kind, plan: { genesis } }) => ({
      name,
      kind,
      folder: name,
      chainId: genesis.chainId,
      genesisHash: genesisHash(genesis),
    })),
    processes: [...keys.keys()].map((seat) => ({ name: seat, nodes: names.map((name) => `${name}/${seat}`) })),
  };
  const files = ledgers.flatMap(({ name, plan }) => plan.files.map((each) => ({ ...each, path: `${name}/${each.path}` })));
  return { files: [{ path: 'ledgers.json', text: ledgersToJson(file), mode: PUBLIC_FILE_MODE }, ...files], file, ledgers };
}

function checkNames(names: readonly string[]): void {
  if (names.length < 2 || names.length > LEDGERS_MAX) {
    throw refuse(`${names.length} ledgers: name the federal one and 1 to ${LEDGERS_MAX - 1} local ones`);
  }
  for (const name of names) {
    if (!LEDGER_NAME.test(name)) {
      throw refuse(`"${name}" cannot be the name of a ledger: small letters, digits and hyphens, a letter first`);
    }
  }
  if (new Set(names).size !== names.length) throw refuse('two ledgers have the same name');
}

/** Keys of those who sit on every ledger, by folder: what they sign names the chain, so nothing signed on one counts on another. */
function sharedKeys({ companies, oracles = 0, random }: Omit<PlanOptions, 'keys'>): ReadonlyMap<string, NodeKey> {
  const seats = [
    'centre',
    'proxy',
    ...companies.map((_, at) => `company-${at + 1}`),
    ...Array.from({ length: oracles }, (_, at) => `oracle-${at + 1}`),
  ];
  return new Map(seats.map((seat) => [seat, drawKey((length) => random.bytes(length))]));
}

/** Edge nodes and devices of one ledger: none of the federal one's, an even share of each local one's. */
function shareOf(
  { edgeNodes, devices, spareDevices = 0, positions }: Omit<PlanOptions, 'keys'>,
  { at, of }: { readonly at: number; readonly of: number },
): Pick<PlanOptions, 'edgeNodes' | 'devices' | 'spareDevices' | 'positions'> {
  if (at === 0) return { edgeNodes: 0, devices: 0, spareDevices: 0, positions: {} };
  const part = (count: number): { readonly from: number; readonly to: number } => ({
    from: Math.floor(((at - 1) * count) / of),
    to: Math.floor((at * count) / of),
  });
  const [edges, running] = [part(edgeNodes), part(devices - spareDevices)];
  return {
    edgeNodes: edges.to - edges.from,
    devices: running.to - running.from + spareDevices,
    spareDevices,
    positions: {
      ...(positions?.edgeNodes && { edgeNodes: positions.edgeNodes.slice(edges.from, edges.to) }),
      ...(positions?.devices && { devices: positions.devices.slice(running.from, running.to) }),
    },
  };
}

function portsFrom(first: PlanOptions['ports'], offset: number): NonNullable<PlanOptions['ports']> {
  const { peers, rpc, console } = { ...FIRST_PORTS, ...first };
  return { peers: peers + offset, rpc: rpc + offset, console: console + offset };
}

function refuse(detail: string): TreadleError {
  return new TreadleError('CONSORTIUM_PLAN_INVALID', { detail });
}
