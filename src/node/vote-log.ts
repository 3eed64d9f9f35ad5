import type { PreparedProof, RestoredVotes, SignedMessage, SignedStatement, UnsignedMessage } from '../consensus/index.ts';
import type { NodeKey } from '../crypto/index.ts';
import type { Environment } from '../environment/index.ts';
import { hasCode } from '../errors.ts';
import type { Abstention, Memory } from './vote-record.ts';
import { VoteRecords } from './vote-records.ts';

/**
 * A sealer's memory of what it signed. A vote leaves the node only after its record is on disk, so a sealer that was
 * killed at any moment never signs a second, different message for the same height, round and type.
 */
export interface VoteLog {
  /**
   * What the log is good for: nothing was ever written ('fresh': a new sealer, or one that lost its disk), it holds all that
   * was signed ('whole'), or something that was signed is missing ('damaged' here, or 'lost' with an older disk): then nothing
   * is signed until {@link abstain}.
   */
  readonly memory: Memory | 'fresh';
  /** No message of a height below this one is signed. */
  readonly floor: number;
  /** Why the floor was raised last, if it was not by blocks that became final. */
  readonly abstention: Abstention | undefined;
  /** True when this sealer has signed something, ever, or cannot know that it has not. */
  readonly hasSigned: boolean;
  /**
   * Signs `message`, makes the record durable and returns the signed message; a message that was signed before is
   * returned as it was.
   * @returns undefined when another message of this height, round and type was signed before: nothing may be sent
   */
  sign(message: UnsignedMessage, prepared?: PreparedProof): Promise<SignedMessage | undefined>;
  /** What was signed for this height, for a core that starts again. */
  restore(height: number): RestoredVotes | undefined;
  /** True when this message of the own key is remembered, or can do no harm because nothing is signed beside it any more. */
  knows(statement: SignedStatement): boolean;
  /** Forgets heights below: they are final and nothing is ever signed for them again. */
  forgetBelow(height: number): Promise<void>;
  /** Records that a fresh log is one of a sealer that never signed: from now on it is whole. */
  begin(): Promise<void>;
  /** Records that something that was signed is missing: nothing is signed from now on. */
  lose(memory: 'damaged' | 'lost'): Promise<void>;
  /**
   * Records that nothing is signed below a height, nor in the rounds of that height below `fromRound`, whatever was signed
   * there; above it, the log is whole.
   */
  abstain(abstention: Abstention, fromRound?: number): Promise<void>;
  /** The first round of a height in which something may be signed. */
  fromRound(height: number): number;
  close(): Promise<void>;
}

/**
 * Opens the log of `key`'s votes in this environment. `domain` is the signing domain of the chain. A damaged log stops no
 * node: what can be read of it is kept, and it says that something is missing.
 */
export async function openVoteLog(options: {
  readonly environment: Environment;
  readonly key: NodeKey;
  readonly domain: Uint8Array;
}): Promise<VoteLog> {
  const { environment } = options;
  const log = await environment.disk.log('votes', { salvage: true });
  const votes = new VoteRecords(options.domain, options.key, log);
  const unreadable = votes.load(await log.records());
  const damaged = log.findings.damaged + unreadable;
  if (damaged === 0) return votes;
  environment.log.error('votes.damaged', { records: damaged });
  try {
    // What was recorded of an older disk says more than the damage.
    await votes.lose(votes.memory === 'lost' ? 'lost' : 'damaged');
  } catch (error) {
    // It is known in memory, and the damage is found again at the next start.
    if (!hasCode(error, 'DISK_FULL')) throw error;
  }
  return votes;
}
