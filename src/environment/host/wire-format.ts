import { FRAME_BYTES_MAX, HELLO_BYTES_MAX, PROTOCOL_NAME_BYTES_MAX } from '../../limits.ts';
import type { Message } from '../peer-session.ts';

/** Everything that travels on a stream: the messages of a session, and what the connection itself needs. */
export type WireMessage =
  | Message
  | { readonly type: 'hello'; readonly body: Uint8Array }
  | { readonly type: 'verdict'; readonly verdict: Verdict; readonly reason: string }
  | { readonly type: 'ping' }
  | { readonly type: 'pong' }
  | { readonly type: 'bye'; readonly reason: string };

/** 'duplicate': the other connection between the same two nodes is kept. */
export type Verdict = 'admitted' | 'refused' | 'duplicate';

const TYPES = ['frame', 'request', 'answer', 'failure', 'hello', 'verdict', 'ping', 'pong', 'bye'] as const;
const VERDICTS: readonly Verdict[] = ['admitted', 'refused', 'duplicate'];
/** Longest reason that is sent or read. */
const REASON_BYTES_MAX = 1024;
/** Type, id, length of the protocol name, protocol name. */
const HEADER_BYTES_MAX = 1 + 4 + 1 + PROTOCOL_NAME_BYTES_MAX;

/** Largest message before the peer is admitted, and after. */
export const HANDSHAKE_MESSAGE_BYTES_MAX = HELLO_BYTES_MAX + HEADER_BYTES_MAX;
export const MESSAGE_BYTES_MAX = FRAME_BYTES_MAX + HEADER_BYTES_MAX;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * A message as it travels: length of the rest (4 bytes, big endian), type (1 byte), for requests and answers the id (4
 * bytes), for frames and requests the protocol (length byte and name), then the body.
 */
export function encodeMessage(message: WireMessage): Uint8Array {
  if (message.type !== 'frame') return encodeAnew(message);
  // Most frames go to several peers: they are encoded once.
  const { body, protocol } = message;
  const known = framesEncoded.get(body);
  if (known?.protocol === protocol) return known.bytes;
  const bytes = encodeAnew(message);
  framesEncoded.set(body, { protocol, bytes });
  return bytes;
}

const framesEncoded = new WeakMap<Uint8Array, { readonly protocol: string; readonly bytes: Uint8Array }>();

function encodeAnew(message: WireMessage): Uint8Array {
  const id = 'id' in message ? 4 : 0;
  const protocol = 'protocol' in message ? encoder.encode(message.protocol) : undefined;
  const body = bodyOf(message);
  const length = 1 + id + (protocol === undefined ? 0 : 1 + protocol.length) + body.length;
  const out = new Uint8Array(4 + length);
  const view = new DataView(out.buffer);
  view.setUint32(0, length);
  out[4] = TYPES.indexOf(message.type);
  let at = 5;
  if ('id' in message) {
    view.setUint32(at, message.id);
    at += 4;
  }
  if (protocol !== undefined) {
    out[at] = protocol.length;
    out.set(protocol, at + 1);
    at += 1 + protocol.length;
  }
  out.set(body, at);
  return out;
}

/** Reads what follows the length; undefined when it is no message. The message shares the memory of `bytes`. */
export function decodeMessage(bytes: Uint8Array): WireMessage | undefined {
  const type = TYPES[bytes[0] ?? TYPES.length];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type) {
    case 'frame':
      return withProtocol(bytes, 1, (protocol, body) => ({ type, protocol, body }));
    case 'request':
      if (bytes.length < 5) return undefined;
      return withProtocol(bytes, 5, (protocol, body) => ({ type, id: view.getUint32(1), protocol, body }));
    case 'answer':
    case 'failure':
      return bytes.length < 5 ? undefined : { type, id: view.getUint32(1), body: bytes.subarray(5) };
    case 'hello':
      return bytes.length - 1 > HELLO_BYTES_MAX ? undefined : { type, body: bytes.subarray(1) };
    case 'verdict': {
      const verdict = VERDICTS[bytes[1] ?? VERDICTS.length];
      const reason = text(bytes.subarray(2));
      return verdict === undefined || reason === undefined ? undefined : { type, verdict, reason };
    }
    case 'ping':
    case 'pong':
      return bytes.length === 1 ? { type } : undefined;
    case 'bye': {
      const reason = text(bytes.subarray(1));
      return reason === undefined ? undefined : { type, reason };
    }
    default:
      return undefined;
  }
}

function bodyOf(message: WireMessage): Uint8Array {
  switch (message.type) {
    case 'ping':
    case 'pong':
      return new Uint8Array(0);
    case 'bye':
      return clipped(message.reason);
    case 'verdict':
      return Uint8Array.of(VERDICTS.indexOf(message.verdict), ...clipped(message.reason));
    default:
      return message.body;
  }
}

/** A quarter of the characters that fit at worst, so that none is cut in half. */
function clipped(reason: string): Uint8Array {
  return encoder.encode(reason.slice(0, REASON_BYTES_MAX / 4));
}

function text(bytes: Uint8Array): string | undefined {
  if (bytes.length > REASON_BYTES_MAX) return undefined;
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function withProtocol(
  bytes: Uint8Array,
  at: number,
  make: (protocol: string, body: Uint8Array) => WireMessage,
): WireMessage | undefined {
  const length = bytes[at] ?? 0;
  const end = at + 1 + length;
  if (length === 0 || length > PROTOCOL_NAME_BYTES_MAX || end > bytes.length) return undefined;
  const protocol = text(bytes.subarray(at + 1, end));
  return protocol === undefined ? undefined : make(protocol, bytes.subarray(end));
}
