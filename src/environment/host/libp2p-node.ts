import { isIP } from 'node:net';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { tcp } from '@libp2p/tcp';
import { createLibp2p, type Libp2p } from 'libp2p';
import type { NodeKey } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { FRAME_BYTES_MAX, HANDSHAKES_MAX, PEERS_MAX } from '../../limits.ts';
import { connectionLog } from './connection-log.ts';
import { withGatheredWrites } from './gathered-writes.ts';
import type { LinkShaping } from './link-shaping.ts';
import { libp2pKey } from './peer-identity.ts';

export interface ListenOptions {
  /** An IP address of this machine. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** How many ports in a row are tried when one is taken. Default 1. */
  readonly portTries?: number;
}

export interface HostNetworkOptions {
  readonly key: NodeKey;
  /** Slows or cuts what this node sends. */
  readonly shaping?: LinkShaping;
  /** Left out: the node dials but cannot be dialled. */
  readonly listen?: ListenOptions;
}

/** A libp2p node with nothing but TCP, Noise and yamux; not started. `garbled` is told of whoever dials it and does not speak them. */
export function createNode(
  { key, listen }: HostNetworkOptions,
  garbled: (from: string, reason: string) => void,
): Promise<Libp2p> {
  return createLibp2p({
    start: false,
    logger: connectionLog(garbled),
    privateKey: libp2pKey(key),
    addresses: { listen: listen === undefined ? [] : [`/ip${isIP(listen.host)}/${listen.host}/tcp/${listen.port}`] },
    transports: [tcp()],
    connectionEncrypters: [withGatheredWrites(noise())],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: FRAME_BYTES_MAX, maxReadBufferLength: 2 * FRAME_BYTES_MAX } })],
    // Silent connections are found by our own probes, which need no further protocol.
    connectionMonitor: { enabled: false },
    connectionManager: {
      maxConnections: PEERS_MAX + HANDSHAKES_MAX,
      maxIncomingPendingConnections: HANDSHAKES_MAX,
      // Many nodes may stand behind one address (a plant's gateway, all nodes of one machine).
      inboundConnectionThreshold: HANDSHAKES_MAX,
      reconnectRetries: 0,
    },
  });
}

/**
 * Starts listening.
 * @throws TreadleError NETWORK_ADDRESS_TAKEN
 */
export async function startNode(libp2p: Libp2p, listen: ListenOptions | undefined): Promise<void> {
  try {
    await libp2p.start();
  } catch (error) {
    await Promise.resolve(libp2p.stop()).catch(() => {});
    if (listen === undefined || !String(error).includes('EADDRINUSE')) throw error;
    const { host, port } = listen;
    throw new TreadleError('NETWORK_ADDRESS_TAKEN', { detail: `${host}:${port} is taken`, data: { host, port }, cause: error });
  }
}
