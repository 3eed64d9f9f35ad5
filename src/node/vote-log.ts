import {
  decodeMessage,
  decodePreparedProof,
  encodeMessage,
  encodePreparedProof,
  type MessageType,
  type PreparedProof,
  type RestoredVotes,
  type SignedMessage,
  signingDigest,
  type UnsignedMessage,
} from '../consensus/index.ts';
import { decodeRlp, encodeRlp, type Hex, type NodeKey, toHex } from '../crypto/index.ts';
import type { AppendLog, Environment } from '../environment/index.ts';
import { invariant } from '../errors.ts';
import { VOTE_LOG_RECORDS_MAX } from '../limits.ts';

/**
 * A sealer's memory of what it signed. A vote leaves the node only after its record is on disk, so a sealer that was
 * killed at any moment never signs a second, different message for the same height, round and type.
 */
export interface VoteLog {
  /**
   * Signs `message`, makes the record durable and returns the signed message; a message that was signed before is
   * returned as it was.
   * @returns undefined when another message of this height, round and type was signed before: nothing may be sent
   */
  sign(message: UnsignedMessage, prepared?: PreparedProof): Promise<SignedMessage | undefined>;
  /** What was signed for this height, for a core that starts again. */
  restore(height: number): RestoredVotes | undefined;
  /** Forgets heights below: they are final and nothing is ever signed for them again. */
  forgetBelow(height: number): Promise<void>;
  close(): Promise<void>;
}

interface Entry {
  readonly message: SignedMessage;
  readonly prepared: PreparedProof | undefined;
}

/** Opens the log of `key`'s votes in this environment. `domain` is the signing domain of the chain. */
export async function openVoteLog(options: {
  readonly environment: Environment;
  readonly key: NodeKey;
  readonly domain: Uint8Array;
}): Promise<VoteLog> {
  const log = await options.environment.disk.log('votes');
  const votes = new VoteRecords(options.domain, options.key, log);
  votes.load(await log.records());
  return votes;
}

class VoteRecords implements VoteLog {
  readonly #domain: Uint8Array;
  readonly #key: NodeKey;
  readonly #log: AppendLog;
  readonly #entries = new Map<string, Entry>();
  /** No message of a height below this one is ever signed. */
  #floor = 0;
  #records = 0;

  constructor(domain: Uint8Array, key: NodeKey, log: AppendLog) {
    this.#domain = domain;
    this.#key = key;
    this.#log = log;
  }

  load(records: readonly Uint8Array[]): void {
    for (const record of records) {
      const [floor, message, prepared] = decodeRlp(record) as [Uint8Array, Uint8Array, Uint8Array];
      this.#floor = Math.max(this.#floor, floor.length === 0 ? 0 : Number.parseInt(toHex(floor), 16));
      if (message.length === 0) continue;
      const signed = decodeMessage(message);
      this.#entries.set(placeOf(signed), {
        message: signed,
        prepared: prepared.length === 0 ? undefined : decodePreparedProof(prepared),
      });
    }
    this.#records = records.length;
    this.#drop();
  }

  async sign(message: UnsignedMessage, prepared?: PreparedProof): Promise<SignedMessage | undefined> {
    if (message.height < this.#floor) return undefined;
    const known = this.#entries.get(placeOf(message));
    if (known !== undefined) {
      if (digestOf(this.#domain, known.message) !== digestOf(this.#domain, message)) return undefined;
      // Its first record may still be on the way to the disk.
      await this.#log.sync();
      return known.message;
    }
    const signature = this.#key.sign(signingDigest(this.#domain, message));
    const signed: SignedMessage = { ...message, signature, signer: this.#key.address };
    const entry: Entry = { message: signed, prepared };
    this.#entries.set(placeOf(message), entry);
    this.#log.append(this.#encode(entry));
    this.#records += 1;
    await this.#log.sync();
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

  async forgetBelow(height: number): Promise<void> {
    if (height <= this.#floor) return;
    this.#floor = height;
    this.#drop();
    // Rewriting costs a few syncs, so the log is allowed to grow over many heights first.
    if (this.#records < VOTE_LOG_RECORDS_MAX) return;
    const records = [...this.#entries.values()].map((entry) => this.#encode(entry));
    records.unshift(encodeRlp([this.#floor, new Uint8Array(), new Uint8Array()]));
    await this.#log.rewrite(records);
    this.#records = records.length;
  }

  async close(): Promise<void> {
    await this.#log.close();
  }

  #drop(): void {
    for (const [place, entry] of this.#entries) if (entry.message.height < this.#floor) this.#entries.delete(place);
  }

  #encode(entry: Entry): Uint8Array {
    invariant(entry.message.height >= this.#floor, 'a vote below the floor is never recorded');
    const prepared = entry.prepared === undefined ? new Uint8Array() : encodePreparedProof(entry.prepared);
    return encodeRlp([this.#floor, encodeMessage(entry.message), prepared]);
  }
}

function placeOf(message: { readonly type: MessageType; readonly height: number; readonly round: number }): string {
  return `${message.height}/${message.round}/${message.type}`;
}

function digestOf(domain: Uint8Array, message: UnsignedMessage): Hex {
  return toHex(signingDigest(domain, message));
}
