import { BoundedMap } from '../../bounded-map.ts';
import { TreadleError } from '../../errors.ts';
import { STATE_NODES_PER_REQUEST_MAX, STATE_WALK_DONE_MAX, STATE_WALK_LANES, STATE_WALK_SUBTREES } from '../../limits.ts';
import { referencesOf, rootReferences, type StateReference } from './state-references.ts';

export interface StateWalkOptions {
  /** A node or code as it is held here, checked; undefined when it is not. */
  readonly read: (hash: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Gets what is missing, checked, and stores it. What it leaves out, nobody has. */
  readonly fetch: (hashes: readonly string[]) => Promise<ReadonlyMap<string, Uint8Array>>;
  /** Is told of every hash that belongs to the state, before it is read. */
  readonly visit?: (hash: string) => void;
  /** Is awaited between two steps: a walk may take long and must leave room for other work. */
  readonly pace?: () => Promise<void>;
  readonly stopped: () => boolean;
}

/**
 * Walks through everything that a state root leads to: accounts, slots and code. What is not here is fetched, so after a
 * walk that ends the state is whole. It goes by hash, so every piece is checked by the very reference that led to it.
 */
export class StateWalk {
  private readonly options: StateWalkOptions;
  /** Roots of large parts that are whole: a walk for a later state, most of which is the same, passes over them. */
  private readonly done = new BoundedMap<string, true>(STATE_WALK_DONE_MAX);

  constructor(options: StateWalkOptions) {
    this.options = options;
  }

  /** @returns false when it was stopped. @throws TreadleError LEDGER_DAMAGED when something is held nowhere */
  walk(root: string): Promise<boolean> {
    return this.walkFrom(rootReferences(root));
  }

  /** The same for what these lead to. */
  async walkFrom(references: readonly StateReference[]): Promise<boolean> {
    // The upper part first, until there are enough parts below to walk side by side.
    let parts = references;
    while (parts.length > 0 && parts.length < STATE_WALK_SUBTREES) {
      if (this.options.stopped()) return false;
      const below = await this.step(parts);
      await this.options.pace?.();
      parts = below;
    }
    const waiting = [...parts];
    const lane = async (): Promise<void> => {
      for (let part = waiting.pop(); part !== undefined && !this.options.stopped(); part = waiting.pop()) await this.part(part);
    };
    await Promise.all(Array.from({ length: STATE_WALK_LANES }, lane));
    return !this.options.stopped();
  }

  private async part(part: StateReference): Promise<void> {
    const { stopped, pace } = this.options;
    if (this.options.visit === undefined && this.done.get(part.hash) !== undefined) return;
    const stack: StateReference[] = [part];
    while (stack.length > 0) {
      if (stopped()) return;
      stack.push(...(await this.step(stack.splice(-STATE_NODES_PER_REQUEST_MAX))));
      await pace?.();
    }
    this.done.set(part.hash, true);
  }

  /** Reads these and returns what they refer to. */
  private async step(references: readonly StateReference[]): Promise<readonly StateReference[]> {
    const { read, fetch, visit } = this.options;
    if (visit !== undefined) for (const { hash } of references) visit(hash);
    const held = await Promise.all(references.map(({ hash }) => read(hash)));
    const missing = new Set(references.flatMap(({ hash }, at) => (held[at] === undefined ? [hash] : [])));
    const fetched = new Map<string, Uint8Array>();
    // An answer may be cut short: it is asked again for as long as something new comes.
    while (fetched.size < missing.size) {
      const nodes = await fetch([...missing].filter((hash) => !fetched.has(hash)));
      if (nodes.size === 0) {
        const detail = `${missing.size - fetched.size} parts of the state are held by no connected peer`;
        throw new TreadleError('LEDGER_DAMAGED', { detail, data: { missing: missing.size - fetched.size } });
      }
      for (const [hash, node] of nodes) fetched.set(hash, node);
    }
    return references.flatMap(({ hash, kind }, at) => referencesOf(held[at] ?? (fetched.get(hash) as Uint8Array), kind));
  }
}
