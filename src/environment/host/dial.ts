import { multiaddr } from '@multiformats/multiaddr';
import type { Libp2p } from 'libp2p';
import { TreadleError } from '../../errors.ts';
import { DIAL_TIMEOUT_MICROS } from '../../limits.ts';
import type { Clock, Contact, NodeId } from '../environment.ts';
import { Channel } from './channel.ts';
import type { Connection, Stream } from './libp2p-types.ts';
import type { LinkShaping } from './link-shaping.ts';
import type { Channels } from './peer-connection.ts';
import { nodeOf } from './peer-identity.ts';

/** The streams of a connection: votes must not wait behind bodies. The dialler opens both, control first. */
export const CONTROL_PROTOCOL = '/treadle/control/1';
export const BULK_PROTOCOL = '/treadle/bulk/1';

/**
 * An encrypted connection to the node of a contact, its key proved.
 * @throws TreadleError NETWORK_UNREACHABLE | NETWORK_WRONG_PEER
 */
export async function dial(libp2p: Libp2p, contact: Contact): Promise<Connection> {
  let connection: Connection;
  try {
    // The peer id is left out of the addresses: who answers is checked against the name, which says more than an error of libp2p.
    const addresses = contact.addresses.map((address) => multiaddr(address.replace(/\/p2p\/[^/]+$/, '')));
    if (addresses.length === 0) throw new Error('no address is known');
    connection = await libp2p.dial(addresses, { signal: AbortSignal.timeout(DIAL_TIMEOUT_MICROS / 1000), force: true });
  } catch (error) {
    throw unreachable(contact.node, reasonOf(error));
  }
  const found = nodeOf(connection.remotePeer);
  if (found === contact.node) return connection;
  connection.abort(new Error('another node was expected'));
  const detail = `${found ?? 'a node without a secp256k1 key'} answers at the address of ${contact.node}`;
  throw new TreadleError('NETWORK_WRONG_PEER', { detail, data: { expected: contact.node, found: found ?? null } });
}

/** Opens the streams of a connection that was dialled. @throws TreadleError NETWORK_UNREACHABLE */
export async function openChannels(connection: Connection, peer: NodeId, shape: Shape): Promise<Channels> {
  try {
    const control = await connection.newStream(CONTROL_PROTOCOL);
    const bulk = await connection.newStream(BULK_PROTOCOL);
    return channelsOver({ control, bulk }, peer, shape);
  } catch (error) {
    connection.abort(error instanceof Error ? error : new Error(String(error)));
    throw unreachable(peer, reasonOf(error));
  }
}

/** How the links of a node are shaped, if they are. */
export interface Shape {
  readonly shaping?: LinkShaping;
  readonly clock: Clock;
}

/** The channels over the two streams of a connection. */
export function channelsOver(
  streams: { readonly control: Stream; readonly bulk: Stream },
  peer: NodeId,
  { shaping, clock }: Shape,
): Channels {
  return {
    control: new Channel(streams.control, shaping?.gate(peer, 'control', clock)),
    bulk: new Channel(streams.bulk, shaping?.gate(peer, 'bulk', clock)),
  };
}

export function unreachable(peer: NodeId, reason: string): TreadleError {
  return new TreadleError('NETWORK_UNREACHABLE', { detail: `${peer} cannot be reached: ${reason}`, data: { peer, reason } });
}

/** libp2p wraps the failures of the single addresses; they say more than the wrapping. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
