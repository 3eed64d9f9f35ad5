import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { TreadleError } from '../../../errors.ts';
import { contentTooLarge } from '../../outside-gate.ts';

/** The encodings of a body that are understood. */
export const ACCEPT_ENCODING = 'gzip, deflate, br';

/**
 * Reads a body, unpacked, and gives up as soon as it is larger than allowed: what a server announces and how well it
 * packs is its business, not ours.
 *
 * @throws TreadleError OUTSIDE_TOO_LARGE | OUTSIDE_REFUSED, or what the stream failed with
 */
export async function readBody(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw contentTooLarge(maxBytes);
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of unpacked(response) as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > maxBytes) throw contentTooLarge(maxBytes);
    parts.push(part);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

function unpacked(response: IncomingMessage): Readable {
  const encoding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  switch (encoding) {
    case 'identity':
    case '':
      return response;
    case 'gzip':
    case 'x-gzip':
      return pipeline(response, createGunzip(), () => {});
    case 'deflate':
      return pipeline(response, createInflate(), () => {});
    case 'br':
      return pipeline(response, createBrotliDecompress(), () => {});
    default:
      throw new TreadleError('OUTSIDE_REFUSED', { detail: 'the source packs its answer in a way that was not asked for' });
  }
}
