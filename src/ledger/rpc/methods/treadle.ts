import { RLP } from '@ethereumjs/rlp';
import { toHex } from '../../../crypto/index.ts';
import { RPC_HEADERS_MAX, RPC_RECEIPT_WAIT_MS_MAX } from '../../../limits.ts';
import type { CertifiedRecord, HeaderRecord } from '../../ledger.ts';
import { formatCertificate } from '../format-certificate.ts';
import { type Method, type MethodTable, method, optional, type Parser, required } from '../method.ts';
import { headerAt, parseBlockId } from '../parse-block-id.ts';
import { parseHash, parseWholeNumber } from '../quantity.ts';
import { receiptOf } from '../receipt-of.ts';
import { invalidParameter, rpcError } from '../rpc-error.ts';
import type { RpcServices } from '../services.ts';

/** What is ours: consensus, members, and what a light client needs to check an answer alone. */
export function treadleMethods(services: RpcServices): MethodTable {
  const { treadle } = services;
  return {
    treadle_consensus: method('Height, round, phase, proposer, sealers, view changes and head of this node.', [], () =>
      treadle.consensus(),
    ),
    treadle_peers: method('The nodes this one knows of, connected or not.', [], () => treadle.peers()),
    treadle_membership: method('Proxy, companies, sealers and votes under way.', [], () => treadle.membership()),
    treadle_node: method('Who this node is, its chain and whether it has caught up.', [], () => treadle.node()),
    treadle_certificate: certificateMethod(services),
    treadle_headers: headersMethod(services),
    treadle_receiptProof: receiptProofMethod(services),
    treadle_awaitReceipt: awaitReceiptMethod(services),
  };
}

function certificateMethod({ ledger, treadle }: RpcServices): Method {
  return method(
    'The signatures that made a block final, and who gave them; null for genesis.',
    [optional('block', parseBlockId, 'latest' as const)],
    async ([id]) => {
      const { number } = await headerAt(ledger, id);
      const certificate = (await ledger.certified(number))?.certificate;
      if (certificate === undefined) return null;
      return { ...formatCertificate(certificate), signers: treadle.signers(certificate) };
    },
  );
}

const parseHeaderCount: Parser<number> = (value, where) => {
  const count = parseWholeNumber(value, where);
  if (count < 1 || count > RPC_HEADERS_MAX) throw invalidParameter(where, `1 to ${RPC_HEADERS_MAX} headers`, value);
  return count;
};

function headersMethod({ ledger }: RpcServices): Method {
  return method(
    `Up to ${RPC_HEADERS_MAX} headers with their certificates, for light clients; ends at the head.`,
    [required('from', parseWholeNumber), required('count', parseHeaderCount)],
    async ([from, count]) => {
      const headers: unknown[] = [];
      for (let number = from; number < from + count; number++) {
        const certified = await ledger.certified(number);
        if (certified === undefined) break;
        headers.push(formatCertified(certified));
      }
      return headers;
    },
  );
}

function formatCertified({ header, certificate }: CertifiedRecord): Record<string, unknown> {
  return { ...formatHeaderBytes(header), certificate: certificate === undefined ? null : formatCertificate(certificate) };
}

function formatHeaderBytes({ number, hash, rlp }: HeaderRecord): Record<string, unknown> {
  return { number, hash, rlp: toHex(rlp) };
}

function receiptProofMethod({ ledger }: RpcServices): Method {
  return method(
    "Merkle proof of a transaction's receipt against a certified header; null when it is in no block.",
    [required('transactionHash', parseHash)],
    async ([hash]) => {
      const found = await ledger.receiptProof(hash);
      if (found === undefined) return null;
      return {
        header: formatHeaderBytes(found.header),
        certificate: formatCertificate(found.certificate),
        index: found.index,
        key: toHex(RLP.encode(found.index)),
        proof: found.proof.map(toHex),
        transactionProof: found.transactionProof.map(toHex),
      };
    },
  );
}

function awaitReceiptMethod({ ledger, waiters }: RpcServices): Method {
  return method(
    `Waits until a transaction is in a block and returns its receipt; null after timeoutMs (at most ${RPC_RECEIPT_WAIT_MS_MAX}).`,
    [required('transactionHash', parseHash), required('timeoutMs', parseTimeout)],
    async ([hash, timeoutMs], { connection }) => {
      const receipt = await waiters.wait({ hash, timeoutMs, ...(connection !== undefined && { connection }) });
      return receipt === undefined ? null : receiptOf(ledger, receipt);
    },
  );
}

const parseTimeout: Parser<number> = (value, where) => {
  const timeoutMs = parseWholeNumber(value, where);
  if (timeoutMs <= RPC_RECEIPT_WAIT_MS_MAX) return timeoutMs;
  throw rpcError('RPC_LIMIT', { detail: `${where} is above ${RPC_RECEIPT_WAIT_MS_MAX} ms; wait again after that` });
};
