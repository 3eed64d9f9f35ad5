import { z } from 'zod';
import { TreadleError } from '../../errors.ts';
import { API_PAGE_ROWS_DEFAULT, API_PAGE_ROWS_MAX, API_SEARCH_CHARACTERS_MAX } from '../../limits.ts';

const whole = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const limit = whole.pipe(z.number().min(1).max(API_PAGE_ROWS_MAX)).default(API_PAGE_ROWS_DEFAULT);
const text = z
  .string()
  .max(API_SEARCH_CHARACTERS_MAX)
  .transform((value) => value.trim().toLowerCase());

/** A slice of a list that can be jumped into. */
export const pageQuery = z.object({ offset: whole.default(0), limit });
/** A slice of a list with a text that rows must contain and a state that they must be in. */
export const listQuery = pageQuery.extend({ search: text.default(''), state: text.default('') });
export const taskListQuery = listQuery.extend({ device: text.default(''), node: text.default('') });
export const requestListQuery = listQuery.extend({ job: text.default(''), requester: text.default('') });
export const messageListQuery = listQuery.extend({ direction: z.enum(['', 'out', 'in']).default(''), peer: text.default('') });
export const roundsQuery = z.object({ node: text.default('') });
/** A slice of the chain below a block. */
export const blocksQuery = z.object({ before: whole.optional(), limit });
/** A slice of the chain below a transaction, named by its block and its position there. */
export const transactionsQuery = z.object({
  before: z
    .string()
    .regex(/^\d{1,15}-\d{1,6}$/, 'expected block-position')
    .optional(),
  limit,
});
export const seriesQuery = z.object({ unit: z.enum(['minutes', 'hours', 'days']).default('minutes') });
export const searchQuery = z.object({ q: text.default('') });

/**
 * Reads a query by its schema.
 *
 * @throws {@link TreadleError} API_BAD_QUERY naming the first wrong parameter
 */
export function readQuery<T>(schema: z.ZodType<T>, query: Readonly<Record<string, string>>): T {
  const result = schema.safeParse(query);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const name = issue?.path.join('.') ?? 'query';
  throw new TreadleError('API_BAD_QUERY', {
    detail: `Parameter "${name}": ${issue?.message ?? 'invalid'}`,
    data: { parameter: name },
  });
}
