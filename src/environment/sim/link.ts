import { invariant } from '../../errors.ts';
import { PEER_QUEUE_BYTES_MAX } from '../../limits.ts';
import type { Micros, RandomStream } from '../environment.ts';
import type { Resource } from './fair-share.ts';
import { rateOf } from './pipe.ts';

/** Time a bit takes from one end of a link to the other. */
export type Latency =
  | Micros
  | { readonly kind: 'uniform'; readonly minMicros: Micros; readonly maxMicros: Micros }
  /** Normal, cut off below at `minMicros` (0 when left out). */
  | { readonly kind: 'normal'; readonly meanMicros: Micros; readonly deviationMicros: Micros; readonly minMicros?: Micros };

/** One direction between two nodes. */
export interface LinkParameters {
  readonly latency: Latency;
  /** What this link carries at most; the nodes' uplinks and downlinks bound it anyway. */
  readonly bitsPerSecond: number;
  /** Probability that a frame is lost on the way. */
  readonly loss: number;
  /**
   * What a loss means: 'retransmit' delays the frame and those behind it, as TCP does; 'drop' makes frames that were sent
   * with `send` vanish (requests, answers and handshakes are retransmitted all the same).
   */
  readonly lossMode: 'retransmit' | 'drop';
  /** Bytes under way from one node to the other before further ones are dropped. */
  readonly queueBytesMax: number;
}

export const DEFAULT_LINK: LinkParameters = {
  latency: 1_000,
  bitsPerSecond: Number.POSITIVE_INFINITY,
  loss: 0,
  lossMode: 'retransmit',
  queueBytesMax: PEER_QUEUE_BYTES_MAX,
};

/** Bytes that every frame costs beside its body: TCP/IP headers, encryption and multiplexing. */
export const FRAME_OVERHEAD_BYTES = 100;

/** First retransmission timeout, doubled with every further loss of the same frame (Linux uses 200 ms at least). */
const RETRANSMIT_MICROS = 200_000;
const RETRANSMISSIONS_MAX = 6;

export function sampleLatency(latency: Latency, random: RandomStream): Micros {
  if (typeof latency === 'number') return latency;
  if (latency.kind === 'uniform') return latency.minMicros + random.float() * (latency.maxMicros - latency.minMicros);
  return Math.max(latency.minMicros ?? 0, random.normal(latency.meanMicros, latency.deviationMicros));
}

/** How long the losses of one frame delay it. */
export function retransmissionDelay(loss: number, random: RandomStream): Micros {
  let delay = 0;
  for (let losses = 0; losses < RETRANSMISSIONS_MAX && random.float() < loss; losses++) delay += RETRANSMIT_MICROS * 2 ** losses;
  return delay;
}

/** One direction between two nodes as the world holds it, whatever connections there are. */
export class Link {
  blocked = false;
  readonly random: RandomStream;
  private current: LinkParameters;
  /** What the flows between these two nodes share; a new object when the parameters change. */
  capacity: Resource;

  constructor(parameters: LinkParameters, random: RandomStream) {
    this.random = random;
    this.current = parameters;
    this.capacity = { rate: rateOf(parameters.bitsPerSecond) };
  }

  get parameters(): LinkParameters {
    return this.current;
  }

  /** Counts for what is sent from now on. */
  set parameters(parameters: LinkParameters) {
    this.current = checkLink(parameters);
    this.capacity = { rate: rateOf(parameters.bitsPerSecond) };
  }

  /** The time of one trip. */
  latency(): Micros {
    return sampleLatency(this.current.latency, this.random);
  }
}

/** @throws TreadleError INVARIANT_BROKEN when the parameters mean nothing */
export function checkLink(link: LinkParameters): LinkParameters {
  invariant(link.loss >= 0 && link.loss < 1, 'the loss of a link lies in [0, 1)', { loss: link.loss });
  invariant(link.bitsPerSecond > 0, 'a link carries something', { bitsPerSecond: link.bitsPerSecond });
  invariant(link.queueBytesMax > 0, 'a link has a queue', { queueBytesMax: link.queueBytesMax });
  return link;
}
