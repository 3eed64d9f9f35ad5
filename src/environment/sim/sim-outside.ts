import '../errors.ts';
import type { Clock, Logger, Metrics, Micros } from '../environment.ts';
import type { Outside, OutsideReading, OutsideSource } from '../outside.ts';
import { contentTooLarge, gatedOutside, type ReadTerms } from '../outside-gate.ts';
import type { Incarnation } from './incarnation.ts';
import type { Kernel } from './kernel.ts';
import { FRAME_OVERHEAD_BYTES } from './link.ts';
import type { Pipe } from './pipe.ts';
import { EventKind } from './sim-event.ts';
import {
  contentBytes,
  failureError,
  mediaTypeOf,
  type SimSources,
  type SourceAnswer,
  type SourceContent,
} from './sim-sources.ts';

/** What a request takes on the way out: its headers and the source's name. */
export const OUTSIDE_REQUEST_BYTES = 500;
/** Bytes that enter the node's line at once: the frames of others get their turns in between. */
const PIECE_BYTES = 64 * 1024;

export interface SimOutsideParts {
  readonly life: Incarnation;
  readonly kernel: Kernel;
  readonly sources: SimSources;
  readonly uplink: { readonly pipe: Pipe };
  readonly downlink: Pipe;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** What a simulated node reads of the sources that its world publishes. */
export function simOutside(parts: SimOutsideParts): Outside {
  return gatedOutside(parts, {
    read: (source, terms) => new Promise((resolve, reject) => new SimRead(parts, { source, terms, resolve, reject }).send()),
    close: async () => {},
  });
}

interface Asked {
  readonly source: OutsideSource;
  readonly terms: ReadTerms;
  readonly resolve: (reading: OutsideReading) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One read: the request takes the node's uplink and the way to the source, the source looks up its value when the request
 * is there and takes its time, and the answer takes the way back and then the node's downlink, beside all else that comes there.
 */
class SimRead {
  private readonly parts: SimOutsideParts;
  private readonly asked: Asked;

  constructor(parts: SimOutsideParts, asked: Asked) {
    this.parts = parts;
    this.asked = asked;
  }

  send(): void {
    const { kernel, life, sources, uplink } = this.parts;
    sources.reads++;
    const leftAt = uplink.pipe.reserve(kernel.now, OUTSIDE_REQUEST_BYTES, 'control');
    this.at(leftAt + sources.wayOf(life.node).latency(), () => this.answer());
  }

  /** The request reached the source. */
  private answer(): void {
    const { kernel, life, sources } = this.parts;
    const { node } = life;
    if (sources.isCut(node)) return;
    const answer = sources.answer(node, this.asked.source, life.wallClock);
    if ('failure' in answer && answer.failure === 'silent') return;
    this.at(kernel.now + (answer.delayMicros ?? 0) + sources.wayOf(node).latency(), () => this.receive(answer));
  }

  /** The answer is at the node's line. A client stops to read once it has more than it may take. */
  private receive(answer: SourceAnswer): void {
    const size = 'failure' in answer ? 0 : (answer.sizeBytes ?? contentBytes(answer).length);
    const tooLarge = size > this.asked.terms.maxBytes;
    this.take(FRAME_OVERHEAD_BYTES + (tooLarge ? this.asked.terms.maxBytes + 1 : size), () => {
      if ('failure' in answer) this.asked.reject(failureError(answer));
      else if (tooLarge) this.asked.reject(contentTooLarge(this.asked.terms.maxBytes));
      else this.asked.resolve(this.reading(answer));
    });
  }

  /** Takes the downlink for so many bytes, piece by piece; then the node has them. */
  private take(bytes: number, done: () => void): void {
    const { kernel, life, sources, downlink } = this.parts;
    const piece = Math.min(PIECE_BYTES, bytes);
    this.at(downlink.reserve(kernel.now, piece, 'bulk'), () => {
      sources.bytes += piece;
      if (piece < bytes) this.take(bytes - piece, done);
      else life.enter(EventKind.transfer, done);
    });
  }

  private reading(answer: SourceContent): OutsideReading {
    return {
      content: contentBytes(answer),
      mediaType: mediaTypeOf(answer),
      observedAtMs: answer.observedAtMs ?? Math.floor(this.parts.clock.now() / 1000),
    };
  }

  /** What the machine and the network do, unless nobody waits any more. */
  private at(micros: Micros, action: () => void): void {
    const { kernel, life } = this.parts;
    kernel.schedule(micros, life.machine, EventKind.transfer, () => {
      if (!this.asked.terms.signal.aborted) action();
    });
  }
}
