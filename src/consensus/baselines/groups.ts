import type { Address } from '../../crypto/index.ts';
import { invariant } from '../../errors.ts';

/** Splits the sealers, in their order, into groups whose sizes differ by one at most. */
export function splitIntoGroups(sealers: readonly Address[], groups: number): readonly (readonly Address[])[] {
  invariant(groups >= 1 && groups <= sealers.length, 'every group has a member', { groups, sealers: sealers.length });
  const bound = (group: number): number => Math.floor((group * sealers.length) / groups);
  return Array.from({ length: groups }, (_, group) => sealers.slice(bound(group), bound(group + 1)));
}
