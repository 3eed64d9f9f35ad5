import { type Address, equalBytes, fromHex, toHex } from '../crypto/index.ts';
import type { NodeId, Table, TableOperation } from '../environment/index.ts';
import { hasCode, invariant, TreadleError } from '../errors.ts';
import { CONTACT_AHEAD_MS_MAX, DIRECTORY_ENTRIES_MAX, DIRECTORY_PAGE_ENTRIES_MAX, DIRECTORY_PAGES_KEPT_MAX } from '../limits.ts';
import { rememberByIdentity } from '../remember.ts';
import { decodeContact, encodeContact, type SignedContact, signContact, verifyContact } from './contact.ts';
import type { Directory, DirectoryOptions, SelfDescription } from './directory-interface.ts';
import {
  decodePage,
  decodeQuestion,
  decodeRangeAnswer,
  decodeRangeQuestion,
  encodePage,
  encodeQuestion,
  encodeRangeQuestion,
  encodeSame,
  fingerprintOf,
  type RangeQuestion,
} from './directory-messages.ts';
import { isObserver, type Role } from './roles.ts';

/** Request: "who is there?" */
export const DIRECTORY_PROTOCOL = 'directory/1';
/** The same of wire version 2: what both sides know is not sent again. */
export const DIRECTORY_RANGE_PROTOCOL = 'directory/2';
/** Frame: "this is where I am". */
export const ANNOUNCE_PROTOCOL = 'announce/1';

/**
 * Opens the directory of a node: reads what it knew before, registers its protocols. Call before `network.start`.
 */
export async function createDirectory(options: DirectoryOptions): Promise<Directory> {
  const table = await options.environment.disk.table('directory');
  const directory = new StoredDirectory(options, table);
  await directory.load();
  directory.answer();
  return directory;
}

/** What a peer told of a part of its directory; `upTo` where it told only that both know the same up to there. */
interface Answer {
  readonly contacts: readonly Uint8Array[];
  readonly more: boolean;
  readonly upTo?: NodeId;
}

type Offer = { readonly taken: boolean; readonly reason?: string };

class StoredDirectory implements Directory {
  private readonly options: DirectoryOptions;
  private readonly table: Table;
  private readonly entriesMax: number;
  private readonly contacts = new Map<NodeId, SignedContact>();
  /** Nodes in ascending order; rebuilt when the set changes. */
  private order: NodeId[] | undefined;
  /** What was told and asked of ranges, by the node before each, since the last change. */
  private readonly pages = new Map<NodeId | undefined, Uint8Array>();
  private readonly questions = new Map<NodeId | undefined, { readonly bytes: Uint8Array; readonly upTo: NodeId | undefined }>();
  private readonly listeners: ((contact: SignedContact) => void)[] = [];
  private own: SignedContact;
  private writing: Promise<void> | undefined;
  private unwritten: TableOperation[] = [];
  private unsynced = false;

  constructor(options: DirectoryOptions, table: Table) {
    this.options = options;
    this.table = table;
    this.entriesMax = options.maxEntries ?? DIRECTORY_ENTRIES_MAX;
    invariant(this.entriesMax >= 1, 'a directory has room for its own node');
    invariant(options.key.address === options.environment.node, 'the directory signs with the key of its node');
    this.own = signContact({ ...options.self, sequence: this.nowMs() }, options.key);
    this.put(this.own);
  }

  async load(): Promise<void> {
    const { log } = this.options.environment;
    // A contact that the disk has lost comes again with the next exchange.
    const onDamaged = (key: Uint8Array): void =>
      log.warn('directory.entry-damaged', { entry: toHex(key), reason: 'its checksum fails' });
    for await (const [key, value] of this.table.entries({ onDamaged })) {
      try {
        const contact = decodeContact(value);
        if (contact.node === this.own.node) this.stepOver(contact);
        else this.offer(contact);
      } catch (error) {
        if (!(error instanceof TreadleError)) throw error;
        log.warn('directory.entry-damaged', { entry: toHex(key), reason: error.detail });
      }
    }
    this.store(this.own);
  }

