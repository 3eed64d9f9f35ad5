import { type Address, equalBytes, type Hex } from '../../crypto/index.ts';
import { EVIDENCE_PLACES_PER_SIGNER_MAX, HEARD_ROUNDS_BEHIND } from '../../limits.ts';
import { rememberByIdentity } from '../../remember.ts';
import type { Evidence, SignedStatement } from '../evidence.ts';
import { fingerprintOf, GROUP_BYTES, type HeardGroup, type HeardPlace } from '../hearsay.ts';
import { type MessageType, placeKey } from '../messages.ts';
import { ClaimBook } from './claim-book.ts';

/** What several signers may have said alike. */
interface Content {
  readonly bytes: Uint8Array;
  fingerprint: Hex | undefined;
}

interface Heard {
  readonly statement: SignedStatement;
  readonly content: Content;
}

/** One type and round: what each signer said first, by its position. */
interface Row {
  readonly type: MessageType;
  readonly round: number;
  readonly contents: Content[];
  readonly heard: (Heard | undefined)[];
}

/** What noting a statement brought: it was the first for its place, or it contradicts the first. */
export type Noting = 'first' | Evidence | undefined;

/** In which order the types of a round are told when there is too much for one frame. */
const TOLD_FIRST = ['commit', 'prepare', 'pre-prepare', 'round-change'] as const satisfies readonly MessageType[];

/** What every sealer of one height was heard to say there first, all of it rightly signed. */
export class WatchedHeight {
  readonly height: number;
  readonly sealers: readonly Address[];
  /** What others say they heard. */
  readonly claims = new ClaimBook();
  /** The last round that this node reached, and the one that decided, once it is known. */
  round = 0;
  decidedIn: number | undefined;
  /** Something was heard since it was last told. */
  news = false;
  readonly #positions: ReadonlyMap<Address, number>;
  readonly #rows = new Map<number, Row>();
  /** Statements kept of each signer. */
  readonly #counts: number[];
  readonly #accused = new Set<number>();

  constructor(height: number, sealers: readonly Address[]) {
    this.height = height;
    this.sealers = sealers;
    this.#positions = positionsOf(sealers);
    this.#counts = sealers.map(() => 0);
  }

  positionOf(sealer: Address): number | undefined {
    return this.#positions.get(sealer);
  }

  /** True when this would be the first that its signer says there, or contradict the first; false when nothing follows from it. */
  lacks({ type, round, signer, content }: Pick<SignedStatement, 'type' | 'round' | 'signer' | 'content'>): boolean {
    const position = this.#positions.get(signer);
    if (position === undefined || this.#accused.has(position)) return false;
    const first = this.#rows.get(placeKey(type, round))?.heard[position];
    if (first !== undefined) return !equalBytes(first.content.bytes, content);
    // A liar fills its own share and nobody else's.
    return (this.#counts[position] ?? 0) < EVIDENCE_PLACES_PER_SIGNER_MAX;
  }

  /** Notes a rightly signed statement of this height. */
  note(statement: SignedStatement): Noting {
    const position = this.#positions.get(statement.signer);
    if (position === undefined || !this.lacks(statement)) return undefined;
    const row = this.#row(statement.type, statement.round);
    const first = row.heard[position];
    if (first === undefined) {
      row.heard[position] = { statement, content: contentIn(row, statement.content) };
      this.#counts[position] = (this.#counts[position] ?? 0) + 1;
      this.news = true;
      return 'first';
    }
    this.#accused.add(position);
    return evidenceOf(first.statement, statement);
  }

  /** What the signer at this position said there first. */
  first({ type, round, signer }: HeardPlace): SignedStatement | undefined {
    return this.#rows.get(placeKey(type, round))?.heard[signer]?.statement;
  }

  /** Whether what the signer at a position said first, in one type and round, has this fingerprint; undefined when it was not heard. */
  alike({ type, round, fingerprint }: HeardGroup): (signer: number) => boolean | undefined {
    const row = this.#rows.get(placeKey(type, round));
    const same = row?.contents.find((content) => fingerprintIn(content) === fingerprint);
    return (signer) => {
      const content = row?.heard[signer]?.content;
      return content && content === same;
    };
  }

  /** True when a commit vote for another digest was noted in this round. */
  contradicts(round: number, digest: Uint8Array): boolean {
    return this.#rows.get(placeKey('commit', round))?.contents.some(({ bytes }) => !equalBytes(bytes, digest)) ?? false;
  }

  /** What was heard in the last rounds, in short: the round that decided first, as much as there is room for. */
  groups(bytesMax: number): readonly HeardGroup[] {
    const last = this.decidedIn ?? this.round;
    const rounds = [last, last + 1, ...Array.from({ length: HEARD_ROUNDS_BEHIND }, (_, at) => last - 1 - at)];
    const groups: HeardGroup[] = [];
    let left = bytesMax;
    for (const group of rounds.flatMap((round) => TOLD_FIRST.flatMap((type) => this.#groupsOf(type, round)))) {
      left -= GROUP_BYTES + group.signers.length;
      if (left < 0) break;
      groups.push(group);
    }
    return groups;
  }

  #groupsOf(type: MessageType, round: number): readonly HeardGroup[] {
    const row = this.#rows.get(placeKey(type, round));
    if (row === undefined) return [];
    return row.contents.map((content) => {
      const signers = row.heard.flatMap((heard, position) => (heard?.content === content ? position : []));
      return { type, round, fingerprint: fingerprintIn(content), signers: Uint8Array.from(signers) };
    });
  }

  #row(type: MessageType, round: number): Row {
    const key = placeKey(type, round);
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = { type, round, contents: [], heard: this.sealers.map(() => undefined) };
      this.#rows.set(key, row);
    }
    return row;
  }
}

const positionsOf = rememberByIdentity(
  (sealers: readonly Address[]): ReadonlyMap<Address, number> => new Map(sealers.map((sealer, at) => [sealer, at])),
);

function contentIn(row: Row, bytes: Uint8Array): Content {
  const known = row.contents.find((content) => equalBytes(content.bytes, bytes));
  if (known !== undefined) return known;
  const content: Content = { bytes, fingerprint: undefined };
  row.contents.push(content);
  return content;
}

function fingerprintIn(content: Content): Hex {
  content.fingerprint ??= fingerprintOf(content.bytes);
  return content.fingerprint;
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
