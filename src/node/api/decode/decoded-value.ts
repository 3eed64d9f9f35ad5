import type { AbiParameter } from 'viem';
import { toAddress } from '../../../crypto/index.ts';
import { API_DECODED_ITEMS_MAX } from '../../../limits.ts';
import type { DecodedValue, Party } from '../types.ts';
import { printableText } from './bytes-text.ts';
import { enumName } from './enum-name.ts';

type PartyOf = (address: `0x${string}`) => Party;

/** Decoded arguments (a list, or an object by name as viem gives events and errors) as text. */
export function decodedValues(inputs: readonly AbiParameter[], args: unknown, partyOf: PartyOf): DecodedValue[] {
  return inputs.map((input, at) => {
    const value = Array.isArray(args) ? args[at] : (args as Readonly<Record<string, unknown>> | undefined)?.[input.name ?? ''];
    return decodedValue(input, value, partyOf);
  });
}

/** One decoded value: lists and structs nest, names of enums and text in a bytes32 are spelled out. */
export function decodedValue(input: AbiParameter, value: unknown, partyOf: PartyOf): DecodedValue {
  const head = { name: input.name ?? '', type: typeName(input) };
  if (Array.isArray(value) && input.type.endsWith(']')) {
    const element = { ...input, name: '', type: input.type.slice(0, input.type.lastIndexOf('[')) };
    const shown = value.slice(0, API_DECODED_ITEMS_MAX).map((item) => decodedValue(element, item, partyOf));
    const hidden = value.length - shown.length;
    const rest: DecodedValue[] = hidden > 0 ? [{ name: '', type: '', value: `${hidden} more` }] : [];
    return { ...head, value: [...shown, ...rest] };
  }
  if (input.type === 'tuple' && 'components' in input) return { ...head, value: decodedValues(input.components, value, partyOf) };
  if (input.type === 'address' && typeof value === 'string') {
    const address = toAddress(value);
    return { ...head, value: address, party: partyOf(address) };
  }
  return { ...head, value: textOf(input, value) };
}

/** "enum EdgeRegistry.Reason" reads better than "uint8", "struct EdgeRegistry.NodeSpec" than "tuple". */
function typeName(input: AbiParameter): string {
  const internal = input.internalType;
  return internal !== undefined && /^(enum|struct) /.test(internal) ? internal : input.type;
}

function textOf(input: AbiParameter, value: unknown): string {
  if (typeof value === 'string') return (input.type === 'bytes32' ? printableText(value as `0x${string}`) : undefined) ?? value;
  return enumName(typeName(input), value) ?? String(value);
}
