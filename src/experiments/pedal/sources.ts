import { sha256 } from '../../crypto/index.ts';
import type { Micros, NodeId } from '../../environment/index.ts';
import { jsonAnswer, type SourceAnswer, type World } from '../../environment/sim/index.ts';
import { Dice } from '../faults/dice.ts';
import type { SourceSettings } from './format/pedal-scenario.ts';

/** Digits behind the point of every number that a source says. */
export const SOURCE_DECIMALS = 2;
const SCALE = 10 ** SOURCE_DECIMALS;
const HEX_OF_ONE = 64;

/** One answer of a source: to whom, when, and what it said. */
export interface Told {
  readonly node: NodeId;
  /** When the source was asked. */
  readonly atMicros: Micros;
  /** Numbers: times 100. */
  readonly number?: bigint;
  readonly content?: string;
  /** It answered nobody then. */
  readonly nothing?: true;
  /** How long the node had to wait. */
  readonly delayMicros: Micros;
}

/**
 * The sources outside, and what they truly said: the one place where that is known, which no node can reach. A node that lies
 * about it does so behind its own environment.
 */
export class Sources {
  readonly #settings: ReadonlyMap<string, SourceSettings>;
  readonly #told = new Map<string, Told[]>();
  readonly #contents = new Map<string, string>();
  readonly #seed: string;
  readonly #startMicros: Micros;

  constructor(world: World, settings: readonly SourceSettings[], seed: string) {
    this.#settings = new Map(settings.map((source) => [source.name, source]));
    this.#seed = seed;
    this.#startMicros = world.now;
    for (const source of settings) {
      const dice = new Dice(`${seed}/source/${source.name}`);
      this.#told.set(source.name, []);
      world.outside.publish(`${sourceUrl(source.name)}*`, (node, _source, atMicros) =>
        this.#answer(source, dice, { node, atMicros }),
      );
    }
  }

  settings(name: string): SourceSettings | undefined {
    return this.#settings.get(name);
  }

  /** What a source said from one moment to another. */
  told(name: string, from: Micros, to: Micros): readonly Told[] {
    return (this.#told.get(name) ?? []).filter(({ atMicros }) => atMicros >= from && atMicros <= to);
  }

  /** The number at a time, without the noise: what somebody who wants a feed to move looks at. */
  numberAt({ value, driftPerSecond }: SourceSettings, atMicros: Micros): number {
    return value + (driftPerSecond * (atMicros - this.#startMicros)) / 1e6;
  }

  #answer(
    source: SourceSettings,
    dice: Dice,
    { node, atMicros }: { readonly node: NodeId; readonly atMicros: Micros },
  ): SourceAnswer {
    const delayMicros = dice.chance(source.slowShare) ? source.slowMicros : source.delayMicros;
    const noise = (2 * dice.float() - 1) * source.noise;
    const told = this.#told.get(source.name) as Told[];
    if (isDown(source, atMicros - this.#startMicros)) {
      told.push({ node, atMicros, delayMicros, nothing: true });
      return { failure: 'unreachable', detail: `${source.name} is down`, delayMicros };
    }
    if (source.says === 'number') {
      const scaled = Math.round((this.numberAt(source, atMicros) + noise) * SCALE);
      told.push({ node, atMicros, delayMicros, number: BigInt(scaled) });
      return jsonAnswer({ value: scaled / SCALE }, { delayMicros });
    }
    const version = source.changesMicros === undefined ? 0 : Math.floor((atMicros - this.#startMicros) / source.changesMicros);
    const content = this.#content(source, version);
    told.push({ node, atMicros, delayMicros, content });
    return { content, delayMicros };
  }

  /** A text of the source's size that nothing but its name and version leads to. */
  #content({ name, sizeBytes }: SourceSettings, version: number): string {
    const key = `${name} ${version}`;
    const known = this.#contents.get(key);
    if (known !== undefined) return known;
    const block = [...sha256(new TextEncoder().encode(`${this.#seed}/${key}`))]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('');
    const content = block.repeat(Math.ceil(sizeBytes / HEX_OF_ONE)).slice(0, sizeBytes);
    this.#contents.set(key, content);
    return content;
  }
}

export function sourceUrl(name: string): string {
  return `https://${name}.example/`;
}

/** The source of an address; undefined for one that nobody runs. */
export function sourceNameOf(url: string): string | undefined {
  return /^https:\/\/([a-z0-9-]+)\.example\//.exec(url)?.[1];
}

function isDown({ down }: SourceSettings, sinceStart: Micros): boolean {
  return down !== undefined && sinceStart % down.everyMicros >= down.everyMicros - down.forMicros;
}
