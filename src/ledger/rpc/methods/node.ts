import { keccak256, toHex } from '../../../crypto/index.ts';
import { type MethodTable, method, required } from '../method.ts';
import { parseData, quantity } from '../quantity.ts';
import type { RpcServices } from '../services.ts';

/** `net_` and `web3_`: which network this is and who answers. */
export function nodeMethods({ ledger, treadle, clientVersion }: RpcServices): MethodTable {
  return {
    net_version: method('The chain id in decimal.', [], () => String(ledger.chainId)),
    net_listening: method('Always true while the node answers.', [], () => true),
    net_peerCount: method('Nodes this one is connected to.', [], () =>
      quantity(treadle.peers().filter((peer) => peer.connected).length),
    ),
    web3_clientVersion: method('Name and version of the node.', [], () => clientVersion),
    web3_sha3: method('Keccak-256 of data.', [required('data', parseData)], ([data]) => toHex(keccak256(data))),
  };
}
