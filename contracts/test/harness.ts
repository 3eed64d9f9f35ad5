import { type Block, createBlock } from '@ethereumjs/block';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createEVM } from '@ethereumjs/evm';
import { createFeeMarket1559Tx } from '@ethereumjs/tx';
import { createAddressFromString } from '@ethereumjs/util';
import { createVM, runTx, type VM } from '@ethereumjs/vm';
import secp256k1 from 'secp256k1';
import {
  type Abi,
  type ContractEventName,
  type ContractFunctionArgs,
  type ContractFunctionName,
  type ContractFunctionReturnType,
  decodeErrorResult,
  decodeEventLog,
  decodeFunctionResult,
  encodeDeployData,
  encodeFunctionData,
} from 'viem';
import {
  type Address,
  drawKey,
  fromHex,
  type Hex,
  keccak256,
  keyFrom,
  type NodeKey,
  sha256,
  toAddress,
  toHex,
} from '../../src/crypto/index.ts';
import { blsPrecompiles } from '../../src/ledger/execution/precompiles/bls-precompiles.ts';
import { FlatState } from './flat-state.ts';

export const CHAIN_ID = 7400;
/** Gas a call or a transaction of a test may use: what the ledger allows. */
const GAS_MAX = 100_000_000n;
const START_SECONDS = 1_800_000_000;

export interface SentTransaction {
  readonly success: boolean;
  /** As a receipt would have it: intrinsic gas, execution, refunds. */
  readonly gasUsed: bigint;
  readonly returnData: Hex;
  readonly logs: readonly { readonly address: Address; readonly topics: readonly Hex[]; readonly data: Hex }[];
  readonly createdAddress: Address | undefined;
}

/** A call that the contract refused, with its decoded reason. */
export class Refusal extends Error {
  readonly reason: string;
  readonly args: readonly unknown[];

  constructor(reason: string, args: readonly unknown[]) {
    super(`${reason}(${args.map(String).join(', ')})`);
    this.reason = reason;
    this.args = args;
  }
}

/** An EVM with accounts and a clock, and nothing else of a chain. */
export interface TestChain {
  readonly chainId: number;
  readonly common: Common;
  now(): number;
  /** The block that transactions and calls run in. */
  height(): number;
  /** What `BLOCKHASH` answers for an earlier block. */
  hashOf(height: number): Hex;
  advance(seconds: number): void;
  /** Goes on by so many blocks of a second each. */
  mine(blocks: number): void;
  fund(account: Address, wei: bigint): Promise<void>;
  balance(account: Address): Promise<bigint>;
  nonce(account: Address): Promise<bigint>;
  send(from: Address, call: { to?: Address; data?: Hex; value?: bigint; gas?: bigint }): Promise<SentTransaction>;
  call(
    from: Address,
    call: { to: Address; data: Hex; value?: bigint },
  ): Promise<{ success: boolean; returnData: Hex; gasUsed: bigint }>;
  /** Runs a constructor at a fixed address, as the genesis does. */
  place(address: Address, initCode: Hex): Promise<void>;
}