  answer(): void {
    const { network } = this.options.environment;
    network.onRequest(DIRECTORY_PROTOCOL, async (_from, body) => this.page(decodeQuestion(body).after));
    network.onRequest(DIRECTORY_RANGE_PROTOCOL, async (_from, body) => this.answerRange(decodeRangeQuestion(body)));
    network.onFrame(ANNOUNCE_PROTOCOL, (from, frame) => this.announced(from, frame));
  }

  self(): SignedContact {
    return this.own;
  }

  describe(changes: Partial<SelfDescription>): SignedContact {
    const { node: _node, signature: _signature, sequence, ...fields } = this.own;
    this.own = signContact({ ...fields, ...changes, sequence: Math.max(this.nowMs(), sequence + 1) }, this.options.key);
    this.put(this.own);
    this.store(this.own);
    return this.own;
  }

  lookup(node: NodeId): SignedContact | undefined {
    return this.contacts.get(node);
  }

  all(filter: { readonly role?: Role; readonly company?: Address } = {}): readonly SignedContact[] {
    return this.ordered()
      .map((node) => this.contacts.get(node) as SignedContact)
      .filter((contact) => filter.role === undefined || contact.role === filter.role)
      .filter((contact) => filter.company === undefined || contact.company === filter.company);
  }

  seed(contacts: readonly SignedContact[]): number {
    let news = 0;
    for (const contact of contacts) if (this.learn(contact).taken) news++;
    return news;
  }

  announceTo(peer: NodeId): void {
    this.options.environment.network.send(peer, ANNOUNCE_PROTOCOL, encodeContact(this.own));
  }

  async exchangeWith(peer: NodeId): Promise<number> {
    const ask = (this.options.wireVersion?.(peer) ?? 1) >= 2 ? this.askRange : this.askPage;
    this.announceTo(peer);
    let news = 0;
    let after: Address | undefined;
    // The bound holds against a peer that always answers "more": it cannot know more than anyone may remember. Ranges that
    // both know alike end where the asker's do, so that there may be as many of them again.
    for (let pages = 0; pages <= 2 * Math.ceil(DIRECTORY_ENTRIES_MAX / DIRECTORY_PAGE_ENTRIES_MAX); pages++) {
      const page = await ask.call(this, peer, after);
      const contacts = contactsOf(page.contacts);
      for (const contact of contacts) if (contact !== undefined && this.learn(contact, peer).taken) news++;
      const last = page.upTo ?? contacts.findLast((contact) => contact !== undefined)?.node;
      if (!page.more || last === undefined || (after !== undefined && last <= after)) return news;
      after = last;
    }
    return news;
  }

  onContact(listener: (contact: SignedContact) => void): void {
    this.listeners.push(listener);
  }

  flush(): Promise<void> {
    // A synced write takes everything that was written before it to the disk.
    return this.write({ type: 'put', key: keyOf(this.own), value: encodeContact(this.own) }, true);
  }

  /** Takes a contact from outside: into memory, to disk, to the listeners. A refusal is logged. */
  private learn(contact: SignedContact, via?: NodeId): Offer {
    const offer = this.offer(contact);
    if (offer.taken) {
      this.store(contact);
      for (const listener of this.listeners) listener(contact);
    } else if (offer.reason !== undefined) {
      this.options.environment.log.warn('directory.contact-refused', { contact: contact.node, via, reason: offer.reason });
    }
    return offer;
  }

  /** Judges a contact and remembers it when it is news. No reason means: known already. */
  private offer(contact: SignedContact): Offer {
    const known = this.contacts.get(contact.node);
    if (known !== undefined && contact.sequence <= known.sequence) return { taken: false };
    const reason = this.refusal(contact);
    if (reason !== undefined) return { taken: false, reason };
    if (known === undefined && !this.makeRoom(contact))
      return { taken: false, reason: `the directory is full (${this.entriesMax} contacts)` };
    this.put(contact);
    return { taken: true };
  }

