import { decodeEventLog } from 'viem';
import { type DecodedEvent, dataFeedArtifact, decodeEvent, PEDAL_ADDRESS, requestReasons } from '../../contracts/index.ts';
import { type Address, concatBytes, fromHex, type Hex, sha256, toHex } from '../../crypto/index.ts';
import type { Micros } from '../../environment/index.ts';
import type { ReceiptRecord } from '../../ledger/index.ts';
import { ORACLE_LOOK_MICROS, PEDAL_FINDINGS_MAX } from '../../limits.ts';
import { openAnswer } from '../../oracle/index.ts';
import type { SeenBlock } from './block-watch.ts';
import { SOURCE_DECIMALS, type Sources, sourceNameOf, type Told } from './sources.ts';

/** A request as the ledger's events tell of it. */
export interface SeenRequest {
  readonly id: bigint;
  readonly requester: Address;
  /** Undefined: nobody of those who ask in the scenario. */
  readonly honest: 'account' | 'feed' | undefined;
  readonly asked: Asked;
  readonly depositWei: bigint;
  readonly expiresAt: number;
  readonly requestedMicros: Micros;
  readonly transactionHash: Hex;
  end?: { readonly state: 'answered' | 'failed' | 'expired'; readonly reason: string; readonly atMicros: Micros };
}

/** What a specification asks, read by the referee's own rules. */
interface Asked {
  readonly source: string | undefined;
  readonly form: 'number' | 'text' | 'digest' | 'unknown';
  readonly encrypted: boolean;
}

/** Something that must never be. */
export interface Finding {
  readonly kind: string;
  readonly detail: string;
}

export interface RefereeOptions {
  readonly sources: Sources;
  /** Secret of the key that an account's answers are encrypted to. */
  readonly secretOf: (account: Address) => Uint8Array | undefined;
  /** Which of the honest a requester is. */
  readonly honest: (requester: Address) => 'account' | 'feed' | undefined;
  /** Whether the node of an account is up and reaches everybody, and has for a while. */
  readonly isWell: (account: Address) => boolean;
  /** The least deposit of a request. */
  readonly feeWei: bigint;
  /** What is kept of a deposit that brought no result, in parts of ten thousand. */
  readonly forfeit: bigint;
}

const utf8 = new TextEncoder();

/**
 * Judges what the ledger accepted by what the sources truly said. It asks no node, and knows nothing of how nodes agree: only the
 * events of final blocks, and what the world outside told whom.
 */
export class Referee {
  readonly requests = new Map<bigint, SeenRequest>();
  readonly findings: Finding[] = [];
  readonly counts = {
    accepted: 0,
    callbacksWorked: 0,
    callbacksFailed: 0,
    mastersReplaced: 0,
    slashed: 0,
    equivocationsProven: 0,
    attemptsFailed: 0,
    collectedWei: 0n,
    depositedWei: 0n,
    refundedWei: 0n,
  };
  /** Terms that were opened, and those in which somebody came forward. */
  readonly termsOpened = new Set<bigint>();
  readonly termsWithCandidate = new Set<bigint>();
  invalid = 0;
  readonly #options: RefereeOptions;
  /** Masters that were replaced, and whether there was nothing to keep them from their work. */
  readonly replaced: { readonly account: Address; readonly wasWell: boolean }[] = [];
  readonly #nodes = new Map<number, Address>();
  /** The answers that each feed was given. */
  readonly #feedAnswers = new Map<Address, Set<bigint>>();

  constructor(options: RefereeOptions) {
    this.#options = options;
  }

  get pending(): readonly SeenRequest[] {
    return [...this.requests.values()].filter(({ end }) => end === undefined);
  }

  take({ block, receipts, seenMicros }: SeenBlock): void {
    const time = { seenMicros, seconds: Math.floor(block.header.timestampMs / 1000) };
    for (const receipt of receipts) {
      for (const log of receipt.logs) {
        const event = decodeEvent(log);
        if (event === undefined) this.#feedEvent(log);
        else if (log.address === PEDAL_ADDRESS) this.#pedalEvent(event, receipt, time);
        else if (event.name === 'Slashed') this.counts.slashed++;
        else if (event.name === 'NodeRegistered') this.#nodes.set(Number(event.args['id']), event.args['account'] as Address);
      }
    }
  }

