import { createFeeMarket1559Tx, createLegacyTx } from '@ethereumjs/tx';
import { type Address, fromHex, type Hex, keccak256, keyFrom, type NodeKey, recoverAddress, toHex } from '../../crypto/index.ts';
import { chainRules } from '../execution/chain-rules.ts';
import { RECORDS_GENESIS_CONTRACT } from '../execution/precompiles/records-account.ts';
import type { Genesis } from '../genesis.ts';
import type { Certificate, CertificateVerifier } from '../ledger.ts';
import { encode } from '../rlp-fields.ts';
import { GOVERNANCE_INIT_CODE, WORKBENCH_INIT_CODE } from './contracts.ts';

export const CHAIN_ID = 7357;
export const GOVERNANCE: Address = '0x0000000000000000000000000000000000001000';
export const WORKBENCH: Address = '0x0000000000000000000000000000000000002000';
export const GENESIS_TIME_MS = 1_700_000_000_000;

/** Key number `index`, the same in every run. */
export function testKey(index: number): NodeKey {
  return keyFrom(keccak256(new TextEncoder().encode(`test key ${index}`)));
}

/** Sealer keys in the order of their addresses. */
export function sealerKeys(count: number): readonly NodeKey[] {
  const keys = Array.from({ length: count }, (_, index) => testKey(1000 + index));
  return keys.sort((left, right) => (left.address < right.address ? -1 : 1));
}

export function word(value: bigint | number | Hex): string {
  return (typeof value === 'string' ? value.slice(2) : value.toString(16)).padStart(64, '0');
}

export function addressList(addresses: readonly Address[]): string {
  return `${word(32)}${word(addresses.length)}${addresses.map(word).join('')}`;
}

/** Call data: the selector of `signature` and the encoded words. */
export function callData(signature: string, ...words: readonly (bigint | number | Hex)[]): Uint8Array {
  const selector = toHex(keccak256(new TextEncoder().encode(signature)).subarray(0, 4));
  return fromHex(`${selector}${words.map(word).join('')}`);
}

export function replaceSealersData(sealers: readonly Address[]): Uint8Array {
  return fromHex(`${toHex(callData('replace(address[])'))}${addressList(sealers)}`);
}

/** A chain of `sealers` with a governance contract and a workbench, on which accounts 0..9 own an ether each. */
export function testGenesis(options: { readonly sealers?: number; readonly gasLimit?: Hex } = {}): Genesis {
  const sealers = sealerKeys(options.sealers ?? 4).map(({ address }) => address);
  const owners = Array.from({ length: 10 }, (_, index) => testKey(index).address);
  return {
    chainId: CHAIN_ID,
    timestampMs: GENESIS_TIME_MS,
    gasLimit: options.gasLimit ?? '0x11e1a300',
    sealers,
    governance: GOVERNANCE,
    alloc: Object.fromEntries(owners.map((address) => [address, (10n ** 18n).toString()])),
    contracts: [
      { name: 'Governance', address: GOVERNANCE, initCode: `${GOVERNANCE_INIT_CODE}${addressList(sealers)}` as Hex },
      { name: 'Workbench', address: WORKBENCH, initCode: WORKBENCH_INIT_CODE },
      RECORDS_GENESIS_CONTRACT,
    ],
  };
}

export interface TransactionContent {
  readonly nonce: number;
  readonly to?: Address;
  readonly data?: Uint8Array;
  readonly value?: bigint;
  readonly gas?: bigint;
  readonly gasPrice?: bigint;
  readonly chainId?: number;
  readonly legacy?: boolean;
}

/** A signed transaction, encoded. Gas price 0 and type 2 unless told otherwise. */
export function signedBy(key: NodeKey, content: TransactionContent): Uint8Array {
  const { nonce, to, data, value = 0n, gas = 1_000_000n, gasPrice = 0n } = content;
  const common = chainRules(content.chainId ?? CHAIN_ID);
  const shared = { nonce, value, gasLimit: gas, ...(to && { to }), ...(data && { data }) };
  const unsigned = content.legacy
    ? createLegacyTx({ ...shared, gasPrice }, { common })
    : createFeeMarket1559Tx({ ...shared, maxFeePerGas: gasPrice, maxPriorityFeePerGas: gasPrice }, { common });
  return unsigned.sign(key.privateKey, false).serialize();
}

function certificateDigest(height: number, round: number, digest: Hex): Uint8Array {
  return keccak256(encode([new TextEncoder().encode('test certificate'), height, round, fromHex(digest)]));
}

/** A certificate as the tests' verifier wants it: signatures over height, round and digest. */
export function certify(
  keys: readonly NodeKey[],
  block: { readonly number: number; readonly hash: Hex },
  round = 0,
): Certificate {
  const digest = certificateDigest(block.number, round, block.hash);
  return { height: block.number, round, digest: block.hash, signatures: keys.map((key) => key.sign(digest)) };
}

/** Wants signatures of floor(2n/3)+1 distinct sealers. */
export const verifyTestCertificate: CertificateVerifier = (certificate, sealers) => {
  const digest = certificateDigest(certificate.height, certificate.round, certificate.digest);
  const signers = new Set<Address>();
  for (const signature of certificate.signatures) {
    const signer = recoverAddress(digest, signature);
    if (signer === undefined || !sealers.includes(signer)) return 'a signature is not by a sealer';
    signers.add(signer);
  }
  const quorum = Math.floor((2 * sealers.length) / 3) + 1;
  return signers.size >= quorum ? undefined : `${signers.size} signers, ${quorum} are needed`;
};

/** The value, which the test knows to be there. */
export function present<T>(value: T | undefined | null): T {
  if (value === undefined || value === null) throw new Error('the value is absent');
  return value;
}
