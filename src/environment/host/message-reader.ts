import { decodeMessage, HANDSHAKE_MESSAGE_BYTES_MAX, type WireMessage } from './wire-format.ts';

/** What a chunk of bytes brought: messages, or the reason why the stream cannot be read any further. */
export type ReadResult = { readonly messages: readonly WireMessage[]; readonly broken?: string };

const PREFIX_BYTES = 4;

/** Cuts a stream of bytes into messages. A length above the limit is noticed before anything is buffered for it. */
export class MessageReader {
  /** Raised once the peer is admitted. */
  limitBytes = HANDSHAKE_MESSAGE_BYTES_MAX;
  private chunks: Uint8Array[] = [];
  private buffered = 0;

  push(chunk: Uint8Array): ReadResult {
    if (chunk.length > 0) {
      // A plain view: `slice` of a Buffer would not copy, and a small message would keep its whole chunk in memory.
      this.chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      this.buffered += chunk.length;
    }
    const messages: WireMessage[] = [];
    for (;;) {
      if (this.buffered < PREFIX_BYTES) return { messages };
      const length = this.peekLength();
      if (length === 0 || length > this.limitBytes) {
        return { messages, broken: `a message of ${length} bytes is announced, ${this.limitBytes} are allowed` };
      }
      if (this.buffered < PREFIX_BYTES + length) return { messages };
      const message = decodeMessage(this.take(PREFIX_BYTES + length).subarray(PREFIX_BYTES));
      if (message === undefined) return { messages, broken: 'a message could not be read' };
      messages.push(message);
    }
  }

  private peekLength(): number {
    const first = this.chunks[0] as Uint8Array;
    if (first.length < PREFIX_BYTES) this.join();
    const [bytes] = this.chunks as [Uint8Array];
    return new DataView(bytes.buffer, bytes.byteOffset, PREFIX_BYTES).getUint32(0);
  }

  private take(count: number): Uint8Array {
    if ((this.chunks[0] as Uint8Array).length < count) this.join();
    const first = this.chunks[0] as Uint8Array;
    this.buffered -= count;
    if (first.length === count) this.chunks.shift();
    else this.chunks[0] = first.subarray(count);
    return first.subarray(0, count);
  }

  private join(): void {
    const joined = new Uint8Array(this.buffered);
    let at = 0;
    for (const chunk of this.chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    this.chunks = [joined];
  }
}
