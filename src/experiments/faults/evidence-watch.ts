import { decodeMessage, type SignedMessage, statementOf, verifyStatement } from '../../consensus/index.ts';
import { CONSORTIUM_ADDRESS, decodeEvent } from '../../contracts/index.ts';
import { toHex } from '../../crypto/index.ts';
import type { NodeId } from '../../environment/index.ts';
import { hasCode } from '../../errors.ts';
import { CONSENSUS_PROTOCOL } from '../../node/index.ts';
import type { ChainWatch } from './chain-watch.ts';
import type { FaultSeat } from './fault-cluster.ts';
import type { MessageHooks } from './messages.ts';
import type { Verdict } from './verdict.ts';

export interface EvidenceFigures {
  /** Liars of whom honest sealers heard two different messages for one place, alone or together. */
  readonly seen: number;
  /** Of these, those that the chain names. */
  readonly proved: number;
  /** Most blocks from the height of the second message to the proof, those that liars proposed not counted. */
  readonly blocksMax: number;
}

interface Options {
  readonly verdict: Verdict;
  readonly chain: ChainWatch;
  readonly domain: Uint8Array;
  readonly liars: ReadonlySet<NodeId>;
  readonly isSealer: (node: NodeId) => boolean;
  /** Blocks after the one that was being decided in which a proof must stand; not checked when undefined. */
  readonly blocksMax: number | undefined;
}

/** Who was heard to contradict itself, and how many honest blocks there were since; the one that was being decided is block 0. */
interface Culprit {
  readonly what: string;
  blocks: number;
  proved: boolean;
}

/** Later rounds come only when a chain stands still. */
const ROUNDS_WATCHED = 8;
/** Heights around the one being decided at which a contradiction counts. */
const HEIGHTS_WATCHED = 1;

/**
 * Reads what honest sealers hear from liars. As soon as they have heard two different messages of one type for one height
 * and round (one of them both, or each another), the proof has to stand on the chain soon, and name nobody else.
 */
export class EvidenceWatch {
  readonly #options: Options;
  /** Place to what was heard there: content to message. */
  readonly #heard = new Map<string, Map<string, SignedMessage>>();
  readonly #culprits = new Map<NodeId, Culprit>();
  #blocksMax = 0;

  constructor(options: Options) {
    this.#options = options;
    const { chain, liars, verdict } = options;
    chain.onBlock((block, _hashes, _record, receipts) => {
      if (!liars.has(block.proposer)) for (const culprit of this.#culprits.values()) if (!culprit.proved) culprit.blocks += 1;
      for (const { logs } of receipts) {
        for (const log of logs) {
          if (log.address !== CONSORTIUM_ADDRESS) continue;
          const event = decodeEvent(log);
          if (event?.name === 'EvidenceRecorded') this.#proved(event.args['signer'] as NodeId, verdict);
        }
      }
      this.#checkTime();
    });
  }

  figures(): EvidenceFigures {
    const culprits = [...this.#culprits.values()];
    return { seen: culprits.length, proved: culprits.filter(({ proved }) => proved).length, blocksMax: this.#blocksMax };
  }

  /** Stands before the network of an honest node. */
  hooks(seat: FaultSeat): MessageHooks {
    const { liars, isSealer } = this.#options;
    return {
      receive: (protocol, from, frame, handle) => {
        // A node that does not vote, or has not started, need not report anything.
        if (protocol === CONSENSUS_PROTOCOL && liars.has(from) && seat.node !== undefined && isSealer(seat.id)) {
          const message = readable(frame);
          if (message !== undefined) this.#hears(message);
        }
        handle(from, frame);
      },
    };
  }

  #hears(message: SignedMessage): void {
    const { chain, domain, liars, isSealer } = this.#options;
    const { signer, type, height, round } = message;
    if (!liars.has(signer) || !isSealer(signer) || this.#culprits.has(signer) || round > ROUNDS_WATCHED) return;
    if (Math.abs(height - (chain.height + 1)) > HEIGHTS_WATCHED) return;
    const statement = statementOf(message);
    const content = toHex(statement.content);
    const place = `${signer} ${type} ${height} ${round}`;
    const there = this.#heard.get(place) ?? new Map<string, SignedMessage>();
    this.#heard.set(place, there);
    if (there.has(content) || !verifyStatement(domain, statement)) return;
    there.set(content, message);
    if (there.size > 1) this.#culprits.set(signer, { what: place, blocks: -1, proved: false });
  }

  #proved(signer: NodeId, verdict: Verdict): void {
    if (!this.#options.liars.has(signer)) {
      verdict.violated('accused', `the chain names ${signer}, which is honest, as the author of an equivocation`);
      return;
    }
    const culprit = this.#culprits.get(signer) ?? { what: signer, blocks: 0, proved: false };
    this.#culprits.set(signer, culprit);
    if (!culprit.proved) this.#blocksMax = Math.max(this.#blocksMax, culprit.blocks);
    culprit.proved = true;
  }

  #checkTime(): void {
    const { blocksMax, verdict } = this.#options;
    if (blocksMax === undefined) return;
    for (const { what, blocks, proved } of this.#culprits.values()) {
      if (proved || blocks !== blocksMax) continue;
      verdict.violated(
        'evidence',
        `honest sealers heard two messages of ${what}; the chain proves it in none of ${blocksMax} blocks`,
      );
    }
  }
}

function readable(frame: Uint8Array): SignedMessage | undefined {
  try {
    return decodeMessage(frame);
  } catch (error) {
    if (hasCode(error, 'CONSENSUS_MALFORMED')) return undefined;
    throw error;
  }
}
