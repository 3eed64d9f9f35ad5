import { TreadleError } from '../../../errors.ts';

/** What a read answers when there is no connection, or none that lasts. Only the code of the cause is told: its text may name secrets. */
export function unreachable(what: string, cause: unknown): TreadleError {
  const code = codeOf(cause);
  return new TreadleError('OUTSIDE_UNREACHABLE', {
    detail: `${what} cannot be reached${code === undefined ? '' : ` (${code})`}`,
    ...(code !== undefined && { data: { code } }),
    cause,
  });
}

function codeOf(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null) return undefined;
  const { code, errors } = cause as { readonly code?: unknown; readonly errors?: readonly unknown[] };
  if (typeof code === 'string' || typeof code === 'number') return String(code);
  return errors?.map(codeOf).find((found) => found !== undefined);
}
