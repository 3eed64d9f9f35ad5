import { privateKeyFromRaw } from '@libp2p/crypto/keys';
import { addressOf, type NodeKey } from '../../crypto/index.ts';
import type { NodeId } from '../environment.ts';
import type { PeerId, PrivateKey } from './libp2p-types.ts';

/** The node's key as libp2p takes it: ledger address and peer id come from the same secret. */
export function libp2pKey(key: NodeKey): PrivateKey {
  const privateKey = privateKeyFromRaw(key.privateKey);
  if (privateKey.type !== 'secp256k1') throw new Error(`libp2p read the node key as ${privateKey.type}`);
  return privateKey;
}

/** The node behind a peer id: the address of the key embedded in it; undefined when it is not a secp256k1 key. */
export function nodeOf(peer: PeerId): NodeId | undefined {
  return peer.type === 'secp256k1' ? addressOf(peer.publicKey.raw) : undefined;
}
