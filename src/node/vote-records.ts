import {
  type MessageType,
  type PreparedProof,
  type RestoredVotes,
  type SignedMessage,
  type SignedStatement,
  signedContent,
  signMessage,
  type UnsignedMessage,
} from '../consensus/index.ts';
import { equalBytes, type NodeKey } from '../crypto/index.ts';
import type { AppendLog } from '../environment/index.ts';
import { invariant, TreadleError } from '../errors.ts';
import { ROUNDS_BEHIND_MAX, VOTE_LOG_BYTES_MAX, VOTE_LOG_RECORDS_MAX } from '../limits.ts';
import type { VoteLog } from './vote-log.ts';
import {
  type Abstention,
  decodeRecord,
  encodeState,
  encodeVote,
  type LogState,
  type Memory,
  type VoteEntry,
} from './vote-record.ts';

/** The vote log over one append-only log. */
export class VoteRecords implements VoteLog {
  readonly #domain: Uint8Array;
  readonly #key: NodeKey;
  readonly #log: AppendLog;
  readonly #entries = new Map<string, VoteEntry>();
  #state: LogState | undefined;
  #floor = 0;
  #signed = false;
  /** Written since the log was last rewritten, or in all when it was opened. */
  #records = 0;
  #bytes = 0;

  constructor(domain: Uint8Array, key: NodeKey, log: AppendLog) {
    this.#domain = domain;
    this.#key = key;
    this.#log = log;
  }

  get memory(): Memory | 'fresh' {
    return this.#state?.memory ?? 'fresh';
  }

  get floor(): number {
    return this.#floor;
  }

  get abstention(): Abstention | undefined {
    return this.#state?.abstention;
  }

  get hasSigned(): boolean {
    return this.#signed || (this.memory !== 'whole' && this.memory !== 'fresh') || this.#floor > 1;
  }

  /** Reads the records and returns how many of them could not be read. */
  load(records: readonly Uint8Array[]): number {
    let unreadable = 0;
    for (const bytes of records) {
      try {
        this.#take(bytes);
      } catch (error) {
        if (!(error instanceof TreadleError)) throw error;
        unreadable += 1;
      }
    }
    this.#records = records.length;
    this.#dropBelow();
    return unreadable;
  }

