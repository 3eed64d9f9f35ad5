import type { Stream } from './libp2p-types.ts';
import type { Gate } from './link-shaping.ts';
import { MessageReader } from './message-reader.ts';
import { encodeMessage, MESSAGE_BYTES_MAX, type WireMessage } from './wire-format.ts';

/**
 * Bytes handed to libp2p at a time, so that a large message does not hold up the other channel for long: with the header that
 * yamux puts in front, exactly what one message of Noise takes. A few bytes more would be a second message each time.
 */
const PIECE_BYTES = 65_535 - 16 - 12;

export interface ChannelEvents {
  readonly message: (message: WireMessage) => void;
  /** What arrived cannot be read; nothing more is. */
  readonly broken: (reason: string) => void;
}

/** Messages over one libp2p stream, in order, in both directions. */
export class Channel {
  private readonly stream: Stream;
  private readonly gate: Gate | undefined;
  private readonly reader = new MessageReader();
  private readonly queue: Uint8Array[] = [];
  private queuedBytes = 0;
  private reading = false;
  private broken = false;

  /** @param gate - holds messages back, where links are shaped */
  constructor(stream: Stream, gate?: Gate) {
    this.stream = stream;
    this.gate = gate;
    if (gate !== undefined) stream.addEventListener('close', () => gate.close());
    stream.addEventListener('drain', () => this.pump());
  }

  /** Starts reading; what arrived before is delivered. */
  read(events: ChannelEvents): void {
    if (this.reading) return;
    this.reading = true;
    this.stream.addEventListener('message', (event) => {
      if (this.broken) return;
      // A list is read piece by piece: to join it would be one more copy of everything.
      for (const piece of event.data instanceof Uint8Array ? [event.data] : event.data) {
        const { messages, broken } = this.reader.push(piece);
        for (const message of messages) events.message(message);
        if (broken === undefined) continue;
        this.broken = true;
        return events.broken(broken);
      }
    });
  }

  /** From now on frames of full size are read. */
  allowFullSize(): void {
    this.reader.limitBytes = MESSAGE_BYTES_MAX;
  }

  /** Bytes that wait to be sent. */
  get waitingBytes(): number {
    return this.queuedBytes + this.stream.writeBufferLength + (this.gate?.waitingBytes ?? 0);
  }

  send(message: WireMessage): void {
    const bytes = encodeMessage(message);
    if (this.gate === undefined) this.enqueue(bytes);
    else this.gate.pass(bytes.length, () => this.enqueue(bytes));
  }

  private enqueue(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) this.queue.push(bytes.subarray(at, at + PIECE_BYTES));
    this.queuedBytes += bytes.length;
    this.pump();
  }

  private pump(): void {
    while (this.queue.length > 0 && !this.stream.writableNeedsDrain) {
      if (this.stream.writeStatus !== 'writable') return this.drop();
      const piece = this.queue.shift() as Uint8Array;
      this.queuedBytes -= piece.length;
      try {
        this.stream.send(piece);
      } catch {
        // The stream ended between the check and the call; its connection reports that by itself.
        return this.drop();
      }
    }
  }

  private drop(): void {
    this.queue.length = 0;
    this.queuedBytes = 0;
  }
}
