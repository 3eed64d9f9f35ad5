import { CONSORTIUM_ADDRESS } from '../contracts/index.ts';
import { type Address, fromHex, type Hex, toHex } from '../crypto/index.ts';
import type { AccountProof, LightClient } from '../ledger/index.ts';
import type { RpcCall } from './rpc-service.ts';

/** Where the Consortium contract keeps the account of its proxy: the low 20 bytes of this slot. A test reads it there. */
export const PROXY_SLOT: Hex = `0x${'2'.padStart(64, '0')}`;

interface RpcAccountProof {
  readonly balance: Hex;
  readonly nonce: Hex;
  readonly codeHash: Hex;
  readonly storageHash: Hex;
  readonly accountProof: readonly Hex[];
  readonly storageProof: readonly { readonly value: Hex; readonly proof: readonly Hex[] }[];
}

/**
 * Who the proxy is after the newest block that `light` has accepted, by a proof against the state root of its header: the
 * node that shows it can withhold it, but not make it up.
 *
 * @throws TreadleError LIGHT_BAD_PROOF, or what the call rejects with
 */
export async function provedProxy(rpc: RpcCall, light: LightClient): Promise<Address> {
  const { number } = light.head;
  const answer = (await rpc('eth_getProof', [CONSORTIUM_ADDRESS, [PROXY_SLOT], `0x${number.toString(16)}`])) as RpcAccountProof;
  const { slots } = light.verifyAccount(readProof(answer), { address: CONSORTIUM_ADDRESS, number });
  return toHex((slots[0]?.value ?? new Uint8Array(32)).subarray(12));
}

function readProof({ balance, nonce, codeHash, storageHash, accountProof, storageProof }: RpcAccountProof): AccountProof {
  return {
    account: { balance: BigInt(balance), nonce: BigInt(nonce), codeHash, storageRoot: storageHash },
    accountProof: accountProof.map(fromHex),
    storageProof: storageProof.map(({ value, proof }) => ({
      slot: fromHex(PROXY_SLOT),
      value: fromHex(`0x${value.slice(2).padStart(64, '0')}`),
      proof: proof.map(fromHex),
    })),
  };
}