/** Makes an empty chain. */
export async function createChain(chainId = CHAIN_ID): Promise<TestChain> {
  const common = rules(chainId);
  const state = new FlatState();
  const hashOf = (height: number) => toHex(keccak256(new TextEncoder().encode(`block ${height}`)));
  const blockchain = {
    getBlock: async (height: number) => ({ hash: () => fromHex(hashOf(height)) }),
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  };
  const evm = await createEVM({ common, stateManager: state, blockchain, bls: blsPrecompiles });
  const vm: VM = await createVM({ common, stateManager: state, evm, blockchain });
  let seconds = START_SECONDS;
  let number = 1;
  let block = blockAt(common, { number, seconds });
  const forgetTransaction = () => {
    evm.journal.cleanJournal();
    evm.transientStorage.clear();
    state.originalStorageCache.clear();
  };
  return {
    chainId,
    common,
    now: () => seconds,
    height: () => number,
    hashOf,
    advance(by) {
      seconds += by;
      block = blockAt(common, { number, seconds });
    },
    mine(blocks) {
      number += blocks;
      seconds += blocks;
      block = blockAt(common, { number, seconds });
    },
    async fund(account, wei) {
      const address = createAddressFromString(account);
      const before = (await state.getAccount(address))?.balance ?? 0n;
      await state.modifyAccountFields(address, { balance: before + wei });
    },
    async balance(account) {
      return (await state.getAccount(createAddressFromString(account)))?.balance ?? 0n;
    },
    async nonce(account) {
      return (await state.getAccount(createAddressFromString(account)))?.nonce ?? 0n;
    },
    async send(from, call) {
      const sender = createAddressFromString(from);
      const tx = createFeeMarket1559Tx(
        {
          chainId,
          nonce: (await state.getAccount(sender))?.nonce ?? 0n,
          gasLimit: call.gas ?? GAS_MAX,
          ...(call.to !== undefined && { to: createAddressFromString(call.to) }),
          data: call.data ?? '0x',
          value: call.value ?? 0n,
          v: 0n,
          r: 1n,
          s: 1n,
        },
        { common, freeze: false },
      );
      // Whose transaction it is stands in the test; the contracts' own signatures are real.
      tx.getSenderAddress = () => sender;
      const result = await runTx(vm, { tx, block, skipBlockGasLimitValidation: true, skipHardForkValidation: true });
      const { exceptionError, returnValue, logs } = result.execResult;
      return {
        success: exceptionError === undefined,
        gasUsed: result.totalGasSpent,
        returnData: toHex(returnValue),
        logs: (exceptionError === undefined ? (logs ?? []) : []).map(([address, topics, data]) => ({
          address: toHex(address),
          topics: topics.map(toHex),
          data: toHex(data),
        })),
        createdAddress: result.createdAddress && toAddress(result.createdAddress.toString()),
      };
    },
    async call(from, call) {
      await evm.journal.checkpoint();
      const result = await evm.runCall({
        block,
        caller: createAddressFromString(from),
        to: createAddressFromString(call.to),
        data: fromHex(call.data),
        value: call.value ?? 0n,
        gasLimit: GAS_MAX,
      });
      await evm.journal.revert();
      forgetTransaction();
      const { exceptionError, returnValue, executionGasUsed } = result.execResult;
      return { success: exceptionError === undefined, returnData: toHex(returnValue), gasUsed: executionGasUsed };
    },
    async place(address, initCode) {
      const at = createAddressFromString(address);
      await evm.journal.checkpoint();
      await state.modifyAccountFields(at, { nonce: 1n });
      const genesis = blockAt(common, { number: 0, seconds });
      const result = await evm.runCode({ block: genesis, code: fromHex(initCode), to: at, gasLimit: GAS_MAX });
      if (result.exceptionError) {
        await evm.journal.revert();
        forgetTransaction();
        throw new Error(`constructor failed: ${toHex(result.returnValue)}`);
      }
      await state.putCode(at, Uint8Array.from(result.returnValue));
      await evm.journal.commit();
      forgetTransaction();
    },
  };
}

type WriteName<A extends Abi> = ContractFunctionName<A, 'nonpayable' | 'payable'>;
type ReadName<A extends Abi> = ContractFunctionName<A, 'view' | 'pure'>;

/** A decoded event. */
export interface SeenEvent<A extends Abi> {
  readonly name: ContractEventName<A>;
  readonly args: Readonly<Record<string, unknown>>;
}

/** One contract on a test chain. */
export interface TestContract<A extends Abi> {
  readonly address: Address;
  readonly abi: A;
  /** @throws Refusal */
  read<N extends ReadName<A>>(
    name: N,
    args: ContractFunctionArgs<A, 'view' | 'pure', N>,
    from?: Address,
  ): Promise<ContractFunctionReturnType<A, 'view' | 'pure', N>>;
  /** Gas that a view uses, without what a transaction adds. */
  readGas<N extends ReadName<A>>(name: N, args: ContractFunctionArgs<A, 'view' | 'pure', N>): Promise<bigint>;
  /** @throws Refusal */
  write<N extends WriteName<A>>(
    from: Address,
    name: N,
    args: ContractFunctionArgs<A, 'nonpayable' | 'payable', N>,
    value?: bigint,
  ): Promise<{ readonly gasUsed: bigint; readonly events: readonly SeenEvent<A>[]; readonly returnData: Hex }>;
}