  #replaced(id: number): void {
    const account = this.#nodes.get(id);
    if (account !== undefined) this.replaced.push({ account, wasWell: this.#options.isWell(account) });
  }

  accuse(kind: string, detail: string): void {
    this.invalid++;
    if (this.findings.length < PEDAL_FINDINGS_MAX) this.findings.push({ kind, detail });
  }

  #pedalEvent({ name, args }: DecodedEvent, receipt: ReceiptRecord, time: Time): void {
    switch (name) {
      case 'Requested':
        return this.#requested(args, receipt, time);
      case 'Answered':
        return this.#answered(args, time);
      case 'RequestFailed':
        return this.#failed(args, time);
      case 'Delivered':
        return this.#delivered(args);
      case 'Accepted':
        this.counts.accepted++;
        return;
      case 'TermOpened':
        this.termsOpened.add(args['term'] as bigint);
        return;
      case 'CandidateShown':
        this.termsWithCandidate.add(args['term'] as bigint);
        return;
      case 'MasterReplaced':
        this.counts.mastersReplaced++;
        this.#replaced(Number(args['previous']));
        return;
      case 'EquivocationProven':
        this.counts.equivocationsProven++;
        return;
      case 'AttemptFailed':
        this.counts.attemptsFailed++;
        return;
      case 'Collected':
        this.counts.collectedWei += args['wei_'] as bigint;
    }
  }

  #requested(args: Args, { transactionHash }: ReceiptRecord, time: Time): void {
    const id = args['id'] as bigint;
    const requester = args['requester'] as Address;
    if (this.requests.has(id)) this.accuse('request twice', `number ${id} was given twice`);
    const depositWei = args['depositWei'] as bigint;
    if (depositWei < this.#options.feeWei) this.accuse('no deposit', `request ${id} was taken with ${depositWei} wei`);
    this.counts.depositedWei += depositWei;
    this.requests.set(id, {
      id,
      requester,
      honest: this.#options.honest(requester),
      asked: readAsked(fromHex(args['spec'] as Hex)),
      depositWei,
      expiresAt: Number(args['expiresAt']),
      requestedMicros: time.seenMicros,
      transactionHash,
    });
  }

  /** A request ends once, and never after its time unless by expiring. */
  #end(id: bigint, state: 'answered' | 'failed' | 'expired', reason: string, time: Time): SeenRequest | undefined {
    const request = this.requests.get(id);
    if (request === undefined) {
      this.accuse('never asked', `request ${id} was ${state} and never asked`);
      return undefined;
    }
    if (request.end !== undefined) this.accuse('ended twice', `request ${id} was ${request.end.state}, then ${state}`);
    else request.end = { state, reason, atMicros: time.seenMicros };
    if (state !== 'answered')
      this.counts.refundedWei += request.depositWei - (request.depositWei * this.#options.forfeit) / 10_000n;
    if (state === 'expired' && time.seconds < request.expiresAt) this.accuse('expired early', `request ${id}`);
    if (state !== 'expired' && time.seconds >= request.expiresAt)
      this.accuse('ended late', `request ${id} was ${state} after it expired`);
    return request;
  }

