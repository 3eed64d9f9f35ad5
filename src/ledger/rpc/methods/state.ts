import { toHex } from '../../../crypto/index.ts';
import { RPC_PROOF_SLOTS_MAX } from '../../../limits.ts';
import type { AccountProof } from '../../ledger.ts';
import { type Method, type MethodTable, method, optional, type Parser, required } from '../method.ts';
import { headerAt, parseBlockId } from '../parse-block-id.ts';
import { padLeft, parseAddress, parseSlot, quantity, quantityOfBytes } from '../quantity.ts';
import { invalidParameter, rpcError } from '../rpc-error.ts';
import type { RpcServices } from '../services.ts';

const address = required('address', parseAddress);
const block = optional('block', parseBlockId, 'latest' as const);

/** Accounts, code and storage at a block. */
export function stateMethods(services: RpcServices): MethodTable {
  return {
    eth_getBalance: balanceMethod(services),
    eth_getTransactionCount: transactionCountMethod(services),
    eth_getCode: codeMethod(services),
    eth_getStorageAt: storageMethod(services),
    eth_getProof: proofMethod(services),
  };
}

function balanceMethod({ ledger }: RpcServices): Method {
  return method('Balance of an account in wei.', [address, block], async ([account, id]) => {
    const { number } = await headerAt(ledger, id);
    return quantity((await ledger.account(account, number))?.balance ?? 0n);
  });
}

function transactionCountMethod({ ledger }: RpcServices): Method {
  return method(
    'Next nonce of an account; "pending" counts its pooled transactions.',
    [address, block],
    async ([account, id]) => {
      if (id === 'pending') return quantity(await ledger.pendingNonce(account));
      const { number } = await headerAt(ledger, id);
      return quantity((await ledger.account(account, number))?.nonce ?? 0n);
    },
  );
}

function codeMethod({ ledger }: RpcServices): Method {
  return method('Code of a contract; "0x" for other accounts.', [address, block], async ([account, id]) => {
    const { number } = await headerAt(ledger, id);
    return toHex(await ledger.code(account, number));
  });
}

function storageMethod({ ledger }: RpcServices): Method {
  return method(
    'One storage slot of a contract, 32 bytes.',
    [address, required('slot', parseSlot), block],
    async ([account, slot, id]) => {
      const { number } = await headerAt(ledger, id);
      return toHex(padLeft(await ledger.storage(account, slot, number), 32));
    },
  );
}

function proofMethod({ ledger }: RpcServices): Method {
  return method(
    'Merkle proof of an account and of storage slots.',
    [address, required('slots', parseSlots), block],
    async ([account, slots, id]) => {
      const { number } = await headerAt(ledger, id);
      const proof = await ledger.proof(
        account,
        slots.map((slot) => slot.bytes),
        number,
      );
      return {
        address: account,
        balance: quantity(proof.account.balance),
        nonce: quantity(proof.account.nonce),
        codeHash: proof.account.codeHash,
        storageHash: proof.account.storageRoot,
        accountProof: proof.accountProof.map(toHex),
        storageProof: proof.storageProof.map((entry, index) => formatSlotProof(entry, slots[index]?.asked)),
      };
    },
  );
}

/** The key comes back in the form in which it was asked for: clients compare the two. */
function formatSlotProof(entry: AccountProof['storageProof'][number], asked: string | undefined): Record<string, unknown> {
  return { key: asked ?? toHex(entry.slot), value: quantityOfBytes(entry.value), proof: entry.proof.map(toHex) };
}

const parseSlots: Parser<readonly { readonly asked: string; readonly bytes: Uint8Array }[]> = (value, where) => {
  if (!Array.isArray(value)) throw invalidParameter(where, 'an array of storage slots', value);
  if (value.length > RPC_PROOF_SLOTS_MAX) {
    throw rpcError('RPC_LIMIT', { detail: `${where} lists ${value.length} slots; at most ${RPC_PROOF_SLOTS_MAX} are allowed` });
  }
  return value.map((slot: unknown, index) => ({ bytes: parseSlot(slot, `${where}[${index}]`), asked: String(slot) }));
};
