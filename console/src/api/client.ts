import type { ApiErrorBody } from '../../../src/node/api/types.ts';

/** What the node answered instead of the thing asked for, or that it did not answer. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }
}

const TIMEOUT_MS = 15_000;

/** Asks the node that serves this page. @throws ApiError */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  try {
    response = await fetch(path, {
      headers: { accept: 'application/json' },
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ApiError(0, 'UNREACHABLE', limit.aborted ? 'The node did not answer in time.' : 'The node cannot be reached.');
  }
  if (!response.ok) throw await failureOf(response);
  return (await response.json()) as T;
}

async function failureOf(response: Response): Promise<ApiError> {
  try {
    const body = (await response.json()) as ApiErrorBody;
    return new ApiError(response.status, body.error.code, body.error.message);
  } catch {
    return new ApiError(response.status, 'HTTP_ERROR', `The node answered with status ${response.status}.`);
  }
}

/** A path with a query; undefined and empty values are left out. */
export function withQuery(path: string, query: Readonly<Record<string, string | number | undefined>>): string {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') text.set(name, String(value));
  const tail = text.toString();
  return tail === '' ? path : `${path}?${tail}`;
}
