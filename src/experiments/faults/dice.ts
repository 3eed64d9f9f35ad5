import { invariant } from '../../errors.ts';
import { createSeededRandom } from '../seeded-random.ts';

/** A whole range of numbers, both ends included. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Draws of one purpose, reproducible from the seed: another purpose's draws never shift them. */
export class Dice {
  readonly #path: string;
  readonly #random: { float(): number; bytes(length: number): Uint8Array };

  constructor(path: string) {
    this.#path = path;
    this.#random = createSeededRandom(path);
  }

  /** Dice of a purpose below this one. */
  of(purpose: string): Dice {
    return new Dice(`${this.#path}/${purpose}`);
  }

  /** Uniform in [0, 1). */
  float(): number {
    return this.#random.float();
  }

  chance(probability: number): boolean {
    return this.float() < probability;
  }

  /** Uniform integer from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.float() * (max - min + 1));
  }

  /** Uniform real number of a range. */
  within({ min, max }: Range): number {
    return min + this.float() * (max - min);
  }

  bytes(length: number): Uint8Array {
    return this.#random.bytes(length);
  }

  pick<T>(items: readonly T[]): T {
    invariant(items.length > 0, 'there is something to pick from', { dice: this.#path });
    return items[Math.floor(this.float() * items.length)] as T;
  }

  /** `count` different items, in a random order; all of them when there are fewer. */
  some<T>(items: readonly T[], count: number): readonly T[] {
    const left = [...items];
    const taken: T[] = [];
    while (taken.length < count && left.length > 0) taken.push(...left.splice(Math.floor(this.float() * left.length), 1));
    return taken;
  }
}
