import { BoundedMap } from '../../bounded-map.ts';
import type { Hex } from '../../crypto/index.ts';
import { EXCHANGE_ROOTS_MAX } from '../../limits.ts';
import type { ChunkName } from './exchange-frames.ts';

/** The one object that stands for each chunk. Those of a body that is forgotten are made anew when it is asked for again. */
export class ChunkNames {
  private readonly bodies = new BoundedMap<Hex, Map<number, ChunkName>>(EXCHANGE_ROOTS_MAX);

  of(root: Hex, index: number): ChunkName {
    let names = this.bodies.get(root);
    if (names === undefined) {
      names = new Map();
      this.bodies.set(root, names);
    }
    let name = names.get(index);
    if (name === undefined) {
      name = { root, index };
      names.set(index, name);
    }
    return name;
  }

  /** The chunks of a body that have been named. */
  all(root: Hex): readonly ChunkName[] {
    return [...(this.bodies.get(root)?.values() ?? [])];
  }

  /** Forgets the chunks of a body and returns them. */
  forget(root: Hex): readonly ChunkName[] {
    const names = this.all(root);
    this.bodies.delete(root);
    return names;
  }
}
