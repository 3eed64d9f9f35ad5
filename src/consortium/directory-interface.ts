import type { Address, NodeKey } from '../crypto/index.ts';
import type { Environment, NodeId } from '../environment/index.ts';
import type { ContactFields, SignedContact } from './contact.ts';
import type { Role } from './roles.ts';

export interface DirectoryOptions {
  readonly environment: Environment;
  readonly key: NodeKey;
  /** What this node says of itself; signed here. */
  readonly self: SelfDescription;
  /** Contacts remembered, this node's own included; {@link DIRECTORY_ENTRIES_MAX} when absent. */
  readonly maxEntries?: number;
  /** The reason to refuse a correctly signed contact (its certificate, for one), or undefined to take it. */
  readonly judge?: (contact: SignedContact) => string | undefined;
  /** The wire version agreed with a connected peer; 1 when absent. */
  readonly wireVersion?: (peer: NodeId) => number;
}

export type SelfDescription = Omit<ContactFields, 'node' | 'sequence'>;

/**
 * A node's address book. A centre is nothing but a node to whose directory everybody announces; since connected nodes
 * exchange what they know, nothing depends on it afterwards.
 */
export interface Directory {
  /** This node's current contact. */
  self(): SignedContact;
  /** Signs a new contact with these changes (new addresses after a restart, a renewed certificate). */
  describe(changes: Partial<SelfDescription>): SignedContact;
  lookup(node: NodeId): SignedContact | undefined;
  /** Known contacts in the order of their addresses, this node's own included. */
  all(filter?: { readonly role?: Role; readonly company?: Address }): readonly SignedContact[];
  /** Takes contacts from a file or a hello; returns how many were news. */
  seed(contacts: readonly SignedContact[]): number;
  /** Sends this node's contact to a connected peer. */
  announceTo(peer: NodeId): void;
  /**
   * Announces to a connected peer and reads all it knows; returns how many contacts were news.
   * @throws TreadleError NETWORK_* | DIRECTORY_REQUEST_INVALID
   */
  exchangeWith(peer: NodeId): Promise<number>;
  /** Called with every contact that is news. */
  onContact(listener: (contact: SignedContact) => void): void;
  /** Resolves when everything learned so far is on disk. */
  flush(): Promise<void>;
}
