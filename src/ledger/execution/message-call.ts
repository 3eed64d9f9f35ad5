import type { Block } from '@ethereumjs/block';
import type { Common } from '@ethereumjs/common';
import { createLegacyTx, getCalldataFloorGas } from '@ethereumjs/tx';
import { bigIntMax, bigIntMin, Address as EvmAddress } from '@ethereumjs/util';
import { type Address, fromHex } from '../../crypto/index.ts';
import type { CallRequest, CallResult } from '../ledger.ts';
import type { Engine } from './evm-engine.ts';

const ZERO_ADDRESS: Address = '0x0000000000000000000000000000000000000000';

export function evmAddress(address: Address): EvmAddress {
  return new EvmAddress(fromHex(address));
}

/** Gas that a call costs before and apart from its execution, as a transaction with the same content would. */
export interface UpfrontGas {
  readonly intrinsic: bigint;
  /** The least the whole can cost (EIP-7623). */
  readonly floor: bigint;
  /** The least gas limit a transaction with this content may have. */
  readonly minimum: bigint;
}

export function upfrontGas(request: CallRequest, rules: Common): UpfrontGas {
  const content = {
    data: request.data ?? new Uint8Array(0),
    gasLimit: 0xffffffffn,
    ...(request.to !== undefined && { to: fromHex(request.to) }),
  };
  const transaction = createLegacyTx(content, { common: rules, freeze: false });
  const intrinsic = transaction.getIntrinsicGas();
  const floor = getCalldataFloorGas(transaction);
  return { intrinsic, floor, minimum: bigIntMax(intrinsic, floor) };
}

/** A call's result with the gas that a transaction would be charged, and how much of it was refunded. */
export interface MeteredResult extends CallResult {
  readonly gasRefunded: bigint;
}

/**
 * Runs a message as a transaction would run it, without signature, nonce or fee, and leaves no trace in the engine.
 * `gas` includes the intrinsic gas.
 */
export async function runMessage(
  engine: Engine,
  request: CallRequest,
  options: { readonly block: Block; readonly gas: bigint; readonly upfront: UpfrontGas; readonly isStatic?: boolean },
): Promise<MeteredResult> {
  const { evm, state } = engine;
  const caller = evmAddress(request.from ?? ZERO_ADDRESS);
  const { block, gas, upfront } = options;
  warmUp(engine, [caller.bytes, block.header.coinbase.bytes, ...(request.to === undefined ? [] : [fromHex(request.to)])]);
  await state.checkpoint();
  try {
    const { execResult } = await evm.runCall({
      block,
      caller,
      gasLimit: gas - upfront.intrinsic,
      value: request.value ?? 0n,
      data: request.data ?? new Uint8Array(0),
      gasPrice: 0n,
      ...(request.to !== undefined && { to: evmAddress(request.to) }),
      ...(options.isStatic === true && { isStatic: true, skipNonceIncrement: true }),
    });
    state.assertReadable();
    const spent = upfront.intrinsic + execResult.executionGasUsed;
    const refundMax = spent / 5n;
    const refund = execResult.gasRefund ?? 0n;
    const gasRefunded = bigIntMin(refund, refundMax);
    const gasUsed = bigIntMax(spent - gasRefunded, upfront.floor);
    const error = execResult.exceptionError?.error;
    return {
      success: error === undefined,
      returnData: execResult.returnValue,
      gasUsed,
      gasRefunded,
      ...(error !== undefined && { error }),
    };
  } finally {
    await state.revert();
    evm.journal.cleanJournal();
    evm.transientStorage.clear();
    state.originalStorageCache.clear();
  }
}

/** What a transaction finds warm at its start (EIP-2929, EIP-3651). */
function warmUp(engine: Engine, addresses: readonly Uint8Array[]): void {
  for (const precompile of engine.evm.precompiles.keys()) engine.evm.journal.addAlwaysWarmAddress(precompile);
  for (const address of addresses) engine.evm.journal.addAlwaysWarmAddress(new EvmAddress(address).toString());
}