  #answered(args: Args, time: Time): void {
    const id = args['id'] as bigint;
    const request = this.#end(id, 'answered', 'none', time);
    if (request === undefined) return;
    if (args['requester'] !== request.requester)
      this.accuse('wrong requester', `request ${id} was answered to ${String(args['requester'])}`);
    const result = fromHex(args['result'] as Hex);
    if (!this.#isTrue(request, result, time)) {
      this.accuse(
        'untrue',
        `request ${id} for ${request.asked.source ?? 'nothing known'} was answered ${toHex(result).slice(0, 80)}`,
      );
    }
    if (request.honest !== 'feed') return;
    const answers = this.#feedAnswers.get(request.requester) ?? new Set();
    answers.add(BigInt.asIntN(256, BigInt(args['result'] as Hex)));
    this.#feedAnswers.set(request.requester, answers);
  }

  #failed(args: Args, time: Time): void {
    const id = args['id'] as bigint;
    const reason = requestReasons[Number(args['reason'])] ?? 'unknown';
    const request = this.#end(id, reason === 'expired' ? 'expired' : 'failed', reason, time);
    if (request === undefined || reason === 'expired') return;
    if (!this.#mayFail(request, reason, time))
      this.accuse('untrue failure', `request ${id} for ${request.asked.source ?? 'nothing known'} failed: ${reason}`);
  }

  #delivered(args: Args): void {
    const id = args['id'] as bigint;
    if (args['worked'] === true) this.counts.callbacksWorked++;
    else this.counts.callbacksFailed++;
    const request = this.requests.get(id);
    if (request?.end === undefined) this.accuse('callback', `request ${id} was called back and had not ended`);
    else if (request.requester !== args['requester']) this.accuse('callback', `request ${id} was called back to somebody else`);
  }

  /** A feed may say only what it was answered. */
  #feedEvent(log: ReceiptRecord['logs'][number]): void {
    if (this.#options.honest(log.address) !== 'feed') return;
    const { eventName, args } = decodeEventLog({
      abi: dataFeedArtifact.abi,
      data: log.data,
      topics: [...log.topics] as [Hex, ...Hex[]],
    });
    if (eventName !== 'AnswerUpdated') return;
    const current = args.current;
    if (this.#feedAnswers.get(log.address)?.has(current) === true) return;
    this.accuse('callback', `feed ${log.address} has ${current}, which it was never answered`);
  }

  /** Whether honest nodes could have seen this between the request and now. */
  #isTrue({ asked, requester, requestedMicros }: SeenRequest, result: Uint8Array, { seenMicros }: Time): boolean {
    if (asked.source === undefined) return false;
    const told = this.#options.sources.told(asked.source, requestedMicros - BLOCK_LAG_MICROS, seenMicros);
    if (asked.form === 'number') {
      const numbers = told.flatMap(({ number }) => (number === undefined ? [] : [number]));
      if (numbers.length === 0 || result.length !== 32) return false;
      const value = BigInt.asIntN(256, BigInt(toHex(result)));
      return numbers.some((number) => number <= value) && numbers.some((number) => number >= value);
    }
    const contents = new Set(told.flatMap(({ content }) => (content === undefined ? [] : [content])));
    if (asked.form === 'digest') return [...contents].some((content) => toHex(digestOf(content)) === toHex(result));
    if (asked.form !== 'text') return false;
    const text = asked.encrypted ? this.#open(requester, result) : new TextDecoder().decode(result);
    return text !== undefined && contents.has(text);
  }

  #open(requester: Address, sealed: Uint8Array): string | undefined {
    const secret = this.#options.secretOf(requester);
    if (secret === undefined) return undefined;
    try {
      return new TextDecoder().decode(openAnswer(sealed, secret));
    } catch {
      return undefined;
    }
  }

  /** Whether honest nodes could have failed like this: lies of the dishonest are never enough for a failure. */
  #mayFail({ asked, requestedMicros }: SeenRequest, reason: string, { seenMicros }: Time): boolean {
    if (asked.source === undefined || this.#options.sources.settings(asked.source) === undefined) return true;
    const told = this.#options.sources.told(asked.source, requestedMicros - BLOCK_LAG_MICROS, seenMicros);
    switch (reason) {
      case 'sourceUnreachable':
        return told.some((each) => each.nothing === true || isTooSlow(each));
      case 'noAgreement':
        return new Set(told.map(({ content, number }) => content ?? number)).size > 1;
      case 'resultTooLarge':
        return asked.form === 'text' && told.some(({ content = '' }) => content.length > 0);
      default:
        return false;
    }
  }
}

interface Time {
  readonly seenMicros: Micros;
  /** Of the block. */
  readonly seconds: number;
}

type Args = Readonly<Record<string, unknown>>;

/** An oracle node may have a block a little before the first sealer tells of it. */
const BLOCK_LAG_MICROS = 1_000_000;
/** What the ways to a source and a busy processor may add. */
const WAY_MICROS = 1_000_000;

function isTooSlow({ delayMicros }: Told): boolean {
  return delayMicros + WAY_MICROS >= ORACLE_LOOK_MICROS;
}

function digestOf(content: string): Uint8Array {
  const length = new Uint8Array(32);
  new DataView(length.buffer).setBigUint64(24, BigInt(content.length));
  return concatBytes([sha256(utf8.encode(content)), length]);
}

function readAsked(spec: Uint8Array): Asked {
  const text = new TextDecoder().decode(spec);
  if (!text.startsWith('{')) {
    const [url = '', , form = ''] = text.split(' ');
    return { source: sourceNameOf(url), form: form === `number:${SOURCE_DECIMALS}` ? 'number' : 'unknown', encrypted: false };
  }
  const spelt = JSON.parse(text) as { source?: { url?: string }; as?: string; encryptTo?: string };
  const form = spelt.as === 'text' || spelt.as === 'digest' ? spelt.as : 'unknown';
  return { source: sourceNameOf(spelt.source?.url ?? ''), form, encrypted: spelt.encryptTo !== undefined };
}