/** Binds an ABI to an address. */
export function contractAt<const A extends Abi>(chain: TestChain, address: Address, abi: A): TestContract<A> {
  const encode = (functionName: string, args: unknown) =>
    encodeFunctionData({ abi: abi as Abi, functionName, args: args as readonly unknown[] });
  return {
    address,
    abi,
    async read(name, args, from = NOBODY) {
      const result = await chain.call(from, { to: address, data: encode(name, args) });
      if (!result.success) throw refusalOf(abi, result.returnData);
      return decodeFunctionResult({ abi: abi as Abi, functionName: name as string, data: result.returnData }) as never;
    },
    async readGas(name, args) {
      const result = await chain.call(NOBODY, { to: address, data: encode(name, args) });
      if (!result.success) throw refusalOf(abi, result.returnData);
      return result.gasUsed;
    },
    async write(from, name, args, value = 0n) {
      const result = await chain.send(from, { to: address, data: encode(name, args), value });
      if (!result.success) throw refusalOf(abi, result.returnData);
      const events = result.logs
        .filter((log) => log.address === address)
        .map((log) => {
          const decoded = decodeEventLog({ abi: abi as Abi, topics: [...log.topics] as [Hex, ...Hex[]], data: log.data });
          return {
            name: decoded.eventName as unknown as ContractEventName<A>,
            args: (decoded.args ?? {}) as Record<string, unknown>,
          };
        });
      return { gasUsed: result.gasUsed, events, returnData: result.returnData };
    },
  };
}

/** Places a contract with its constructor's arguments and binds it. */
export async function placeContract<const A extends Abi>(
  chain: TestChain,
  address: Address,
  artifact: { readonly abi: A; readonly bytecode: Hex },
  args: readonly unknown[],
): Promise<TestContract<A>> {
  await chain.place(address, encodeDeployData({ abi: artifact.abi as Abi, bytecode: artifact.bytecode, args }));
  return contractAt(chain, address, artifact.abi);
}

export const NOBODY: Address = '0x00000000000000000000000000000000000000ff';

/** A reproducible key. */
export function keyOf(name: string): NodeKey {
  const seed = sha256(new TextEncoder().encode(name));
  try {
    return keyFrom(seed);
  } catch {
    return drawKey(() => sha256(seed));
  }
}

/** A reproducible address without a key. */
export function addressFor(name: string): Address {
  return toHex(keccak256(new TextEncoder().encode(name)).subarray(12));
}

function refusalOf(abi: Abi, data: Hex): Error {
  if (data === '0x') return new Refusal('out of gas or no reason', []);
  const decoded = decodeErrorResult({ abi, data });
  return new Refusal(decoded.errorName, (decoded.args ?? []) as readonly unknown[]);
}

function blockAt(common: Common, { number, seconds }: { readonly number: number; readonly seconds: number }): Block {
  const header = { number, timestamp: seconds, gasLimit: 300_000_000n, baseFeePerGas: 0n };
  return createBlock({ header }, { common, skipConsensusFormatValidation: true });
}

function rules(chainId: number): Common {
  return new Common({
    chain: { ...Mainnet, name: `test-${chainId}`, chainId, hardforks: Mainnet.hardforks.map(({ name }) => ({ name, block: 0 })) },
    hardfork: Hardfork.Prague,
    customCrypto: { keccak256, sha256, ecrecover },
  });
}

function ecrecover(hash: Uint8Array, v: bigint, r: Uint8Array, s: Uint8Array): Uint8Array {
  const signature = new Uint8Array(64);
  signature.set(r, 32 - r.length);
  signature.set(s, 64 - s.length);
  return secp256k1.ecdsaRecover(signature, Number(v < 2n ? v : v - 27n), hash, false).subarray(1);
}
