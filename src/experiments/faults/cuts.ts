import type { NodeId } from '../../environment/index.ts';
import type { World } from '../../environment/sim/index.ts';

/** Cut links, counted: two faults may cut the same direction, and it opens when both are over. */
export class Cuts {
  readonly #world: World;
  readonly #counts = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Cuts one direction; returns what opens it again. */
  cut(from: NodeId, to: NodeId): () => void {
    const key = `${from}>${to}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    this.#world.block(from, to);
    let open = false;
    return () => {
      if (open) return;
      open = true;
      const left = (this.#counts.get(key) ?? 1) - 1;
      this.#counts.set(key, left);
      if (left === 0) this.#world.unblock(from, to);
    };
  }
}
