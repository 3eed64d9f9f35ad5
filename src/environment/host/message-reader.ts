import { decodeMessage, HANDSHAKE_MESSAGE_BYTES_MAX, type WireMessage } from './wire-format.ts';

/** What a chunk of bytes brought: messages, or the reason why the stream cannot be read any further. */
export type ReadResult = { readonly messages: readonly WireMessage[]; readonly broken?: string };

const PREFIX_BYTES = 4;
/** Room made for a message when its length is known: what most need. Larger ones get more as they come, so that an announcement costs nothing. */
const FIRST_BYTES_MAX = 128 * 1024;

/** Cuts a stream of bytes into messages, each in memory of its own. A length above the limit is noticed before anything is buffered for it. */
export class MessageReader {
  /** Raised once the peer is admitted. */
  limitBytes = HANDSHAKE_MESSAGE_BYTES_MAX;
  private readonly prefix = new Uint8Array(PREFIX_BYTES);
  private prefixFilled = 0;
  /** The message that is coming in. */
  private body = new Uint8Array(0);
  private length = 0;
  private filled = 0;

  push(chunk: Uint8Array): ReadResult {
    const messages: WireMessage[] = [];
    for (let at = 0; ; ) {
      if (this.prefixFilled < PREFIX_BYTES) {
        at += this.fillPrefix(chunk, at);
        if (this.prefixFilled < PREFIX_BYTES) return { messages };
        const { length } = this;
        if (length === 0 || length > this.limitBytes) {
          return { messages, broken: `a message of ${length} bytes is announced, ${this.limitBytes} are allowed` };
        }
        this.body = new Uint8Array(Math.min(length, FIRST_BYTES_MAX));
        this.filled = 0;
      }
      at += this.fillBody(chunk, at);
      if (this.filled < this.length) return { messages };
      this.prefixFilled = 0;
      const message = decodeMessage(this.body);
      this.body = new Uint8Array(0);
      if (message === undefined) return { messages, broken: 'a message could not be read' };
      messages.push(message);
    }
  }

  private fillPrefix(chunk: Uint8Array, at: number): number {
    const count = Math.min(PREFIX_BYTES - this.prefixFilled, chunk.length - at);
    this.prefix.set(chunk.subarray(at, at + count), this.prefixFilled);
    this.prefixFilled += count;
    if (this.prefixFilled === PREFIX_BYTES) this.length = new DataView(this.prefix.buffer).getUint32(0);
    return count;
  }

  private fillBody(chunk: Uint8Array, at: number): number {
    const count = Math.min(this.length - this.filled, chunk.length - at);
    const end = this.filled + count;
    if (end > this.body.length) {
      const larger = new Uint8Array(Math.min(this.length, Math.max(end, 2 * this.body.length)));
      larger.set(this.body.subarray(0, this.filled));
      this.body = larger;
    }
    this.body.set(chunk.subarray(at, at + count), this.filled);
    this.filled = end;
    return count;
  }
}
