import type { NodeFileInput } from './node-file.ts';
import { isSealer } from './roles.ts';
import { type PlanOptions, type Seat, seatAddresses } from './seat.ts';

/** What the file of one node depends on. */
export interface Layout {
  readonly centre: Seat;
  readonly seats: readonly Seat[];
  readonly options: PlanOptions;
}

const PRICE_WEI = '1000000000000';
const MAX_PRICE_WEI = '2000000000000';
const EDGE_CAPACITY = 4;

/** The `node.json` of a seat: what its owner would write by hand, defaults left out. */
export function planNodeFile(seat: Seat, { centre, seats, options }: Layout): NodeFileInput {
  const host = options.host ?? '127.0.0.1';
  // Everybody needs one address, the centre's. Sealers know each other as well, so that the chain starts without it.
  const known = isSealer(seat.role) ? [centre, ...seats.filter(({ role }) => isSealer(role))] : [centre];
  const common = {
    name: seat.name,
    company: seat.company.address,
    genesisFile: '../genesis.json',
    listen: { host, port: seat.port },
    contacts: known
      .filter((other) => other !== seat)
      .map((other) => ({ node: other.key.address, addresses: [...seatAddresses(other, host)] })),
    ...(seat.rpcPort !== undefined && { rpc: { host, port: seat.rpcPort } }),
    ...(seat.consolePort !== undefined && { console: { host, port: seat.consolePort } }),
  };
  const { latitude, longitude } = seat.position ?? { latitude: 0, longitude: 0 };
  switch (seat.role) {
    case 'edge':
      return {
        role: 'edge',
        ...common,
        edge: { services: ['vibration.spectrum'], capacity: EDGE_CAPACITY, latitude, longitude, priceWei: PRICE_WEI },
      };
    case 'device':
      return { role: 'device', ...common, device: { latitude, longitude, maxPriceWei: MAX_PRICE_WEI } };
    default:
      return { role: seat.role, ...common };
  }
}
