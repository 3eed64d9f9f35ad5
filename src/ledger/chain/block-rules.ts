import type { Address } from '../../crypto/index.ts';
import { BLOCK_BYTES_MAX, BLOCK_PAYLOAD_BYTES_MAX, TIMESTAMP_DRIFT_MS_MAX } from '../../limits.ts';
import type { Execution } from '../execution/executor.ts';
import type { HeaderRecord } from '../ledger.ts';
import type { SignedTransaction } from '../pool/transaction-codec.ts';
import { type Header, mixHashAfter } from './header.ts';

/**
 * Why a header cannot follow `parent`, as far as the two headers and the clock tell; undefined when it can.
 * `nowMs` is left out for blocks that a quorum has agreed on: it judged their time then.
 */
export function headerFault(header: Header, parent: HeaderRecord, options: { readonly nowMs?: number } = {}): string | undefined {
  if (header.number !== parent.number + 1) return `its number is ${header.number}, ${parent.number + 1} comes next`;
  if (header.parentHash !== parent.hash) return 'its parent is not the head of this chain';
  if (header.timestampMs < parent.timestampMs) return "its timestamp is before its parent's";
  if (options.nowMs !== undefined && header.timestampMs > options.nowMs + TIMESTAMP_DRIFT_MS_MAX) {
    return `its timestamp is ${header.timestampMs - options.nowMs} ms ahead of this node's clock`;
  }
  if (header.gasLimit !== parent.gasLimit) return `its gas limit is ${header.gasLimit}, this chain's is ${parent.gasLimit}`;
  if (header.gasUsed > header.gasLimit) return 'it uses more gas than its limit';
  if (header.mixHash !== mixHashAfter(parent.hash)) return 'its mix hash is not the one that its parent determines';
  if (!isSealer(header.proposer, parent)) return `its proposer ${header.proposer} is not a sealer`;
  return undefined;
}

function isSealer(address: Address, parent: HeaderRecord): boolean {
  return parent.nextSealers.includes(address);
}

/** Why the transactions are too much for one block; undefined when they are not. */
export function sizeFault(transactions: readonly Pick<SignedTransaction, 'raw' | 'payload'>[]): string | undefined {
  const sizeBytes = transactions.reduce((sum, { raw }) => sum + raw.length, 0);
  if (sizeBytes > BLOCK_BYTES_MAX) return `its transactions have ${sizeBytes} bytes, at most ${BLOCK_BYTES_MAX} fit`;
  const payloadBytes = transactions.reduce((sum, { payload }) => sum + (payload?.lengthBytes ?? 0), 0);
  if (payloadBytes <= BLOCK_PAYLOAD_BYTES_MAX) return undefined;
  return `the bodies of its payload transactions have ${payloadBytes} bytes, at most ${BLOCK_PAYLOAD_BYTES_MAX} may`;
}

/** Why a header does not commit to what executing its block gives; undefined when it does. */
export function executionFault(header: Header, execution: Execution): string | undefined {
  const [refused] = execution.refused;
  if (refused !== undefined) return `its transaction ${refused.hash} cannot run: ${refused.reason}`;
  const differing = (what: string, said: unknown, found: unknown): string | undefined =>
    said === found ? undefined : `its ${what} is ${said}, execution gives ${found}`;
  return (
    differing('transactions root', header.transactionsRoot, execution.transactionsRoot) ??
    differing('gas used', header.gasUsed, execution.gasUsed) ??
    differing('receipts root', header.receiptsRoot, execution.receiptsRoot) ??
    differing('state root', header.stateRoot, execution.stateRoot) ??
    differing('set of next sealers', header.nextSealers.join(), execution.nextSealers.join()) ??
    (header.logsBloom.every((byte, at) => byte === execution.logsBloom[at])
      ? undefined
      : "its logs bloom is not the union of its receipts'")
  );
}
