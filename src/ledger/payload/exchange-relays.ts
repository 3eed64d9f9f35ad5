import type { Metrics, NodeId } from '../../environment/index.ts';
import { EXCHANGE_RELAY_BYTES_MAX } from '../../limits.ts';
import type { ChunkFrames, ChunkName } from './exchange-frames.ts';
import type { Lanes } from './exchange-lanes.ts';
import type { NotePost } from './exchange-notes.ts';

export interface RelaysOptions {
  readonly metrics: Metrics;
  readonly lanes: Lanes;
  readonly frames: ChunkFrames;
  readonly notes: NotePost;
  /** Bytes of its own that this node has to send and has not queued. */
  readonly pendingBytes: () => number;
  /** Connected sealers. */
  readonly sealers: () => readonly NodeId[];
}

/** Passes chunks of others on to the sealers, as they come, as long as this node has not too much to send itself. */
export class Relays {
  private readonly options: RelaysOptions;

  constructor(options: RelaysOptions) {
    this.options = options;
  }

  /** Whether another chunk would be taken. */
  get welcome(): boolean {
    return (
      this.options.lanes.backlogBytes + this.options.pendingBytes() < this.options.lanes.backlogLimit(EXCHANGE_RELAY_BYTES_MAX)
    );
  }

  /**
   * Passes a checked chunk on, or declines; the source is told which, once everything has left.
   * @param needed - a proposal names its body: it goes before others
   */
  take(from: NodeId, name: ChunkName, { frame, needed }: { readonly frame: Uint8Array; readonly needed: boolean }): void {
    const { metrics, lanes, frames, notes } = this.options;
    const answer = (done: boolean): void => notes.post(from, { type: 'relayed', ...name, done });
    if (!this.welcome) {
      metrics.count('payload_relays_declined_total');
      return answer(false);
    }
    metrics.count('payload_relays_taken_total');
    frames.keep(name, frame);
    let open = 1;
    const left = (): void => {
      if (--open > 0) return;
      answer(true);
      frames.drop(name);
    };
    for (const peer of this.options.sealers()) {
      if (peer === from || lanes.get(peer)?.stalled !== false) continue;
      open++;
      if (!lanes.push(peer, { name, sizeBytes: frame.length, left })) open--;
      else if (needed) lanes.hasten(peer, name);
    }
    left();
    lanes.pump();
  }
}