  async sign(message: UnsignedMessage, prepared?: PreparedProof): Promise<SignedMessage | undefined> {
    if (this.memory === 'lost' || this.memory === 'damaged' || message.height < this.#floor) return undefined;
    const known = this.#entries.get(placeOf(message));
    if (known !== undefined) {
      if (!equalBytes(signedContent(known.message), signedContent(message))) return undefined;
      // Its first record may still be on the way to the disk.
      await this.#log.sync();
      return known.message;
    }
    if (this.#isLeftOut(message)) return undefined;
    const signed = signMessage(this.#domain, message, this.#key);
    this.#entries.set(placeOf(message), { message: signed, prepared });
    this.#signed = true;
    this.#state ??= { memory: 'whole', abstention: undefined, rounds: undefined };
    this.#append(encodeVote(this.#floor, { message: signed, prepared }));
    // When this rejects, the record waits for room on the disk and the message does not leave.
    await this.#log.sync();
    if (this.#isGrown()) await this.#compact();
    return signed;
  }

  restore(height: number): RestoredVotes | undefined {
    const own: SignedMessage[] = [];
    let prepared: PreparedProof | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.message.height !== height) continue;
      own.push(entry.message);
      if (entry.prepared !== undefined && (prepared === undefined || entry.prepared.round > prepared.round)) {
        prepared = entry.prepared;
      }
    }
    if (own.length === 0) return undefined;
    return prepared === undefined ? { own } : { own, prepared };
  }

  knows(statement: SignedStatement): boolean {
    if (statement.height < this.#floor) return true;
    const known = this.#entries.get(placeOf(statement));
    if (known !== undefined) return equalBytes(signedContent(known.message), statement.content);
    return this.#isLeftOut(statement);
  }

  async forgetBelow(height: number): Promise<void> {
    if (height <= this.#floor) return;
    this.#floor = height;
    this.#dropBelow();
    // Rewriting costs a few syncs, so the log is allowed to grow over many heights first.
    if (this.#isGrown()) await this.#rewrite();
  }

  begin(): Promise<void> {
    invariant(this.memory === 'fresh' || this.memory === 'whole', 'only who never signed begins');
    return this.#record({ memory: 'whole', abstention: this.abstention, rounds: this.#state?.rounds });
  }

  lose(memory: 'damaged' | 'lost'): Promise<void> {
    this.#state = { memory, abstention: this.abstention, rounds: undefined };
    // A record that cannot be read must not be found again.
    return this.#rewrite();
  }

  abstain(abstention: Abstention, fromRound = 0): Promise<void> {
    const { below } = abstention;
    // What could still be read of that height is a part of what was signed: it is above all of it that one goes on.
    const known = [...this.#entries.values()].flatMap(({ message }) => (message.height === below ? message.round + 1 : []));
    const round = Math.max(fromRound, ...known);
    this.#floor = Math.max(this.#floor, below);
    this.#entries.clear();
    this.#state = { memory: 'whole', abstention, rounds: round === 0 ? undefined : { height: below, round } };
    return this.#rewrite();
  }

  fromRound(height: number): number {
    const rounds = this.#state?.rounds;
    return rounds?.height === height ? rounds.round : 0;
  }

  async close(): Promise<void> {
    await this.#log.close();
  }

  #take(bytes: Uint8Array): void {
    const record = decodeRecord(bytes);
    this.#floor = Math.max(this.#floor, record.floor);
    this.#bytes += bytes.length;
    if (record.type === 'vote') {
      this.#entries.set(placeOf(record.entry.message), record.entry);
      this.#signed = true;
    } else if (record.state !== undefined) this.#state = record.state;
    // A log that holds anything is no fresh one.
    this.#state ??= { memory: 'whole', abstention: undefined, rounds: undefined };
  }

  async #record(state: LogState): Promise<void> {
    this.#state = state;
    this.#append(encodeState(this.#floor, state));
    await this.#log.sync();
  }

  #append(record: Uint8Array): void {
    this.#log.append(record);
    this.#records += 1;
    this.#bytes += record.length;
  }

  #isGrown(): boolean {
    return this.#records >= VOTE_LOG_RECORDS_MAX || this.#bytes >= VOTE_LOG_BYTES_MAX;
  }

  /**
   * A height that is stuck for long costs a record or two a round. What a core resumes from are the votes of the latest
   * rounds and the last commit vote with its proof; the rounds below are never entered again, and nothing is signed in them.
   */
  async #compact(): Promise<void> {
    const height = [...this.#entries.values()].reduce((most, { message }) => Math.max(most, message.height), 0);
    const here = [...this.#entries.values()].filter(({ message }) => message.height === height);
    const top = here.reduce((most, { message }) => Math.max(most, message.round), 0);
    const commits = here.filter(({ message }) => message.type === 'commit');
    const lastCommit = commits.reduce((most, { message }) => Math.max(most, message.round), -1);
    const from = top - ROUNDS_BEHIND_MAX;
    for (const { message } of here) {
      const stays = message.round >= from || (message.type === 'commit' && message.round === lastCommit);
      if (!stays) this.#entries.delete(placeOf(message));
    }
    if (from > 0) this.#state = { memory: 'whole', abstention: this.abstention, rounds: { height, round: from } };
    await this.#rewrite();
  }

  async #rewrite(): Promise<void> {
    const records = [...this.#entries.values()].map((entry) => encodeVote(this.#floor, entry));
    invariant(this.#state !== undefined, 'a log that has grown holds something');
    records.unshift(encodeState(this.#floor, this.#state));
    this.#records = 0;
    this.#bytes = 0;
    await this.#log.rewrite(records);
  }

  #isLeftOut({ height, round }: { readonly height: number; readonly round: number }): boolean {
    const rounds = this.#state?.rounds;
    return rounds !== undefined && height === rounds.height && round < rounds.round;
  }

  #dropBelow(): void {
    for (const [place, entry] of this.#entries) if (entry.message.height < this.#floor) this.#entries.delete(place);
  }
}

function placeOf(message: { readonly type: MessageType; readonly height: number; readonly round: number }): string {
  return `${message.height}/${message.round}/${message.type}`;
}
