import { verifyCertificate } from '../consensus/index.ts';
import { type Address, fromHex, type Hex, toHex } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import {
  type ConsensusReceipt,
  createLightClient,
  decodeHeader,
  type Genesis,
  genesisDomain,
  type Header,
  type LightClient,
  parseCertificate,
  type RpcCertificate,
} from '../ledger/light/index.ts';
import { LIGHT_FAULTS_KEPT_MAX } from '../limits.ts';
import { followHead, followHeaders } from './follow-headers.ts';
import { createHttpCall, type Fetch } from './http-call.ts';
import { readGenesis } from './read-genesis.ts';
import type { RpcCall } from './rpc-call.ts';

export interface LightNodeOptions {
  /** JSON-RPC addresses of full nodes, the preferred ones first. None of them needs to be trusted. */
  readonly rpcUrls: readonly string[];
  /** The consortium's `genesis.json`, as text or parsed: the one thing that is trusted. */
  readonly genesis: string | Genesis;
  readonly fetch: Fetch;
}

/** A header that a quorum of the sealers has signed. */
export interface LightHead {
  readonly number: number;
  readonly hash: Hex;
  readonly stateRoot: Hex;
  readonly timestampMs: number;
  readonly sealers: readonly Address[];
}

export interface LightAccount {
  /** The block after which this holds. */
  readonly number: number;
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly codeHash: Hex;
  readonly slots: readonly { readonly slot: Hex; readonly value: Hex }[];
}

export interface LightReceipt extends ConsensusReceipt {
  readonly blockNumber: number;
  readonly blockHash: Hex;
  readonly transactionIndex: number;
}

/** What a node said that does not hold. */
export interface LightFault {
  readonly url: string;
  readonly code: string;
  readonly reason: string;
}

/**
 * A light node over HTTP: believes the genesis file and the sealers' signatures, and no full node. Every answer is
 * checked here; one that does not hold is noted, and the next node is asked.
 */
export interface LightNode {
  /** The newest header that has been checked; undefined before the first {@link LightNode.follow}. */
  readonly head: LightHead | undefined;
  /** Nodes that said what does not hold, newest last. */
  readonly faults: readonly LightFault[];
  /** Goes on to the newest header that a node can show with signatures. @throws TreadleError LIGHT_NO_ANSWER | LIGHT_UNTRUSTED_HEADER */
  follow(): Promise<LightHead>;
  /** An account, and slots of its storage, after the newest header. @throws TreadleError LIGHT_* */
  account(address: Address, slots?: readonly Hex[]): Promise<LightAccount>;
  /**
   * The receipt of a transaction; undefined when no node shows one. That the receipt is this transaction's is proved by the
   * transaction's own bytes in the same block. @throws TreadleError LIGHT_*
   */
  receipt(transactionHash: Hex): Promise<LightReceipt | undefined>;
}

/** @throws TreadleError LIGHT_NO_NODES | LIGHT_BAD_GENESIS */
export function createLightNode(options: LightNodeOptions): LightNode {
  const genesis = readGenesis(options.genesis);
  if (options.rpcUrls.length === 0) throw new TreadleError('LIGHT_NO_NODES');
  const domain = genesisDomain(genesis);
  const light = createLightClient({
    genesisSealers: genesis.sealers,
    verifyCertificate: (certificate, sealers) => verifyCertificate(domain, certificate, sealers),
  });
  const nodes = options.rpcUrls.map((url) => ({ url, call: createHttpCall(url, options.fetch) }));
  const faults: LightFault[] = [];

  /** Asks one node after the other until what one says holds. */
  const ask = async <T>(question: (call: RpcCall) => Promise<T>): Promise<T> => {
    let last: unknown;
    for (const { url, call } of nodes) {
      try {
        return await question(call);
      } catch (error) {
        last = error;
        const known = error instanceof TreadleError;
        faults.push({ url, code: known ? error.code : 'LIGHT_BAD_ANSWER', reason: known ? error.detail : String(error) });
        if (faults.length > LIGHT_FAULTS_KEPT_MAX) faults.shift();
      }
    }
    if (last instanceof TreadleError) throw last;
    throw new TreadleError('LIGHT_BAD_ANSWER', { detail: 'what the nodes answer cannot be read', cause: last });
  };

  const follow = async (): Promise<LightHead> => {
    await ask((call) => followHead(call, light));
    return headOf(light.head);
  };

  return {
    get head() {
      return light.height === 0 ? undefined : headOf(light.head);
    },
    faults,
    follow,
    account: (address, slots = []) => ask((call) => readAccount(call, light, { address, slots })),
    receipt: (hash) => ask((call) => readReceipt(call, light, hash)),
  };
}

async function readAccount(
  call: RpcCall,
  light: LightClient,
  { address, slots }: { readonly address: Address; readonly slots: readonly Hex[] },
): Promise<LightAccount> {
  await followHead(call, light);
  const { number } = light.head;
  const wanted = slots.map((slot) => `0x${slot.slice(2).padStart(64, '0')}`);
  const told = (await call('eth_getProof', [address, wanted, `0x${number.toString(16)}`])) as RpcProof;
  const proof = {
    account: {
      balance: BigInt(told.balance),
      nonce: BigInt(told.nonce),
      codeHash: told.codeHash,
      storageRoot: told.storageHash,
    },
    accountProof: told.accountProof.map(fromHex),
    storageProof: told.storageProof.map(({ key, value, proof: nodes }) => ({
      slot: word(key),
      value: word(value),
      proof: nodes.map(fromHex),
    })),
  };
  const asked = wanted.join() === proof.storageProof.map(({ slot }) => toHex(slot)).join();
  if (!asked) throw new TreadleError('LIGHT_BAD_PROOF', { detail: 'the proof is for other slots than those asked for' });
  const { account, slots: proved } = light.verifyAccount(proof, { address, number });
  const { balance, nonce, codeHash } = account;
  return {
    number,
    balance,
    nonce,
    codeHash,
    slots: proved.map(({ slot, value }) => ({ slot: toHex(slot), value: toHex(value) })),
  };
}

async function readReceipt(call: RpcCall, light: LightClient, hash: Hex): Promise<LightReceipt | undefined> {
  const told = (await call('treadle_receiptProof', [hash])) as RpcReceiptProof | null;
  if (told === null) return undefined;
  const header = decodeHeader(fromHex(told.header.rlp));
  await followHeaders(call, light, header.number);
  const proof = {
    header,
    certificate: parseCertificate(told.certificate),
    index: told.index,
    proof: told.proof.map(fromHex),
    transactionProof: told.transactionProof.map(fromHex),
  };
  const receipt = light.verifyReceipt(proof, hash);
  return { ...receipt, blockNumber: header.number, blockHash: header.hash, transactionIndex: told.index };
}

interface RpcProof {
  readonly balance: Hex;
  readonly nonce: Hex;
  readonly codeHash: Hex;
  readonly storageHash: Hex;
  readonly accountProof: readonly Hex[];
  readonly storageProof: readonly { readonly key: Hex; readonly value: Hex; readonly proof: readonly Hex[] }[];
}

interface RpcReceiptProof {
  readonly header: { readonly rlp: Hex };
  readonly certificate: RpcCertificate;
  readonly index: number;
  readonly proof: readonly Hex[];
  readonly transactionProof: readonly Hex[];
}

function word(quantity: Hex): Uint8Array {
  return fromHex(`0x${quantity.slice(2).padStart(64, '0')}`);
}

function headOf({ number, hash, stateRoot, timestampMs, nextSealers }: Header): LightHead {
  return { number, hash, stateRoot, timestampMs, sealers: nextSealers };
}
