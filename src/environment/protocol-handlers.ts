import { TreadleError } from '../errors.ts';
import { FRAME_BYTES_MAX, PROTOCOL_NAME_BYTES_MAX } from '../limits.ts';
import type { FrameHandler, RequestHandler } from './environment.ts';
import './errors.ts';

/** The handlers of a node, one per protocol and kind. */
export class ProtocolHandlers {
  private readonly frames = new Map<string, FrameHandler>();
  private readonly requests = new Map<string, RequestHandler>();

  onFrame(protocol: string, handler: FrameHandler): void {
    this.register(this.frames, protocol, handler);
  }

  onRequest(protocol: string, handler: RequestHandler): void {
    this.register(this.requests, protocol, handler);
  }

  frame(protocol: string): FrameHandler | undefined {
    return this.frames.get(protocol);
  }

  request(protocol: string): RequestHandler | undefined {
    return this.requests.get(protocol);
  }

  private register<T>(handlers: Map<string, T>, protocol: string, handler: T): void {
    // Names are ASCII by habit; the wire counts bytes, so the limit is checked on the encoded name.
    const usable = protocol.length > 0 && new TextEncoder().encode(protocol).length <= PROTOCOL_NAME_BYTES_MAX;
    if (!usable || handlers.has(protocol)) {
      throw new TreadleError('NETWORK_HANDLER_TAKEN', { detail: `protocol "${protocol}" cannot be registered (again)` });
    }
    handlers.set(protocol, handler);
  }
}

/** @throws TreadleError NETWORK_FRAME_TOO_LARGE */
export function checkFrameSize(protocol: string, body: Uint8Array): void {
  if (body.length <= FRAME_BYTES_MAX) return;
  throw new TreadleError('NETWORK_FRAME_TOO_LARGE', {
    detail: `a frame of ${body.length} bytes for ${protocol} exceeds the limit of ${FRAME_BYTES_MAX}`,
    data: { protocol, bytes: body.length, limit: FRAME_BYTES_MAX },
  });
}
