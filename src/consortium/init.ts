import { type Address, type Hex, toHex } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import type { Genesis } from '../ledger/index.ts';
import { PLAN_NODES_MAX } from '../limits.ts';
import { certificateToJson, issueCertificate } from './certificate.ts';
import { type ConsortiumMember, consortiumToJson } from './consortium-file.ts';
import './errors.ts';
import { buildGenesis, COMPANIES_MIN, genesisHash, genesisToJson, tooFew } from './genesis.ts';
import { KEY_FILE_MODE, keyToJson } from './key-file.ts';
import type { FleetFile, NodeFileInput } from './node-file.ts';
import { nodesPerMemberFor } from './oracle-settings.ts';
import { type Layout, planNodeFile } from './plan-node-file.ts';
import { isObserver, type Role } from './roles.ts';
import { drawSeats, type PlanOptions, type Seat, seatAddresses } from './seat.ts';

/** A file to write, with its path relative to the folder of the consortium. */
export interface PlannedFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

export interface ConsortiumPlan {
  readonly files: readonly PlannedFile[];
  readonly genesis: Genesis;
  readonly members: readonly ConsortiumMember[];
}

const CERTIFICATE_DAYS = 730;
const ETHER = 10n ** 18n;
/** What each kind of member starts with: gas is free, the balance is there to be put into channels. */
const FIRST_BALANCE_WEI: Readonly<Record<Role, bigint>> = {
  proxy: 1_000_000n * ETHER,
  company: 1_000n * ETHER,
  device: 100n * ETHER,
  edge: 0n,
  centre: 0n,
  oracle: 100n * ETHER,
};
const PUBLIC_FILE_MODE = 0o644;

/**
 * Lays out a whole consortium: keys, certificates, one folder per node, and the files that all share. Nothing is
 * written here.
 *
 * @throws {@link TreadleError} CONSORTIUM_TOO_FEW_COMPANIES | CONSORTIUM_PLAN_INVALID
 */
export function planConsortium(options: PlanOptions): ConsortiumPlan {
  checkOptions(options);
  const seats = drawSeats(options);
  checkPorts(seats);
  const genesis = genesisOf(options, seats);
  const centre = seats.find(({ role }) => role === 'centre') as Seat;
  const members = seats.map((seat) => memberOf(seat, options));
  const files: PlannedFile[] = [
    { path: 'genesis.json', text: genesisToJson(genesis), mode: PUBLIC_FILE_MODE },
    {
      path: 'consortium.json',
      text: consortiumToJson({ name: options.name, chainId: options.chainId, genesisHash: genesisHash(genesis), members }),
      mode: PUBLIC_FILE_MODE,
    },
  ];
  for (const seat of seats) files.push(...filesOf(seat, { centre, seats, options }));
  const devices = seats.filter(({ role }) => role === 'device').slice(0, options.devices - (options.spareDevices ?? 0));
  if (devices.length > 0) {
    const fleet: FleetFile = { name: 'Devices', members: devices.map(({ folder }) => `../${folder}`) };
    files.push({ path: 'fleet/fleet.json', text: json(fleet), mode: PUBLIC_FILE_MODE });
  }
  return { files, genesis, members };
}

function checkOptions({ companies, edgeNodes, devices, oracles = 0, chainId, name }: PlanOptions): void {
  if (companies.length < COMPANIES_MIN) throw tooFew(companies.length);
  if (name.trim() === '') throw refuse('the consortium needs a name');
  if (!Number.isSafeInteger(chainId) || chainId < 1) throw refuse(`${chainId} is not a chain id: a whole number above 0`);
  for (const [what, count] of Object.entries({ 'edge nodes': edgeNodes, devices, 'oracle nodes': oracles })) {
    if (!Number.isSafeInteger(count) || count < 0) throw refuse(`${count} is not a number of ${what}`);
  }
  const nodes = companies.length + 2 + edgeNodes + devices + oracles;
  if (nodes > PLAN_NODES_MAX) throw refuse(`${nodes} nodes, at most ${PLAN_NODES_MAX} are laid out at once`);
}

function checkPorts(seats: readonly Seat[]): void {
  const taken = new Map<number, string>();
  for (const seat of seats) {
    for (const port of [seat.port, seat.rpcPort, seat.consolePort]) {
      if (port === undefined || port === 0) continue;
      if (port > 65_535) throw refuse(`${seat.name} would need port ${port}: begin with lower ports`);
      const other = taken.get(port);
      if (other !== undefined)
        throw refuse(
          `${other} and ${seat.name} would both need port ${port}: set the first ports of peers, rpc and console further apart`,
        );
      taken.set(port, seat.name);
    }
  }
}

function genesisOf({ chainId, nowMs, oracle = {}, crossLedger }: PlanOptions, seats: readonly Seat[]): Genesis {
  const proxy = seats.find(({ role }) => role === 'proxy') as Seat;
  const companies = seats.filter(({ role }) => role === 'company').map(({ key, name }) => ({ account: key.address, name }));
  const alloc: Record<Address, bigint> = {};
  for (const { role, key } of seats) if (FIRST_BALANCE_WEI[role] > 0n) alloc[key.address] = FIRST_BALANCE_WEI[role];
  const oracles = seats.filter(({ role }) => role === 'oracle').length;
  const nodesPerMember = nodesPerMemberFor({ oracles, companies: companies.length });
  return buildGenesis({
    chainId,
    timestampMs: nowMs,
    proxy: proxy.key.address,
    companies,
    alloc,
    oracle: { nodesPerMember, ...oracle },
    ...(crossLedger !== undefined && { crossLedger }),
  });
}

function memberOf(seat: Seat, { host = '127.0.0.1' }: PlanOptions): ConsortiumMember {
  return {
    role: seat.role,
    name: seat.name,
    node: seat.key.address,
    company: seat.company.address,
    folder: seat.folder,
    addresses: seatAddresses(seat, host),
    ...(seat.rpcPort !== undefined && { rpc: `http://${host}:${seat.rpcPort}` }),
    ...(seat.consolePort !== undefined && { console: `http://${host}:${seat.consolePort}` }),
    ...(seat.position !== undefined && { position: seat.position }),
  };
}

function filesOf(seat: Seat, layout: Layout): PlannedFile[] {
  const nodeFile: NodeFileInput = planNodeFile(seat, layout);
  const files: PlannedFile[] = [
    { path: `${seat.folder}/node.json`, text: json(nodeFile), mode: PUBLIC_FILE_MODE },
    { path: `${seat.folder}/key.json`, text: keyToJson(seat.key), mode: KEY_FILE_MODE },
  ];
  if (isObserver(seat.role)) {
    const { chainId, nowMs, certificateDays = CERTIFICATE_DAYS, random } = layout.options;
    const certificate = issueCertificate(
      {
        observer: seat.key.address,
        role: seat.role,
        expiresAtSeconds: Math.floor(nowMs / 1000) + certificateDays * 86_400,
        serial: toHex(random.bytes(32)) as Hex,
        chainId,
      },
      seat.company,
    );
    files.push({ path: `${seat.folder}/certificate.json`, text: certificateToJson(certificate), mode: PUBLIC_FILE_MODE });
  }
  return files;
}

function json(value: NodeFileInput | FleetFile): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function refuse(detail: string): TreadleError {
  return new TreadleError('CONSORTIUM_PLAN_INVALID', { detail });
}
