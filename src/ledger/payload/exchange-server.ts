import type { Hex } from '../../crypto/index.ts';
import type { Metrics, NodeId } from '../../environment/index.ts';
import { ChunkSet } from './exchange-chunk-set.ts';
import type { ChunkName } from './exchange-frames.ts';
import type { IncomingBody } from './exchange-incoming.ts';
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

/** Answers peers that pull: with the chunks, before all pushes; with "later" for those that come anyway; with "none". */
export class ChunkServer {
  private readonly options: ChunkServerOptions;

  constructor(options: ChunkServerOptions) {
    this.options = options;
  }

  pulled(from: NodeId, root: Hex, wanted: ChunkSet): void {
    const { notes, lanes, metrics } = this.options;
    const [later, none] = [new ChunkSet(), new ChunkSet()];
    for (const index of wanted) {
      const answer = this.answer(from, root, index);
      if (answer === 'later') later.add(index);
      if (answer === 'none') none.add(index);
    }
    metrics.count('payload_pulls_served_total');
    if (later.size > 0) notes.post(from, { type: 'later', root, missing: later });
    if (none.size > 0) notes.post(from, { type: 'none', root, missing: none });
    lanes.pump();
  }

  private answer(from: NodeId, root: Hex, index: number): 'later' | 'none' | 'sent' {
    const { lanes, spreader, store, nameOf, incoming, notes } = this.options;
    const body = incoming(root);
    if (body === undefined ? !store.holds(root) : body.missing.has(index)) return 'none';
    const name = nameOf(root, index);
    const spread = spreader.get(root);
    if (lanes.get(from)?.isComing(name) === true || (spread !== undefined && spreader.isComing(spread, index))) return 'later';
    if (spread !== undefined) spreader.accuse(spread, index, from);
    const left = (sent: boolean): void => {
      if (!sent) notes.post(from, { type: 'none', root, missing: ChunkSet.of([index]) });
    };
    // A chunk of the largest size is reckoned with: what it really takes is counted when it is sent.
    return lanes.pull(from, { name, sizeBytes: this.options.frameBytesMax, left }) ? 'sent' : 'later';
  }
}
