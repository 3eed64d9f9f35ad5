import type { Hex } from '../../crypto/index.ts';
import type { Table, TableOperation } from '../../environment/index.ts';
import { deleteReferences, putReference, type Reference, readReferences } from './segment-index.ts';

/** Which bodies the blocks of this chain refer to: those that are held, and those that this node lacks. */
export class PayloadReferences {
  private readonly kept = new Map<Hex, Reference>();
  private readonly wanted = new Map<Hex, Reference>();

  /** Reads them from the table; the keys of records that cannot be read go to `onDamaged`. */
  async load(table: Table, onDamaged: (key: Uint8Array) => void): Promise<void> {
    for await (const reference of readReferences(table, 'kept', onDamaged)) this.keep(reference);
    for await (const reference of readReferences(table, 'wanted', onDamaged)) this.want(reference);
  }

  isKept(root: Hex): boolean {
    return this.kept.has(root);
  }

  /** The reference to a body that this node lacks. */
  wantedOf(root: Hex): Reference | undefined {
    return this.wanted.get(root);
  }

  keptOf(root: Hex): Reference | undefined {
    return this.kept.get(root);
  }

  allKept(): readonly Reference[] {
    return [...this.kept.values()];
  }

  allWanted(): readonly Reference[] {
    return [...this.wanted.values()];
  }

  get wantedCount(): number {
    return this.wanted.size;
  }

  /** Notes that a block refers to a body that is held; returns what makes it durable. */
  keep(reference: Reference): readonly TableOperation[] {
    this.kept.set(reference.commitment.root, reference);
    this.wanted.delete(reference.commitment.root);
    return putReference('kept', reference);
  }

  /** Notes that a block refers to a body that is not held; returns what makes it durable. */
  want(reference: Reference): readonly TableOperation[] {
    this.wanted.set(reference.commitment.root, reference);
    this.kept.delete(reference.commitment.root);
    return putReference('wanted', reference);
  }

  /** No block that is kept refers to the body any more; returns what makes it durable. */
  forget(root: Hex): readonly TableOperation[] {
    this.kept.delete(root);
    this.wanted.delete(root);
    return deleteReferences(root);
  }
}
