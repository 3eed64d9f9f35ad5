import { invariant } from '../../errors.ts';
import { PEER_QUEUE_BYTES_MAX } from '../../limits.ts';
import type { Micros, RandomStream } from '../environment.ts';
import { Pipe } from './pipe.ts';

/** Time a bit takes from one end of a link to the other. */
export type Latency =
  | Micros
  | { readonly kind: 'uniform'; readonly minMicros: Micros; readonly maxMicros: Micros }
  /** Normal, cut off below at `minMicros` (0 when left out). */
  | { readonly kind: 'normal'; readonly meanMicros: Micros; readonly deviationMicros: Micros; readonly minMicros?: Micros };

/**
 * Losses that come in bursts (Gilbert 1960, Elliott 1963): the link is good or bad, may change with every frame, and loses
 * frames with the probability of its state. Its mean loss is (goodToBad * lossBad + badToGood * lossGood) / (goodToBad + badToGood).
 */
export interface GilbertElliott {
  readonly goodToBad: number;
  readonly badToGood: number;
  readonly lossGood: number;
  readonly lossBad: number;
}

/** One direction between two nodes. */
export interface LinkParameters {
  readonly latency: Latency;
  /** What this link carries at most; the nodes' uplinks and downlinks bound it anyway. */
  readonly bitsPerSecond: number;
  /** Probability that a frame is lost on the way, the same for every frame or in bursts. */
  readonly loss: number | GilbertElliott;
  /**
   * What a loss means: 'retransmit' delays the frame and those behind it, as TCP does; 'drop' makes frames that were sent
   * with `send` vanish (requests, answers and handshakes are retransmitted all the same).
   */
  readonly lossMode: 'retransmit' | 'drop';
  /** Probability that a frame sent with `send` arrives a second time, up to `strayMicros` later: what relays and reconnections may do. */
  readonly duplicate: number;
  /** Probability that a frame sent with `send` leaves its order: it arrives up to `strayMicros` late and those behind it do not wait. */
  readonly reorder: number;
  /** How late a copy or a frame out of order may be. */
  readonly strayMicros: Micros;
  /** Bytes under way from one node to the other before further ones are dropped. */
  readonly queueBytesMax: number;
}

export const DEFAULT_LINK: LinkParameters = {
  latency: 1_000,
  bitsPerSecond: Number.POSITIVE_INFINITY,
  loss: 0,
  lossMode: 'retransmit',
  duplicate: 0,
  reorder: 0,
  strayMicros: 50_000,
  queueBytesMax: PEER_QUEUE_BYTES_MAX,
};

/** Bytes that every frame costs beside its body: TCP/IP headers, encryption and multiplexing. */
export const FRAME_OVERHEAD_BYTES = 100;

/** First retransmission timeout, doubled with every further loss of the same frame (Linux uses 200 ms at least). */
const RETRANSMIT_MICROS = 200_000;
const RETRANSMISSIONS_MAX = 6;

/** One direction between two nodes as the world holds it, whatever connections there are. */
export class Link {
  /** Cut by a partition or a one-way block. */
  blocked = false;
  /** Until when everything on the link stands still. */
  cloggedUntil: Micros = 0;
  /** What the link carries; a new one when the parameters change. */
  pipe: Pipe;
  private readonly stream: () => RandomStream;
  private drawn: RandomStream | undefined;
  private current: LinkParameters;
  /** No frame is lost, comes twice or leaves its order: only its latency counts. */
  isPlain: boolean;
  private bad = false;

  /** @param stream - makes the link's random stream; most links never need one, and a stream is dear to seed */
  constructor(parameters: LinkParameters, stream: () => RandomStream) {
    this.stream = stream;
    this.current = parameters;
    this.isPlain = isPlain(parameters);
    this.pipe = new Pipe(parameters.bitsPerSecond);
  }

  get parameters(): LinkParameters {
    return this.current;
  }

  /** Counts for what is sent from now on. */
  set parameters(parameters: LinkParameters) {
    this.current = checkLink(parameters);
    this.isPlain = isPlain(parameters);
    this.pipe = new Pipe(parameters.bitsPerSecond);
  }

  /** Whether frames stay where they are. */
  held(now: Micros): boolean {
    return this.blocked || now < this.cloggedUntil;
  }

  /** The time of one trip. */
  latency(): Micros {
    const { latency } = this.current;
    if (typeof latency === 'number') return latency;
    if (latency.kind === 'uniform') return latency.minMicros + this.random.float() * (latency.maxMicros - latency.minMicros);
    return Math.max(latency.minMicros ?? 0, this.random.normal(latency.meanMicros, latency.deviationMicros));
  }

  meanLatency(): Micros {
    const { latency } = this.current;
    if (typeof latency === 'number') return latency;
    return latency.kind === 'uniform' ? (latency.minMicros + latency.maxMicros) / 2 : latency.meanMicros;
  }

  /** Draws whether the next frame is lost. */
  loses(): boolean {
    const { loss } = this.current;
    if (typeof loss === 'number') return loss > 0 && this.random.float() < loss;
    if (this.random.float() < (this.bad ? loss.badToGood : loss.goodToBad)) this.bad = !this.bad;
    return this.random.float() < (this.bad ? loss.lossBad : loss.lossGood);
  }

  /** How long the losses of one frame delay it where it is sent again. */
  retransmissionDelay(): Micros {
    let delay = 0;
    for (let losses = 0; losses < RETRANSMISSIONS_MAX && this.loses(); losses++) delay += RETRANSMIT_MICROS * 2 ** losses;
    return delay;
  }

  /** How late the copy of the next frame is, if there is one. */
  duplicateAfter(): Micros | undefined {
    return this.stray(this.current.duplicate);
  }

  /** How late the next frame is, if it leaves its order. */
  reorderedBy(): Micros | undefined {
    return this.stray(this.current.reorder);
  }

  private stray(probability: number): Micros | undefined {
    if (probability === 0 || this.random.float() >= probability) return undefined;
    return this.random.float() * this.current.strayMicros;
  }

  private get random(): RandomStream {
    this.drawn ??= this.stream();
    return this.drawn;
  }
}

/** @throws TreadleError INVARIANT_BROKEN when the parameters mean nothing */
export function checkLink(link: LinkParameters): LinkParameters {
  const { loss, duplicate, reorder, strayMicros, bitsPerSecond, queueBytesMax } = link;
  if (typeof loss === 'number') invariant(loss >= 0 && loss < 1, 'the loss of a link lies in [0, 1)', { loss });
  else for (const [name, value] of Object.entries(loss)) probability(value, name);
  probability(duplicate, 'duplicate');
  probability(reorder, 'reorder');
  invariant(strayMicros >= 0, 'a frame is not early', { strayMicros });
  invariant(bitsPerSecond > 0, 'a link carries something', { bitsPerSecond });
  invariant(queueBytesMax > 0, 'a link has a queue', { queueBytesMax });
  return link;
}

function isPlain({ loss, duplicate, reorder }: LinkParameters): boolean {
  return loss === 0 && duplicate === 0 && reorder === 0;
}

function probability(value: number, name: string): void {
  invariant(value >= 0 && value <= 1, 'a probability of a link lies in [0, 1]', { [name]: value });
}
