import type { Block } from '@ethereumjs/block';
import { type Address, compareBytes, fromHex, keccak256, toAddress, toHex } from '../../crypto/index.ts';
import { SEALERS_CALL_GAS, SEALERS_MAX } from '../../limits.ts';
import type { Engine } from './evm-engine.ts';
import { runMessage } from './message-call.ts';

const SEALERS_CALL = keccak256(new TextEncoder().encode('sealers()')).subarray(0, 4);
const NO_UPFRONT = { intrinsic: 0n, floor: 0n, minimum: 0n };

/** The governance contract's answer, ascending; or why it cannot be used. */
export type SealersAnswer = { readonly sealers: readonly Address[] } | { readonly unusable: string };

/** Asks the contract at `governance` who seals next, in the state that the engine holds now. */
export async function askSealers(engine: Engine, governance: Address, block: Block): Promise<SealersAnswer> {
  const request = { to: governance, data: SEALERS_CALL };
  const result = await runMessage(engine, request, { block, gas: SEALERS_CALL_GAS, upfront: NO_UPFRONT, isStatic: true });
  if (!result.success) return { unusable: `the governance contract failed: ${result.error ?? 'unknown error'}` };
  return readAddressList(result.returnData);
}

/** Decodes an ABI-encoded `address[]`. */
export function readAddressList(data: Uint8Array): SealersAnswer {
  const length = wordAt(data, 32);
  if (wordAt(data, 0) !== 32 || length === undefined)
    return { unusable: 'the governance contract did not answer with a list of addresses' };
  if (length === 0) return { unusable: 'the governance contract answered with no sealers' };
  if (length > SEALERS_MAX)
    return { unusable: `the governance contract answered with ${length} sealers, at most ${SEALERS_MAX} can vote` };
  if (data.length < 64 + 32 * length) return { unusable: 'the governance contract answered with too few bytes' };
  const sealers: Address[] = [];
  for (let at = 0; at < length; at++) {
    const word = data.subarray(64 + 32 * at, 96 + 32 * at);
    if (word.subarray(0, 12).some((byte) => byte !== 0))
      return { unusable: 'the governance contract answered with a value that is no address' };
    sealers.push(toAddress(toHex(word.subarray(12))));
  }
  sealers.sort((left, right) => compareBytes(fromHex(left), fromHex(right)));
  if (new Set(sealers).size !== sealers.length) return { unusable: 'the governance contract names a sealer twice' };
  return { sealers };
}

function wordAt(data: Uint8Array, offset: number): number | undefined {
  if (data.length < offset + 32) return undefined;
  let value = 0;
  for (let at = offset; at < offset + 32; at++) {
    value = value * 256 + (data[at] as number);
    if (value > 0xffffffff) return undefined;
  }
  return value;
}
