import { type Address, equalBytes, toHex } from '../../crypto/index.ts';
import { EVIDENCE_HEIGHTS_BEHIND, EVIDENCE_PLACES_PER_SIGNER_MAX } from '../../limits.ts';
import type { CommitCertificate } from '../core.ts';
import { type Evidence, type SignedStatement, statementOf, verifyStatement } from '../evidence.ts';
import type { MessageType, SignedMessage } from '../messages.ts';

interface Noted {
  readonly statement: SignedStatement;
  checked: boolean;
}

interface WatchedHeight {
  readonly sealers: ReadonlySet<Address>;
  /** By signer, then by type and round: what it said there first. */
  readonly said: Map<Address, Map<string, Noted>>;
  readonly accused: Set<Address>;
}

/** What noting a message brought: proof against its signer, or the finding that somebody forged it. */
export type Noting = { readonly evidence: Evidence } | { readonly forged: true } | undefined;

/**
 * Remembers what every sealer said at the present height and the last few, and finds two messages for one place. It
 * takes part in no decision. Messages of past heights come unchecked, most of them are merely late: their signatures
 * are checked only when two of them contradict each other.
 */
export class VoteWatch {
  readonly #domain: Uint8Array;
  readonly #self: Address;
  readonly #heights = new Map<number, WatchedHeight>();
  readonly #newest = new Map<Address, SignedStatement>();
  readonly #newestCommits = new Map<Address, SignedStatement>();
  #sealers: ReadonlySet<Address> = new Set();

  constructor(domain: Uint8Array, self: Address) {
    this.#domain = domain;
    this.#self = self;
  }

  /** A height starts: it is watched from now on, and what is long past is forgotten. */
  start(height: number, sealers: readonly Address[]): void {
    this.#sealers = new Set(sealers);
    this.#heights.set(height, { sealers: this.#sealers, said: new Map(), accused: new Set() });
    for (const old of this.#heights.keys()) if (old < height - EVIDENCE_HEIGHTS_BEHIND) this.#heights.delete(old);
    for (const newest of [this.#newest, this.#newestCommits]) {
      for (const signer of newest.keys()) if (!this.#sealers.has(signer)) newest.delete(signer);
    }
  }

  /** Notes a message; `checked` says that its signature was found right. */
  note(message: SignedMessage, checked: boolean): Noting {
    const { signer } = message;
    if (signer === this.#self) return undefined;
    const watched = this.#heights.get(message.height);
    if (watched === undefined || !watched.sealers.has(signer) || watched.accused.has(signer)) return undefined;
    return this.#compare(watched, { statement: statementOf(message), checked });
  }

  /** Keeps the newest checked messages of each present sealer, of whatever height. */
  seen(message: SignedMessage): void {
    if (!this.#sealers.has(message.signer)) return;
    raise(this.#newest, message);
    if (message.type === 'commit') raise(this.#newestCommits, message);
  }

  /** What this sealer signed last, and the last commit vote before it. */
  newestOf(signer: Address): readonly SignedStatement[] {
    const newest = this.#newest.get(signer);
    const commit = this.#newestCommits.get(signer);
    return [newest, newest?.type === 'commit' ? undefined : commit].flatMap((statement) => statement ?? []);
  }

  /** True when a commit vote for another digest was noted in the round of this certificate. */
  contradicts({ height, round, digest }: CommitCertificate): boolean {
    const said = this.#heights.get(height)?.said.values() ?? [];
    const place = placeOf({ type: 'commit', round });
    for (const places of said) {
      const noted = places.get(place);
      if (noted !== undefined && toHex(noted.statement.content) !== digest) return true;
    }
    return false;
  }

  #compare(watched: WatchedHeight, noted: Noted): Noting {
    const { statement } = noted;
    let places = watched.said.get(statement.signer);
    if (places === undefined) {
      places = new Map();
      watched.said.set(statement.signer, places);
    }
    const key = placeOf(statement);
    const known = places.get(key);
    if (known === undefined) {
      // A liar fills its own share and nobody else's.
      if (places.size < EVIDENCE_PLACES_PER_SIGNER_MAX) places.set(key, noted);
      return undefined;
    }
    if (equalBytes(known.statement.content, statement.content)) {
      if (noted.checked && !known.checked) places.set(key, noted);
      return undefined;
    }
    if (!this.#holds(noted)) return { forged: true };
    if (!this.#holds(known)) {
      places.set(key, noted);
      return undefined;
    }
    watched.accused.add(statement.signer);
    return { evidence: evidenceOf(known.statement, statement) };
  }

  #holds(noted: Noted): boolean {
    noted.checked ||= verifyStatement(this.#domain, noted.statement);
    return noted.checked;
  }
}

function evidenceOf(first: SignedStatement, second: SignedStatement): Evidence {
  const { type, height, round, signer } = first;
  return {
    type,
    height,
    round,
    signer,
    first: { content: first.content, signature: first.signature },
    second: { content: second.content, signature: second.signature },
  };
}

function placeOf({ type, round }: Pick<SignedStatement, 'type' | 'round'>): string {
  return `${type} ${round}`;
}

function raise(newest: Map<Address, SignedStatement>, message: SignedMessage): void {
  const known = newest.get(message.signer);
  if (known === undefined || isNewer(message, known)) newest.set(message.signer, statementOf(message));
}

/** In which order a sealer signs the messages of one round. */
const ORDER = { 'round-change': 0, 'pre-prepare': 1, prepare: 2, commit: 3 } as const satisfies Record<MessageType, number>;

function isNewer(message: SignedMessage, known: SignedStatement): boolean {
  if (message.height !== known.height) return message.height > known.height;
  if (message.round !== known.round) return message.round > known.round;
  return ORDER[message.type] > ORDER[known.type];
}
