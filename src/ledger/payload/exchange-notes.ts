import { concatBytes } from '../../crypto/index.ts';
import type { Clock, Network, NodeId, Timer } from '../../environment/index.ts';
import { EXCHANGE_CREDIT_MICROS, EXCHANGE_NOTES_BYTES_MAX } from '../../limits.ts';
import { encodeNote, type Note, PAYLOAD_PROTOCOLS } from './exchange-wire.ts';

export interface NotePostOptions {
  readonly network: Network;
  readonly clock: Clock;
  /** Bytes that a peer may count as arrived by now. */
  readonly creditOf: (peer: NodeId) => number;
}

/** Sends notes: those of one moment to one peer share a frame, and acknowledgements go along with whatever leaves. */
export class NotePost {
  private readonly options: NotePostOptions;
  private readonly waiting = new Map<NodeId, { readonly notes: Uint8Array[]; bytes: number }>();
  private readonly credits = new Set<NodeId>();
  private timer: Timer | undefined;
  private dueMicros = 0;
  private closed = false;

  constructor(options: NotePostOptions) {
    this.options = options;
  }

  /** Sends a note with everything else that this moment brings for the peer. */
  post(peer: NodeId, note: Note): void {
    const encoded = encodeNote(note);
    let box = this.waiting.get(peer);
    if (box !== undefined && box.bytes + encoded.length > EXCHANGE_NOTES_BYTES_MAX) {
      this.send(peer);
      box = undefined;
    }
    if (box === undefined) {
      box = { notes: [], bytes: 0 };
      this.waiting.set(peer, box);
    }
    box.notes.push(encoded);
    box.bytes += encoded.length;
    this.due(0);
  }

  /** The peer has acknowledgements to come. */
  creditDue(peer: NodeId): void {
    this.credits.add(peer);
    this.due(EXCHANGE_CREDIT_MICROS);
  }

  forget(peer: NodeId): void {
    this.waiting.delete(peer);
    this.credits.delete(peer);
  }

  close(): void {
    this.closed = true;
    if (this.timer !== undefined) this.options.clock.cancel(this.timer);
    this.waiting.clear();
    this.credits.clear();
  }

  private due(delayMicros: number): void {
    const { clock } = this.options;
    if (this.closed) return;
    const at = clock.now() + delayMicros;
    if (this.timer !== undefined) {
      if (this.dueMicros <= at) return;
      clock.cancel(this.timer);
    }
    this.dueMicros = at;
    this.timer = clock.set(delayMicros, () => this.flush(), 'payload notes');
  }

  private flush(): void {
    this.timer = undefined;
    for (const peer of [...this.waiting.keys()]) this.send(peer);
    for (const peer of [...this.credits]) this.send(peer);
  }

  private send(peer: NodeId): void {
    const notes = this.waiting.get(peer)?.notes ?? [];
    this.waiting.delete(peer);
    if (this.credits.delete(peer)) notes.push(encodeNote({ type: 'credit', bytes: this.options.creditOf(peer) }));
    this.options.network.send(peer, PAYLOAD_PROTOCOLS.notes, joined(notes), 'control');
  }
}

function joined(notes: readonly Uint8Array[]): Uint8Array {
  const [only] = notes;
  return only !== undefined && notes.length === 1 ? only : concatBytes(notes);
}
