import type { SigningDomain } from '../../contracts/index.ts';
import { type Address, type Hex, type NodeKey, recoverAddress } from '../../crypto/index.ts';
import { typedStruct } from '../signing/typed-data.ts';

/** A payment for one task, on its way to the edge node that did the work. */
export interface Payment {
  readonly taskId: Hex;
  /** The edge node whom it is for. */
  readonly node: Address;
  readonly amountWei: bigint;
}

/** A payee's word that it holds, on disk, a voucher that covers this payment. */
export interface Receipt {
  readonly taskId: Hex;
  readonly amountWei: bigint;
  readonly channelId: Hex;
  /** The voucher that covers it is worth at least this in all. */
  readonly cumulativeWei: bigint;
  readonly payee: Address;
  readonly signature: Uint8Array;
}

const struct = typedStruct(
  'Treadle Market',
  'Receipt(bytes32 taskId,uint256 amountWei,bytes32 channelId,uint256 cumulativeAmountWei,address payee)',
);

function digest(domain: SigningDomain, receipt: Omit<Receipt, 'signature'>): Uint8Array {
  return struct.digest(domain, [
    { bytes32: receipt.taskId },
    { uint: receipt.amountWei },
    { bytes32: receipt.channelId },
    { uint: receipt.cumulativeWei },
    { address: receipt.payee },
  ]);
}

/** Signs a receipt (EIP-712, domain "Treadle Market" of the channel contract). The caller holds the voucher on disk already. */
export function signReceipt(domain: SigningDomain, key: NodeKey, facts: Omit<Receipt, 'signature' | 'payee'>): Receipt {
  const receipt = { ...facts, payee: key.address };
  return { ...receipt, signature: key.sign(digest(domain, receipt)) };
}

/** True when `payee` of the receipt signed it for this chain and contract. */
export function receiptIsValid(domain: SigningDomain, receipt: Receipt): boolean {
  return recoverAddress(digest(domain, receipt), receipt.signature) === receipt.payee;
}
