import { TreadleError } from '../errors.ts';
import { ERROR_BYTES_MAX } from '../limits.ts';
import './errors.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * An error as bytes for the answer to a request. A {@link TreadleError} keeps its code, detail and data (with big
 * integers and byte strings); anything else becomes PEER_INTERNAL, because its text may tell things that are not the peer's business.
 */
export function encodeError(error: unknown): Uint8Array {
  if (!(error instanceof TreadleError)) return encoder.encode(JSON.stringify({ code: 'PEER_INTERNAL' }));
  const full = encoder.encode(JSON.stringify({ code: error.code, detail: error.detail, data: error.data }, tagged));
  if (full.length <= ERROR_BYTES_MAX) return full;
  return encoder.encode(JSON.stringify({ code: error.code, detail: error.detail.slice(0, 4096) }));
}

/** The inverse of {@link encodeError}; bytes that are no error become PEER_INTERNAL. */
export function decodeError(bytes: Uint8Array): TreadleError {
  try {
    const { code, detail, data } = JSON.parse(decoder.decode(bytes), untagged) as Record<string, unknown>;
    if (typeof code !== 'string' || !/^[A-Z][A-Z0-9_]{0,63}$/.test(code)) return new TreadleError('PEER_INTERNAL');
    return new TreadleError(code, {
      ...(typeof detail === 'string' && { detail }),
      ...(typeof data === 'object' && data !== null && { data: data as Record<string, unknown> }),
    });
  } catch {
    return new TreadleError('PEER_INTERNAL');
  }
}

function tagged(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: value.toString() };
  if (value instanceof Uint8Array) return { $bytes: [...value] };
  return value;
}

function untagged(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { $bigint, $bytes } = value as { $bigint?: unknown; $bytes?: unknown };
  if (typeof $bigint === 'string' && /^-?\d{1,4096}$/.test($bigint)) return BigInt($bigint);
  if (Array.isArray($bytes)) return Uint8Array.from($bytes as number[]);
  return value;
}
