import { RLP } from '@ethereumjs/rlp';
import { invariant } from '../../errors.ts';

/** Every field of a Prague header, as bytes, by the names that JSON-RPC gives them. */
export interface HeaderFields {
  readonly parentHash: Uint8Array;
  readonly sha3Uncles: Uint8Array;
  readonly miner: Uint8Array;
  readonly stateRoot: Uint8Array;
  readonly transactionsRoot: Uint8Array;
  readonly receiptsRoot: Uint8Array;
  readonly logsBloom: Uint8Array;
  readonly difficulty: Uint8Array;
  readonly number: Uint8Array;
  readonly gasLimit: Uint8Array;
  readonly gasUsed: Uint8Array;
  readonly timestamp: Uint8Array;
  readonly extraData: Uint8Array;
  readonly mixHash: Uint8Array;
  readonly nonce: Uint8Array;
  readonly baseFeePerGas: Uint8Array;
  readonly withdrawalsRoot: Uint8Array;
  readonly blobGasUsed: Uint8Array;
  readonly excessBlobGas: Uint8Array;
  readonly parentBeaconBlockRoot: Uint8Array;
  readonly requestsHash: Uint8Array;
}

/** The fields in the order in which a header is encoded. */
const order: readonly (keyof HeaderFields)[] = [
  'parentHash',
  'sha3Uncles',
  'miner',
  'stateRoot',
  'transactionsRoot',
  'receiptsRoot',
  'logsBloom',
  'difficulty',
  'number',
  'gasLimit',
  'gasUsed',
  'timestamp',
  'extraData',
  'mixHash',
  'nonce',
  'baseFeePerGas',
  'withdrawalsRoot',
  'blobGasUsed',
  'excessBlobGas',
  'parentBeaconBlockRoot',
  'requestsHash',
];

/** Decodes a Prague header. The ledger made the bytes, so anything else is a defect. */
export function decodeHeader(rlp: Uint8Array): HeaderFields {
  const items = decodeItems(rlp);
  const fields: Partial<Record<keyof HeaderFields, Uint8Array>> = {};
  order.forEach((name, index) => {
    fields[name] = items[index] as Uint8Array;
  });
  return fields as HeaderFields;
}

function decodeItems(rlp: Uint8Array): readonly unknown[] {
  const items: unknown = RLP.decode(rlp);
  invariant(Array.isArray(items) && items.length === order.length, 'a header has the fields of Prague', {
    fields: Array.isArray(items) ? items.length : 0,
  });
  return items;
}
