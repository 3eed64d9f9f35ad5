import type { Hex } from '../../crypto/index.ts';
import type { Metrics, NodeId } from '../../environment/index.ts';
import { ChunkSet } from './exchange-chunk-set.ts';
import type { ChunkName } from './exchange-frames.ts';
import type { IncomingBody } from './exchange-incoming.ts';
import type { LaneJob } from './exchange-lane.ts';
import type { Lanes } from './exchange-lanes.ts';
import type { NotePost } from './exchange-notes.ts';
import type { Spreader } from './exchange-spreader.ts';
import type { PayloadStore } from './payload.ts';

export interface ChunkServerOptions {
  readonly metrics: Metrics;
  readonly lanes: Lanes;
  readonly notes: NotePost;
  readonly spreader: Spreader;
  readonly store: PayloadStore;
  readonly nameOf: (root: Hex, index: number) => ChunkName;
  /** Bytes of the frame of any chunk, at most. */
  readonly frameBytesMax: number;
  /** The body, while it is not whole here. */
  readonly incoming: (root: Hex) => IncomingBody | undefined;
}

/** Answers peers that pull: with the chunks, before all pushes if they are needed now; with "later" for those that come anyway; with "none". */
export class ChunkServer {
  private readonly options: ChunkServerOptions;

  constructor(options: ChunkServerOptions) {
    this.options = options;
  }

  /** @param needed - whether the peer waits for the chunks */
  pulled(from: NodeId, root: Hex, { wanted, needed }: { readonly wanted: ChunkSet; readonly needed: boolean }): void {
    const { notes, lanes, metrics } = this.options;
    const [later, none] = [new ChunkSet(), new ChunkSet()];
    for (const index of wanted) {
      const answer = needed ? this.send(from, root, index) : this.queue(from, root, index);
      if (answer === 'later') later.add(index);
      if (answer === 'none') none.add(index);
    }
    metrics.count('payload_pulls_served_total');
    if (later.size > 0) notes.post(from, { type: 'later', root, missing: later });
    if (none.size > 0) notes.post(from, { type: 'none', root, missing: none });
    lanes.pump();
  }

  /** A chunk that the peer needs now overtakes what waits for it, even where it waits itself. */
  private send(from: NodeId, root: Hex, index: number): 'later' | 'none' | 'sent' {
    const { lanes, spreader } = this.options;
    if (this.lacks(root, index)) return 'none';
    const job = this.jobOf(from, root, index);
    const spread = spreader.get(root);
    if (spread !== undefined) spreader.hurry(spread);
    const isComing = spread !== undefined && spreader.isComing(spread, index);
    if (isComing || lanes.get(from)?.isUnderWay(job.name) === true) return 'later';
    if (spread !== undefined) spreader.accuse(spread, index, from);
    return lanes.pull(from, job) ? 'sent' : 'later';
  }

  /** A chunk that nobody waits for takes its turn behind all others. */
  private queue(from: NodeId, root: Hex, index: number): 'later' | 'none' | 'sent' {
    const { lanes, spreader } = this.options;
    if (this.lacks(root, index)) return 'none';
    const job = this.jobOf(from, root, index);
    const spread = spreader.get(root);
    if (lanes.get(from)?.isComing(job.name) === true || (spread !== undefined && spreader.isComing(spread, index)))
      return 'later';
    if (spread !== undefined) spreader.accuse(spread, index, from);
    lanes.push(from, job);
    return 'later';
  }

  private lacks(root: Hex, index: number): boolean {
    const body = this.options.incoming(root);
    return body === undefined ? !this.options.store.holds(root) : body.missing.has(index);
  }

  private jobOf(from: NodeId, root: Hex, index: number): LaneJob {
    const left = (sent: boolean): void => {
      if (!sent) this.options.notes.post(from, { type: 'none', root, missing: ChunkSet.of([index]) });
    };
    // A chunk of the largest size is reckoned with: what it really takes is counted when it is sent.
    return { name: this.options.nameOf(root, index), sizeBytes: this.options.frameBytesMax, left };
  }
}
