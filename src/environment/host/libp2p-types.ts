import type { Libp2p, Libp2pOptions } from 'libp2p';

/** The types of libp2p that the host network touches, as the library itself hands them out. */
export type PeerId = Libp2p['peerId'];
export type PrivateKey = NonNullable<Libp2pOptions['privateKey']>;
export type Connection = ReturnType<Libp2p['getConnections']>[number];
export type Stream = Awaited<ReturnType<Connection['newStream']>>;
