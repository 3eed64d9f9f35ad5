import { createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx';
import type { Address, Hex } from '../../crypto/index.ts';
import { chainRules } from '../execution/chain-rules.ts';
import type { PlainTransaction } from './plain-transaction.ts';
import type { SignedTransaction } from './transaction-codec.ts';
import type { TransactionFields } from './transaction-fields.ts';

/**
 * A transaction that was decoded without the library. The library's object costs more than all else that a simple
 * transaction needs; it is made when the EVM or a reader asks for it, and is told the public key that was recovered.
 */
export class DecodedTransaction implements SignedTransaction {
  readonly raw: Uint8Array;
  readonly hash: Hex;
  readonly sender: Address;
  readonly fields: TransactionFields;
  private readonly publicKey: Uint8Array;
  private readonly chainId: number;
  private made: TypedTransaction | undefined;

  constructor(plain: PlainTransaction, known: { readonly raw: Uint8Array; readonly hash: Hex; readonly chainId: number }) {
    this.raw = known.raw;
    this.hash = known.hash;
    this.chainId = known.chainId;
    this.sender = plain.sender;
    this.fields = plain.fields;
    this.publicKey = plain.publicKey;
  }

  get transaction(): TypedTransaction {
    if (this.made === undefined) {
      const made = createTxFromRLP(this.raw, { common: chainRules(this.chainId) }) as TypedTransaction;
      made.cache.senderPubKey = this.publicKey;
      this.made = made;
    }
    return this.made;
  }
}
