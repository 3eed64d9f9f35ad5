import { rememberByIdentity } from './remember.ts';

/**
 * The members of a list as a set. It is made once for each list object that is never changed, such as the sealers of a
 * height: looking somebody up in it does not walk the list for every message.
 */
export function setOf<T>(list: readonly T[]): ReadonlySet<T> {
  return sets(list) as ReadonlySet<T>;
}

const sets = rememberByIdentity((list: readonly unknown[]): ReadonlySet<unknown> => new Set(list));
