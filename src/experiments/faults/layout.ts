import { BoundedMap } from '../../bounded-map.ts';
import { type ConsortiumPlan, certificateFromJson, planConsortium, readKeyFile, readNodeFile } from '../../consortium/index.ts';
import { type Address, keccak256, keyFrom, type NodeKey, toHex } from '../../crypto/index.ts';
import type { Genesis } from '../../ledger/index.ts';
import { FAULT_ACCOUNTS, FAULT_LAYOUTS_MAX, FAULT_SPARES } from '../../limits.ts';
import type { NodeSetup } from '../../node/index.ts';
import { createSeededRandom } from '../seeded-random.ts';

/** The date on which every run begins: 2026-01-01T00:00:00Z. */
export const START_MICROS = 1_767_225_600_000_000;
const CHAIN_ID = 7331;
const FIRST_BALANCE_WEI = 10n ** 24n;

export interface ChainPace {
  readonly blockIntervalMicros: number;
  readonly heartbeatMicros: number;
  readonly baseTimeoutMicros: number;
}

/** Who sits in a fault run: sealers, one observer with a ledger of its own, and companies that have not joined yet. */
export interface Layout {
  readonly genesis: Genesis;
  readonly sealers: readonly NamedSetup[];
  readonly observer: NamedSetup;
  /** Companies with a key and a node file, unknown to the genesis. */
  readonly spares: readonly NamedSetup[];
}

export interface NamedSetup {
  readonly name: string;
  readonly setup: NodeSetup;
}

/**
 * Lays out a consortium of `nodes` sealers. Keys do not depend on the seed of a run: who holds which key is of no
 * interest to a fault, and drawing a hundred of them is the dearest part of a short run. The plan of a size is made once per process.
 */
export function layOut(nodes: number, pace: ChainPace): Layout {
  const known = plans.get(nodes) ?? planOf(nodes);
  plans.set(nodes, known);
  const { plan, spareKeys } = known;
  const genesis: Genesis = {
    ...plan.genesis,
    alloc: known.alloc,
    timing: {
      blockIntervalMs: pace.blockIntervalMicros / 1000,
      heartbeatMs: pace.heartbeatMicros / 1000,
      baseTimeoutMs: pace.baseTimeoutMicros / 1000,
    },
  };
  const members = plan.members.map(({ folder }) => ({ name: folder, setup: setupOf(plan, folder, genesis) }));
  const sealers = members.filter(({ setup }) => setup.file.role === 'proxy' || setup.file.role === 'company');
  const observer = members.find(({ setup }) => setup.file.role === 'centre') as NamedSetup;
  const template = sealers.at(-1) as NamedSetup;
  return { genesis, sealers, observer, spares: spareKeys.map((key, at) => spareOf(template, key, at)) };
}

/** The key of a client's account; the same in every run. */
export function accountKey(index: number): NodeKey {
  let key = accountKeys[index];
  if (key === undefined) {
    key = keyFrom(keccak256(new TextEncoder().encode(`treadle fault account ${index}`)));
    accountKeys[index] = key;
  }
  return key;
}

/** What every account of {@link accountKey} starts with. */
export const ACCOUNT_BALANCE_WEI = FIRST_BALANCE_WEI;

interface Planned {
  readonly plan: ConsortiumPlan;
  readonly alloc: Readonly<Record<Address, string>>;
  readonly spareKeys: readonly NodeKey[];
}

const plans = new BoundedMap<number, Planned>(FAULT_LAYOUTS_MAX);
const accountKeys: NodeKey[] = [];

function planOf(nodes: number): Planned {
  const plan = planConsortium({
    chainId: CHAIN_ID,
    name: `faults ${nodes}`,
    companies: Array.from({ length: nodes - 1 }, (_, at) => `Company ${at + 1}`),
    edgeNodes: 0,
    devices: 0,
    random: createSeededRandom(`treadle fault layout ${nodes}`),
    nowMs: START_MICROS / 1000,
  });
  const alloc: Record<Address, string> = { ...plan.genesis.alloc };
  for (let at = 0; at < FAULT_ACCOUNTS; at++) alloc[accountKey(at).address] = FIRST_BALANCE_WEI.toString();
  const spareKeys = Array.from({ length: FAULT_SPARES }, (_, at) =>
    keyFrom(keccak256(new TextEncoder().encode(`treadle fault spare ${nodes} ${at}`))),
  );
  return {
    plan,
    alloc: Object.fromEntries(Object.entries(alloc).sort(([left], [right]) => (left < right ? -1 : 1))),
    spareKeys,
  };
}

function setupOf(plan: ConsortiumPlan, folder: string, genesis: Genesis): NodeSetup {
  const read = (name: string): { readonly file: string; readonly text: string } => {
    const path = `${folder}/${name}`;
    return { file: path, text: plan.files.find((file) => file.path === path)?.text ?? '' };
  };
  const file = readNodeFile(read('node.json'));
  const certificate = read('certificate.json');
  return {
    file: { ...file, contacts: file.contacts.map(({ node }) => ({ node, addresses: [`sim:${node}`] })) },
    key: readKeyFile(read('key.json')),
    genesis,
    ...(certificate.text !== '' && { certificate: certificateFromJson(certificate.text, certificate.file) }),
  };
}

/** A company that knows the others' addresses, as its operator would write them, and has a key of its own. */
function spareOf(template: NamedSetup, key: NodeKey, at: number): NamedSetup {
  const { setup } = template;
  const own = { node: setup.key.address, addresses: [`sim:${setup.key.address}`] };
  const file = { ...setup.file, name: `Spare ${at + 1}`, company: key.address, contacts: [...setup.file.contacts, own] };
  return { name: `spare-${at + 1}`, setup: { ...setup, file, key } };
}

/** Bytes that name a run, for whatever needs a few that no other run has. */
export function tagOf(text: string): string {
  return toHex(keccak256(new TextEncoder().encode(text))).slice(2, 10);
}
