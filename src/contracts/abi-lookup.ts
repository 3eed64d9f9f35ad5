import {
  type Abi,
  type AbiEvent,
  encodeFunctionData,
  type PrepareEncodeFunctionDataReturnType,
  prepareEncodeFunctionData,
  toEventSelector,
} from 'viem';
import type { Hex } from '../crypto/index.ts';
import { rememberByIdentity } from '../remember.ts';

/** A function of an ABI as viem wants it back: found and hashed already. */
type PreparedFunction = PrepareEncodeFunctionDataReturnType<Abi, string>;

const preparedOf = rememberByIdentity((_abi: Abi) => new Map<string, PreparedFunction>());

/** Calldata of a function; what depends on the ABI alone (finding the function, hashing its signature) is done once. */
export function encodeCall(abi: Abi, functionName: string, args: readonly unknown[]): Hex {
  const prepared = preparedOf(abi);
  const known = prepared.get(functionName);
  if (known !== undefined) return encodeFunctionData({ ...known, args });
  const found = prepareEncodeFunctionData({ abi, functionName, args });
  // Of functions that share a name the arguments decide.
  const namesakes = abi.filter((item) => item.type === 'function' && item.name === functionName);
  if (namesakes.length === 1) prepared.set(functionName, found);
  return encodeFunctionData({ ...found, args });
}

const eventsOf = rememberByIdentity((abi: Abi): ReadonlyMap<Hex, AbiEvent> => {
  const events = abi.filter((item) => item.type === 'event');
  return new Map(events.map((event) => [toEventSelector(event), event]));
});

/** The event of an ABI with this first topic. */
export function eventWith(abi: Abi, topic: Hex): AbiEvent | undefined {
  return eventsOf(abi).get(topic);
}
