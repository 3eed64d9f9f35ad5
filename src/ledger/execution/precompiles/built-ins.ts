import type { BuiltIn } from './built-in.ts';
import { chainFacts } from './chain-facts.ts';
import { payloadFacts } from './payload-facts.ts';
import { records } from './records.ts';

/** The contracts that are part of every node of a chain. @param domain - the chain's signature domain, 32 bytes */
export function builtInsOf(domain: Uint8Array | undefined): readonly BuiltIn[] {
  return [chainFacts(domain), records, payloadFacts];
}
