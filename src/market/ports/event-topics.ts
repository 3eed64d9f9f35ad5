import { type Abi, toEventSelector } from 'viem';
import type { Hex } from '../../crypto/index.ts';

/** The first topic of each event of a contract, so that a log is told apart without decoding it. */
export function eventTopics<const N extends string>(abi: Abi, names: readonly N[]): Readonly<Record<N, Hex>> {
  const topics = names.map((name) => {
    const event = abi.find((entry) => entry.type === 'event' && entry.name === name);
    if (event?.type !== 'event') throw new RangeError(`the contract has no event ${name}`);
    return [name, toEventSelector(event)] as const;
  });
  return Object.fromEntries(topics) as Record<N, Hex>;
}
