import type { CrossLedgerConfig } from '../contracts/index.ts';
import { drawKey, type NodeKey } from '../crypto/index.ts';
import type { OracleSettingsInput } from './oracle-settings.ts';
import type { CertifiedRole, Role } from './roles.ts';

/** A point on the map, in degrees. */
export interface Position {
  readonly latitude: number;
  readonly longitude: number;
}

export interface PlanOptions {
  readonly chainId: number;
  /** Name of the consortium. */
  readonly name: string;
  /** Names of the companies, at least {@link COMPANIES_MIN}. */
  readonly companies: readonly string[];
  readonly edgeNodes: number;
  readonly devices: number;
  /** Nodes that work for the oracle; default 0. */
  readonly oracles?: number;
  /** What genesis says of the oracle; defaults for what is absent. */
  readonly oracle?: OracleSettingsInput;
  /** How many of the devices, the last ones, are left out of the fleet: to be run by hand. Default 0. */
  readonly spareDevices?: number;
  /** Where edge nodes and devices stand; where it names too few, the rest is scattered around the centre of Melbourne. */
  readonly positions?: { readonly edgeNodes?: readonly Position[]; readonly devices?: readonly Position[] };
  /** Host on which all nodes listen; 127.0.0.1 unless told otherwise. */
  readonly host?: string;
  /** First port of each kind; each node takes the next one. */
  readonly ports?: { readonly peers?: number; readonly rpc?: number; readonly console?: number };
  /** `bytes(n)` must be fit for making keys. */
  readonly random: { bytes(length: number): Uint8Array; float(): number };
  readonly nowMs: number;
  /** Keys of seats by folder that are there already; all others are drawn. */
  readonly keys?: ReadonlyMap<string, NodeKey>;
  /** Lanes to other ledgers that are laid out with this one. */
  readonly crossLedger?: CrossLedgerConfig;
  /** How long certificates hold; two years unless told otherwise. */
  readonly certificateDays?: number;
}

/** A node that is to be, with its keys and its place. */
export interface Seat {
  readonly role: Role;
  readonly name: string;
  readonly folder: string;
  readonly key: NodeKey;
  /** Who signs its certificate; for a sealer it is itself. */
  readonly company: NodeKey;
  readonly port: number;
  readonly rpcPort?: number;
  readonly consolePort?: number;
  readonly position?: Position;
}

export const FIRST_PORTS = { peers: 9400, rpc: 8545, console: 7400 };

/** Seats in the order in which they take ports: the proxy first, so that it gets the well-known ones. */
export function drawSeats(options: PlanOptions): readonly Seat[] {
  const { random, positions, companies } = options;
  const first = { ...FIRST_PORTS, ...options.ports };
  const seats: Seat[] = [];
  const keyOf = (folder: string) => options.keys?.get(folder) ?? drawKey((length) => random.bytes(length));
  const ports = () => portsAt(first, seats.length);
  const sealer = (role: 'proxy' | 'company', name: string, folder: string) => {
    const key = keyOf(folder);
    const { port, rpcPort, consolePort } = ports();
    seats.push({ role, name, folder, key, company: key, port, rpcPort, consolePort });
    return key;
  };
  const observer = (
    role: CertifiedRole,
    seat: { readonly name: string; readonly folder: string; readonly company: NodeKey; readonly position?: Position },
  ) => {
    const key = keyOf(seat.folder);
    // A device asks and is not asked: nobody dials it, so its port is whatever is free, and its fleet needs no console.
    if (role === 'device') seats.push({ ...seat, role, key, port: 0 });
    else seats.push({ ...seat, role, key, port: ports().port, consolePort: ports().consolePort });
  };

  const proxy = sealer('proxy', 'Proxy', 'proxy');
  const companyKeys = companies.map((name, at) => sealer('company', name, `company-${at + 1}`));
  const companyOf = (at: number) => companyKeys[at % companyKeys.length] as NodeKey;
  observer('centre', { name: 'Centre', folder: 'centre', company: proxy });
  for (let at = 0; at < options.edgeNodes; at++) {
    const position = positions?.edgeNodes?.[at] ?? scatter(random);
    observer('edge', { name: `Edge node ${at + 1}`, folder: `edge-${at + 1}`, company: companyOf(at), position });
  }
  for (let at = 0; at < (options.oracles ?? 0); at++) {
    observer('oracle', { name: `Oracle node ${at + 1}`, folder: `oracle-${at + 1}`, company: companyOf(at) });
  }
  for (let at = 0; at < options.devices; at++) {
    const position = positions?.devices?.[at] ?? scatter(random);
    observer('device', { name: `Device ${at + 1}`, folder: `device-${at + 1}`, company: companyOf(at), position });
  }
  return seats;
}

function portsAt(
  first: typeof FIRST_PORTS,
  index: number,
): { readonly port: number; readonly rpcPort: number; readonly consolePort: number } {
  return { port: first.peers + index, rpcPort: first.rpc + index, consolePort: first.console + index };
}

/** A point within two kilometres of the centre of Melbourne. */
function scatter(random: PlanOptions['random']): Position {
  const radiusDegrees = 0.018 * Math.sqrt(random.float());
  const angle = 2 * Math.PI * random.float();
  const latitude = -37.8136 + radiusDegrees * Math.sin(angle);
  const longitude = 144.9631 + (radiusDegrees * Math.cos(angle)) / Math.cos((37.8136 * Math.PI) / 180);
  return { latitude: Number(latitude.toFixed(6)), longitude: Number(longitude.toFixed(6)) };
}

/** Where the node of a seat can be dialled; nobody dials a device. */
export function seatAddresses(seat: Seat, host: string): readonly string[] {
  return seat.role === 'device' ? [] : [multiaddr(host, seat.port)];
}

/** How libp2p writes a TCP address. */
function multiaddr(host: string, port: number): string {
  const kind = host.includes(':') ? 'ip6' : /^[0-9.]+$/.test(host) ? 'ip4' : 'dns';
  return `/${kind}/${host}/tcp/${port}`;
}
