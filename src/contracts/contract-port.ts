import type { Abi, ContractFunctionArgs, ContractFunctionName, ContractFunctionReturnType } from 'viem';
import type { Address } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import { encodeCall } from './abi-lookup.ts';
import { type DecodedEvent, decodeEvent } from './contract-catalog.ts';
import type { BlockTag, LedgerClient } from './ledger-client.ts';
import type { TransactionReceipt } from './rpc-shapes.ts';

type ReadName<A extends Abi> = ContractFunctionName<A, 'view' | 'pure'>;
type WriteName<A extends Abi> = ContractFunctionName<A, 'nonpayable' | 'payable'>;

/** A transaction that went through, with what the contract said in it. */
export interface Executed {
  readonly receipt: TransactionReceipt;
  readonly events: readonly DecodedEvent[];
}

/** One contract seen through a ledger client: what the typed clients are made of. */
export interface ContractPort<A extends Abi> {
  read<N extends ReadName<A>>(
    functionName: N,
    args: ContractFunctionArgs<A, 'view' | 'pure', N>,
    block?: BlockTag,
  ): Promise<ContractFunctionReturnType<A, 'view' | 'pure', N>>;
  write<N extends WriteName<A>>(
    functionName: N,
    args: ContractFunctionArgs<A, 'nonpayable' | 'payable', N>,
    options?: { readonly value?: bigint; readonly gas?: bigint },
  ): Promise<Executed>;
}

/** Binds a contract's ABI and address to a ledger client. */
export function contractPort<const A extends Abi>(ledger: LedgerClient, to: Address, abi: A): ContractPort<A> {
  return {
    read: (functionName, args, block = 'latest') => ledger.call({ to, abi, functionName, args, block }),
    async write(functionName, args, options = {}) {
      const data = encodeCall(abi, functionName as string, args as readonly unknown[]);
      const receipt = await ledger.transact({ to, data, ...options });
      const events = receipt.logs.map(decodeEvent).filter((event) => event !== undefined);
      return { receipt, events };
    },
  };
}

/** The event that a transaction of this kind always leaves. @throws TreadleError CONTRACT_BAD_ANSWER */
export function eventNamed({ events, receipt }: Executed, name: string): DecodedEvent {
  const found = events.find((event) => event.name === name);
  if (found !== undefined) return found;
  const detail = `transaction ${receipt.transactionHash} left no event ${name}`;
  throw new TreadleError('CONTRACT_BAD_ANSWER', { detail, data: { transactionHash: receipt.transactionHash } });
}

/** The name of an enum's number. @throws TreadleError CONTRACT_BAD_ANSWER */
export function nameOf<const T extends readonly string[]>(names: T, index: unknown): T[number] {
  const name = names[Number(index)];
  if (name === undefined)
    throw new TreadleError('CONTRACT_BAD_ANSWER', { detail: `no name for value ${String(index)} of an enum` });
  return name;
}
