import { invariant, TreadleError } from '../../errors.ts';
import type { Micros, NodeId } from '../environment.ts';
import type { OutsideSource } from '../outside.ts';
import { sourceText } from '../outside-source.ts';
import { checkLink, DEFAULT_LINK, Link, type LinkParameters } from './link.ts';
import { namedStream } from './sim-random.ts';

/** What a source answers a node. */
export type SourceAnswer = SourceContent | SourceFailure;

export interface SourceContent {
  readonly content: Uint8Array | string;
  /** Default: `application/json` for a text that is JSON, `text/plain` for another one, `application/octet-stream` for bytes. */
  readonly mediaType?: string;
  /** When the source said so. Default: when the answer arrives, by the node's clock. */
  readonly observedAtMs?: number;
  /** What the answer takes on the line. Default: the length of the content. */
  readonly sizeBytes?: number;
  /** Time the source takes before it answers. Default 0. */
  readonly delayMicros?: Micros;
}

export interface SourceFailure {
  /** `silent`: no answer ever comes. */
  readonly failure: 'unreachable' | 'refused' | 'silent' | 'notAllowed' | 'invalid';
  readonly detail?: string;
  readonly delayMicros?: Micros;
}

/**
 * The value of a source as a function of who reads and when. `undefined` leaves the answer to what was published before.
 *
 * @param atMicros - when the request reaches the source: true time, since the Unix epoch
 */
export type SourceFunction = (node: NodeId, source: OutsideSource, atMicros: Micros) => SourceAnswer | undefined;

/** The sources outside of a simulated world. */
export interface WorldSources {
  /**
   * Gives every source whose text matches `pattern` an answer. What was published last is asked first. A source that nobody
   * answers for is unreachable.
   *
   * @param pattern - the text of a source (`sourceText`), `*` standing for any characters
   * @returns takes the answer back
   */
  publish(pattern: string, answer: SourceAnswer | SourceFunction): () => void;
  /** What every node's way to the sources is, in both directions. Default: 10 ms of latency. */
  setWay(parameters: Partial<Pick<LinkParameters, 'latency'>>): void;
  /** A node that is cut reaches no source and is told nothing. */
  cut(node: NodeId, cut: boolean): void;
  /** Reads that were begun, and bytes that came from sources, of all nodes. */
  readonly reads: number;
  readonly bytes: number;
}

/** Content that is JSON. */
export function jsonAnswer(value: unknown, options: Omit<SourceContent, 'content' | 'mediaType'> = {}): SourceContent {
  return { content: JSON.stringify(value), mediaType: 'application/json', ...options };
}

/** A trip to something that is not next door. */
const DEFAULT_LATENCY_MICROS = 10_000;

interface Published {
  readonly pattern: RegExp;
  readonly answer: SourceFunction;
}

/** The sources as the world keeps them. */
export class SimSources implements WorldSources {
  reads = 0;
  bytes = 0;
  private readonly seed: readonly (string | number)[];
  private readonly published: Published[] = [];
  private readonly ways = new Map<NodeId, Link>();
  private readonly cuts = new Set<NodeId>();
  private way: LinkParameters = { ...DEFAULT_LINK, latency: DEFAULT_LATENCY_MICROS };

  constructor(seed: readonly (string | number)[]) {
    this.seed = seed;
  }

  publish(pattern: string, answer: SourceAnswer | SourceFunction): () => void {
    const published: Published = { pattern: compile(pattern), answer: typeof answer === 'function' ? answer : () => answer };
    this.published.unshift(published);
    return () => {
      const at = this.published.indexOf(published);
      if (at >= 0) this.published.splice(at, 1);
    };
  }

  setWay(parameters: Partial<Pick<LinkParameters, 'latency'>>): void {
    this.way = checkLink({ ...this.way, ...parameters });
    for (const way of this.ways.values()) way.parameters = this.way;
  }

  cut(node: NodeId, cut: boolean): void {
    if (cut) this.cuts.add(node);
    else this.cuts.delete(node);
  }

  isCut(node: NodeId): boolean {
    return this.cuts.has(node);
  }

  wayOf(node: NodeId): Link {
    let way = this.ways.get(node);
    if (way === undefined) {
      way = new Link(this.way, () => namedStream(...this.seed, 'outside', node));
      this.ways.set(node, way);
    }
    return way;
  }

  /** What the source tells this node now. */
  answer(node: NodeId, source: OutsideSource, atMicros: Micros): SourceAnswer {
    const text = sourceText(source);
    for (const { pattern, answer } of this.published) {
      const found = pattern.test(text) ? answer(node, source, atMicros) : undefined;
      if (found === undefined) continue;
      const { delayMicros = 0 } = found;
      invariant(delayMicros >= 0, 'a source does not answer before it is asked', { delayMicros });
      return found;
    }
    return { failure: 'unreachable', detail: `nobody answers for ${text.slice(0, 200)}` };
  }
}

const CODES = {
  unreachable: 'OUTSIDE_UNREACHABLE',
  refused: 'OUTSIDE_REFUSED',
  notAllowed: 'OUTSIDE_NOT_ALLOWED',
  invalid: 'OUTSIDE_SOURCE_INVALID',
} as const;

/** The error of a failure that is told; silence is not. */
export function failureError({ failure, detail }: SourceFailure): TreadleError | undefined {
  if (failure === 'silent') return undefined;
  return new TreadleError(CODES[failure], detail === undefined ? {} : { detail });
}

export function contentBytes({ content }: SourceContent): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content;
}

export function mediaTypeOf({ content, mediaType }: SourceContent): string {
  if (mediaType !== undefined) return mediaType;
  if (typeof content !== 'string') return 'application/octet-stream';
  try {
    JSON.parse(content);
    return 'application/json';
  } catch {
    return 'text/plain';
  }
}

function compile(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}