  private refusal(contact: SignedContact): string | undefined {
    if (contact.sequence > this.nowMs() + CONTACT_AHEAD_MS_MAX) return 'it is dated more than a day ahead: a clock is wrong';
    if (!verifyContact(contact)) return 'it is not signed by the node that it names';
    // Only this node writes its own record; a later one with its signature means a copy of the key or a clock set back.
    if (contact.node === this.own.node)
      return "it is a later record of this node's own key: another machine runs with a copy of it";
    return this.options.judge?.(contact);
  }

  /** When full, a sealer's or centre's contact takes the place of the stalest observer; others are turned away. */
  private makeRoom(contact: SignedContact): boolean {
    if (this.contacts.size < this.entriesMax) return true;
    if (isObserver(contact.role) && contact.role !== 'centre') return false;
    let stalest: SignedContact | undefined;
    for (const candidate of this.contacts.values()) {
      if (candidate.node === this.own.node || !isObserver(candidate.role) || candidate.role === 'centre') continue;
      if (stalest === undefined || candidate.sequence < stalest.sequence) stalest = candidate;
    }
    if (stalest === undefined) return false;
    this.contacts.delete(stalest.node);
    this.order = undefined;
    void this.write({ type: 'del', key: keyOf(stalest) });
    return true;
  }

  private put(contact: SignedContact): void {
    if (!this.contacts.has(contact.node)) this.order = undefined;
    this.contacts.set(contact.node, contact);
    this.pages.clear();
    this.questions.clear();
  }

  private announced(from: NodeId, frame: Uint8Array): void {
    try {
      const contact = decodeContact(frame);
      if (contact.node !== from) throw new TreadleError('DIRECTORY_CONTACT_FORGED', { detail: `it announced ${contact.node}` });
      if (!verifyContact(contact)) throw new TreadleError('DIRECTORY_CONTACT_FORGED');
      this.learn(contact, from);
    } catch (error) {
      if (!hasCode(error, 'DIRECTORY_CONTACT_MALFORMED') && !hasCode(error, 'DIRECTORY_CONTACT_FORGED')) throw error;
      this.options.environment.network.penalise(from, `${error.code}: ${error.detail}`);
    }
  }

  private async askPage(peer: NodeId, after: Address | undefined): Promise<Answer> {
    const { network } = this.options.environment;
    return decodePage(await network.request(peer, DIRECTORY_PROTOCOL, encodeQuestion(after === undefined ? {} : { after })));
  }

  private async askRange(peer: NodeId, after: Address | undefined): Promise<Answer> {
    const { network, metrics } = this.options.environment;
    const { bytes, upTo } = this.question(after);
    const answer = decodeRangeAnswer(await network.request(peer, DIRECTORY_RANGE_PROTOCOL, bytes));
    if (!answer.same) return answer;
    metrics.count('directory_ranges_same_total');
    return { contacts: [], more: answer.more && upTo !== undefined, ...(upTo !== undefined && { upTo }) };
  }

  private question(after: Address | undefined): { readonly bytes: Uint8Array; readonly upTo: NodeId | undefined } {
    const known = this.questions.get(after);
    if (known !== undefined) return known;
    const { contacts, more } = this.range(after);
    const upTo = more ? contacts.at(-1)?.node : undefined;
    const bytes = encodeRangeQuestion({
      fingerprint: fingerprintOf(contacts),
      ...(after !== undefined && { after }),
      ...(upTo !== undefined && { upTo }),
    });
    this.remember(this.questions, after, { bytes, upTo });
    return { bytes, upTo };
  }

