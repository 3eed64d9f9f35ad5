import { fromHex, type Hex } from '../crypto/index.ts';
import type { NodeId } from '../environment/index.ts';
import { hasCode, TreadleError } from '../errors.ts';
import { decodeHeader, type LightClient, parseCertificate, type ReceiptProof, type RpcCertificate } from '../ledger/index.ts';
import { followHeaders } from '../light/index.ts';
import type { NodeCall, RpcCall } from './rpc-service.ts';

/** The methods whose answer is a receipt, or null. */
const RECEIPT_METHODS: ReadonlySet<string> = new Set(['treadle_awaitReceipt', 'eth_getTransactionReceipt']);

/** A receipt as JSON-RPC gives it, as far as it is checked here. */
interface RpcReceipt {
  readonly transactionHash: Hex;
  readonly status: Hex;
  readonly logs: readonly { readonly address: Hex; readonly topics: readonly Hex[]; readonly data: Hex }[];
}

interface RpcReceiptProof {
  readonly header: { readonly rlp: Hex };
  readonly certificate: RpcCertificate;
  readonly index: number;
  readonly proof: readonly Hex[];
  readonly transactionProof: readonly Hex[];
}

/**
 * A light node's JSON-RPC: every receipt that a full node names is checked against a certified header before it is
 * believed, so a full node can withhold a match or a payment but not make one up or pass another's off as this one's.
 * Other answers (balances, nonces, what a contract would say) are taken as told: what follows from a false one is a
 * transaction that the ledger refuses.
 *
 * The calls reject with NODE_RECEIPT_UNPROVED, LIGHT_UNTRUSTED_HEADER or LIGHT_BAD_PROOF where the node's word does not hold.
 */
export function createVerifyingCall(call: NodeCall, light: LightClient): NodeCall {
  return async (node, method, params) => {
    const result = await call(node, method, params);
    if (RECEIPT_METHODS.has(method) && result !== null && result !== undefined) {
      await check({ light, node, hash: String(params[0]) as Hex, ask: (inner, values) => call(node, inner, values) }, result);
    }
    return result;
  };
}

interface Claim {
  readonly light: LightClient;
  readonly node: NodeId;
  /** The transaction that was asked about. */
  readonly hash: Hex;
  /** Asks the node that told of the receipt. */
  readonly ask: RpcCall;
}

async function check(claim: Claim, result: unknown): Promise<void> {
  try {
    const receipt = result as RpcReceipt;
    if (receipt.transactionHash !== claim.hash) throw untrue(claim, 'it is that of another transaction');
    const answer = (await claim.ask('treadle_receiptProof', [claim.hash])) as RpcReceiptProof | null;
    if (answer === null) throw untrue(claim, 'the full node shows no proof of it');
    const proved = await prove(claim, readProof(answer));
    if (proved.status !== Number(receipt.status)) throw untrue(claim, 'its status is another one');
    const told = receipt.logs.map(({ address, topics, data }) => [address, ...topics, data].join());
    const shown = proved.logs.map(({ address, topics, data }) => [address, ...topics, data].join());
    if (told.length !== shown.length || told.some((log, at) => log !== shown[at])) throw untrue(claim, 'its logs are others');
  } catch (error) {
    if (error instanceof TreadleError) throw error;
    throw untrue(claim, 'receipt or proof cannot be read', error);
  }
}

function readProof({ header, certificate, index, proof, transactionProof }: RpcReceiptProof): ReceiptProof {
  return {
    header: decodeHeader(fromHex(header.rlp)),
    certificate: parseCertificate(certificate),
    index,
    proof: proof.map(fromHex),
    transactionProof: transactionProof.map(fromHex),
  };
}

async function prove({ light, ask, hash }: Claim, proof: ReceiptProof): Promise<ReturnType<LightClient['verifyReceipt']>> {
  try {
    return light.verifyReceipt(proof, hash);
  } catch (error) {
    if (!hasCode(error, 'LIGHT_UNTRUSTED_HEADER')) throw error;
    // The sealers may have changed since the last header that this node has seen.
    await followHeaders(ask, light, proof.header.number);
    return light.verifyReceipt(proof, hash);
  }
}

function untrue({ node, hash }: Claim, why: string, cause?: unknown): TreadleError {
  return new TreadleError('NODE_RECEIPT_UNPROVED', {
    detail: `the receipt of ${hash} that ${node} showed is not what the chain holds: ${why}`,
    data: { transactionHash: hash, node },
    ...(cause !== undefined && { cause }),
  });
}
