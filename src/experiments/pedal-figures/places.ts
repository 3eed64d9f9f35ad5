import type { Micros, NodeId } from '../../environment/index.ts';
import type { World } from '../../environment/sim/index.ts';

export interface PlacesOptions {
  /** Machines that hold data, each with a line of its own. */
  readonly places: number;
  readonly bitsPerSecond: number;
}

/**
 * Where the data of the figures lies: machines outside the consortium that answer one request after the other over their uplink.
 * A content is what its address says, so everybody who reads it reads the same.
 */
export class Places {
  readonly #options: PlacesOptions;
  readonly #freeAt: Micros[];
  /** One buffer for each content that is in use: contents are large. */
  readonly #contents = new Map<string, Uint8Array>();

  constructor(world: World, options: PlacesOptions) {
    this.#options = options;
    this.#freeAt = Array.from({ length: options.places }, () => 0);
    world.outside.publish(`${HOST}*`, (_node: NodeId, source, atMicros) => {
      const [, place = '0', content = ''] = ADDRESS.exec(source.kind === 'http' ? source.url : '') ?? [];
      const bytes = this.#content(content);
      return { content: bytes, delayMicros: this.#send(Number(place), bytes.length, atMicros) };
    });
  }

  /** The address of a content of so many bytes at a place. */
  url(place: number, name: string, sizeBytes: number): string {
    return `${HOST}${place % this.#options.places}/${name}/${sizeBytes}`;
  }

  /** Lets go of all contents. */
  forget(): void {
    this.#contents.clear();
  }

  /** First come, first served: when the last byte of an answer has left, as a time from now. */
  #send(place: number, sizeBytes: number, now: Micros): Micros {
    const begins = Math.max(now, this.#freeAt[place] ?? 0);
    const ends = begins + Math.ceil((8e6 * sizeBytes) / this.#options.bitsPerSecond);
    this.#freeAt[place] = ends;
    return ends - now;
  }

  #content(name: string): Uint8Array {
    const known = this.#contents.get(name);
    if (known !== undefined) return known;
    const bytes = new Uint8Array(Number(name.split('/').at(-1)));
    new TextEncoder().encodeInto(name, bytes);
    this.#contents.set(name, bytes);
    return bytes;
  }
}

const HOST = 'https://data.example/place-';
const ADDRESS = /^https:\/\/data\.example\/place-(\d+)\/(.+)$/;