  private answerRange({ after, upTo, fingerprint }: RangeQuestion): Uint8Array {
    const order = this.ordered();
    const start = after === undefined ? 0 : firstAbove(order, after);
    const end = upTo === undefined ? order.length : firstAbove(order, upTo);
    // A range longer than a page is not what the asker, who has at most a page of it, can know alike.
    const comparable = end - start <= DIRECTORY_PAGE_ENTRIES_MAX;
    const known = comparable ? order.slice(start, end).map((node) => this.contacts.get(node) as SignedContact) : [];
    if (comparable && equalBytes(fingerprintOf(known), fingerprint)) return encodeSame({ more: end < order.length });
    return this.page(after);
  }

  /** What this node knows after a node, at most a page of it. */
  private range(after: Address | undefined): { readonly contacts: readonly SignedContact[]; readonly more: boolean } {
    const order = this.ordered();
    const start = after === undefined ? 0 : firstAbove(order, after);
    const nodes = order.slice(start, start + DIRECTORY_PAGE_ENTRIES_MAX);
    return {
      contacts: nodes.map((node) => this.contacts.get(node) as SignedContact),
      more: start + nodes.length < order.length,
    };
  }

  private page(after: Address | undefined): Uint8Array {
    const known = this.pages.get(after);
    if (known !== undefined) return known;
    const { contacts, more } = this.range(after);
    const page = encodePage({ contacts: contacts.map(encodeContact), more });
    this.remember(this.pages, after, page);
    return page;
  }

  /** Asked from any node on, a directory has as many pages as nodes; those that are asked for are few. */
  private remember<T>(known: Map<NodeId | undefined, T>, after: NodeId | undefined, value: T): void {
    if (known.size >= DIRECTORY_PAGES_KEPT_MAX) known.clear();
    known.set(after, value);
  }

  private ordered(): readonly NodeId[] {
    this.order ??= [...this.contacts.keys()].sort();
    return this.order;
  }

  /** The clock may have been set back since the last run: the new record must still be the newer one. */
  private stepOver(previous: SignedContact): void {
    if (previous.sequence < this.own.sequence) return;
    const { node: _node, signature: _signature, ...fields } = this.own;
    this.own = signContact({ ...fields, sequence: previous.sequence + 1 }, this.options.key);
    this.put(this.own);
  }

  private store(contact: SignedContact): void {
    void this.write({ type: 'put', key: keyOf(contact), value: encodeContact(contact) });
  }

  /**
   * Writes in order, behind the caller's back: a lost contact is learned again, a failing disk is logged. What comes while a
   * write is under way goes with the next one. Resolves when everything so far is written.
   */
  private write(operation: TableOperation, sync = false): Promise<void> {
    this.unwritten.push(operation);
    this.unsynced ||= sync;
    this.writing ??= this.writeAll();
    return this.writing;
  }

  private async writeAll(): Promise<void> {
    // What the present page brings goes together.
    await undefined;
    while (this.unwritten.length > 0) {
      const [operations, sync] = [this.unwritten, this.unsynced];
      this.unwritten = [];
      this.unsynced = false;
      try {
        await this.table.batch(operations, { sync });
      } catch (error) {
        this.options.environment.log.warn('directory.not-stored', { reason: String(error) });
      }
    }
    this.writing = undefined;
  }

  private nowMs(): number {
    return Math.floor(this.options.environment.clock.now() / 1000);
  }
}

/** Under what a contact is stored; the same array for every node of the process. */
const keyOf = rememberByIdentity(({ node }: SignedContact): Uint8Array => fromHex(node));

const contactsOf = rememberByIdentity((encoded: readonly Uint8Array[]): readonly (SignedContact | undefined)[] =>
  encoded.map(decodeOrUndefined),
);

/** A page may hold records of a later release: they are skipped, the rest is used. */
function decodeOrUndefined(bytes: Uint8Array): SignedContact | undefined {
  try {
    return decodeContact(bytes);
  } catch (error) {
    if (hasCode(error, 'DIRECTORY_CONTACT_MALFORMED')) return undefined;
    throw error;
  }
}

function firstAbove(order: readonly NodeId[], node: NodeId): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((order[middle] as NodeId) <= node) low = middle + 1;
    else high = middle;
  }
  return low;
}
