import { TreadleError } from '../../../errors.ts';
import type { QueryAccess } from '../../outside-config.ts';

/**
 * The text of the query that a source asks for: by its name, or where the operator trusts those who ask, as it stands there.
 *
 * @throws TreadleError OUTSIDE_NOT_ALLOWED
 */
export function chosenQuery({ queries = {}, anyQuery = false }: QueryAccess, query: string): string {
  const named = Object.hasOwn(queries, query) ? queries[query] : undefined;
  if (named !== undefined) return named;
  if (anyQuery) return query;
  throw new TreadleError('OUTSIDE_NOT_ALLOWED', {
    detail: 'this node runs the queries of its configuration only, by their names',
  });
}
