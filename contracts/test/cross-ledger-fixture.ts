import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Abi, decodeErrorResult, decodeEventLog, encodeFunctionData } from 'viem';
import { compileSources } from '../../scripts/build-contracts.ts';
import { commitDigest } from '../../src/consensus/index.ts';
import { eventWith } from '../../src/contracts/abi-lookup.ts';
import { textWord } from '../../src/contracts/abi-words.ts';
import {
  type CommitEvidence,
  commitEvidence,
  type Envelope,
  INBOX_ADDRESS,
  inboxArtifact,
  LANE_CONTROL_ADDRESS,
  type LaneAnswer,
  type LaneConfig,
  type LaneStateProof,
  LaneTree,
  laneControlArtifact,
  laneHeadSlot,
  laneTuple,
  type MessageReceipt,
  messageHash,
  OUTBOX_ADDRESS,
  OUTBOX_CHAIN_SLOT,
  outboxArtifact,
  type Place,
  receiptHash,
  SOURCE_HEADERS_ADDRESS,
  sourceHeadersArtifact,
} from '../../src/contracts/index.ts';
import { type Address, type Hex, keccak256, type NodeKey, toHex } from '../../src/crypto/index.ts';
import { type Header, makeHeader } from '../../src/ledger/chain/header.ts';
import { rememberByIdentity } from '../../src/remember.ts';
import { addressFor, keyOf, placeContract, Refusal, type TestChain, type TestContract } from './harness.ts';
import { createOracle, FEE, type Oracle, PEDAL } from './pedal-fixture.ts';
import { ledgerState } from './state-trie.ts';
import { createWorld, type World } from './world.ts';

export const NORTH = 7401;
export const SOUTH = 7402;
export const NO_FILE: Address = '0x0000000000000000000000000000000000000000';
export const [NONE, EXECUTED, FAILED, EXPIRED, GIVEN_UP] = [0, 1, 2, 3, 4] as const;
export const DEPOSIT = 1_000n;
export const GRACE = 7_200;
export const TRUSTING = 86_400;
const OUTBOX_SLOTS = { chain: OUTBOX_CHAIN_SLOT };
const HASH: Hex = `0x${'11'.repeat(32)}`;

export const LANE: LaneConfig = {
  trust: 'certificate',
  enabled: true,
  maxDataBytes: 1_024,
  openMessages: 10_000,
  openPerSender: 8_000,
  depositWei: DEPOSIT,
  graceSeconds: GRACE,
  messagesPerPeriod: 10_000,
  bytesPerPeriod: 10_000_000,
  periodSeconds: 60,
};

/** A message and a receipt as the events tell them. */
export interface SentMessage {
  readonly envelope: Envelope;
  readonly data: Hex;
  readonly index: number;
}

export interface AddedReceipt {
  readonly nonce: bigint;
  readonly message: Hex;
  readonly receipt: MessageReceipt;
  readonly index: number;
}

/** The sealers of a ledger and the headers that they sign: the tests' consensus. */
export class HeaderChain {
  readonly domain: Uint8Array;
  readonly headers: Header[] = [];
  /** Who seals the next height. */
  keys: readonly NodeKey[];
  /** Who sealed each height. */
  readonly sealedBy = new Map<number, readonly NodeKey[]>();

  constructor(name: string, keys: readonly NodeKey[]) {
    this.domain = keccak256(new TextEncoder().encode(`domain of ${name}`));
    this.keys = sorted(keys);
  }

  get height(): number {
    return this.headers.length;
  }

  header(height: number): Header {
    const header = this.headers[height - 1];
    if (header === undefined) throw new Error(`no header ${height}`);
    return header;
  }

  /** Signs the next header. */
  seal(stateRoot: Hex, seconds: number, next: readonly NodeKey[] = this.keys): Header {
    const header = this.draft(stateRoot, seconds, next);
    this.sealedBy.set(header.number, this.keys);
    this.headers.push(header);
    this.keys = sorted(next);
    return header;
  }

  /** A header for the next height that nobody signed. */
  draft(stateRoot: Hex, seconds: number, next: readonly NodeKey[] = this.keys): Header {
    return makeHeader({
      parentHash: this.headers.at(-1)?.hash ?? HASH,
      proposer: addressFor('proposer'),
      stateRoot,
      transactionsRoot: HASH,
      receiptsRoot: HASH,
      logsBloom: new Uint8Array(256),
      number: this.headers.length + 1,
      gasLimit: 30_000_000n,
      gasUsed: 21_000n,
      timestampMs: seconds * 1000,
      nextSealers: sorted(next).map(({ address }) => address),
      mixHash: HASH,
    });
  }

  sign(header: Header, keys: readonly NodeKey[], round = 0) {
    const digest = commitDigest(this.domain, { height: header.number, round, digest: header.hash });
    return { round, signatures: sorted(keys).map((key) => key.sign(digest)) };
  }

  /** What is needed to go from one believed height to another. */
  evidence(from: number, to: number, signers: readonly NodeKey[] = this.quorum(to)): CommitEvidence {
    const header = this.header(to);
    return commitEvidence({
      header: header.rlp,
      ...(to > from + 1 && { parent: this.header(to - 1).rlp }),
      trusted: this.trustedAt(from),
      certificate: this.sign(header, signers),
    });
  }

  trustedAt(height: number): readonly Address[] {
    if (height > 0) return this.header(height).nextSealers;
    return sorted(this.sealedBy.get(1) ?? this.keys).map(({ address }) => address);
  }

  quorum(height: number): readonly NodeKey[] {
    const keys = this.sealedBy.get(height) ?? this.keys;
    return keys.slice(0, Math.floor((2 * keys.length) / 3) + 1);
  }
}

export function sorted(keys: readonly NodeKey[]): readonly NodeKey[] {
  return [...keys].sort((left, right) => (left.address < right.address ? -1 : 1));
}

export function sealersOf(name: string, count: number): readonly NodeKey[] {
  return Array.from({ length: count }, (_, index) => keyOf(`${name} sealer ${index}`));
}

/** A ledger with its end of the lanes. */
export interface Ledger {
  readonly chain: TestChain;
  readonly world: World;
  readonly id: bigint;
  readonly peer: bigint;
  readonly control: TestContract<typeof laneControlArtifact.abi>;
  readonly headers: TestContract<typeof sourceHeadersArtifact.abi>;
  readonly outbox: TestContract<typeof outboxArtifact.abi>;
  readonly inbox: TestContract<typeof inboxArtifact.abi>;
  readonly sealing: HeaderChain;
  /** The tree of the lane to the peer, as its events tell it. */
  readonly lane: LaneTree;
  readonly sent: SentMessage[];
  readonly receipts: AddedReceipt[];
  /** Takes what the Outbox said in a transaction. */
  read(events: readonly { readonly name: string; readonly args: Readonly<Record<string, unknown>> }[]): void;
  /** Signs a header over the present state. */
  seal(next?: readonly NodeKey[]): Promise<Header>;
  /** Proof of the lane to the peer in the state of the newest header. */
  laneProof(): Promise<LaneStateProof>;
  chainProof(): Promise<{ readonly account: readonly Hex[]; readonly slot: readonly Hex[] }>;
  vote(target: Address, data: Hex): Promise<void>;
  votes(): Votes;
}

export interface Votes {
  setPaused(paused: boolean): Promise<void>;
  setLanePaused(paused: boolean): Promise<void>;
  setLane(change: Partial<LaneConfig>): Promise<void>;
  resetLane(): Promise<void>;
}

export interface LedgerOptions {
  readonly lane?: Partial<LaneConfig>;
  readonly sealers?: number;
  readonly peerSealing: HeaderChain;
  readonly sealing: HeaderChain;
  readonly peer: number;
  readonly pedal?: Address;
  readonly domain?: Hex;
}

/** Places, or places again, what the companies decide about. */
export function placeControl(
  { world, peer }: Pick<Ledger, 'world' | 'peer'>,
  trust: LaneConfig['trust'],
  change: Partial<LaneConfig> = {},
): Promise<Ledger['control']> {
  const parts = { headers: SOURCE_HEADERS_ADDRESS, inbox: INBOX_ADDRESS, outbox: OUTBOX_ADDRESS, federalFile: NO_FILE };
  const lanes = [{ peer, lane: laneTuple({ ...LANE, ...change, trust }) }];
  return placeContract(world.chain, LANE_CONTROL_ADDRESS, laneControlArtifact, [world.consortium.address, parts, lanes]);
}

/** Places a ledger's end of the lanes with one peer. */
export async function placeCrossLedger(world: World, options: LedgerOptions): Promise<Ledger> {
  const { chain } = world;
  const { sealing, peerSealing } = options;
  const peer = BigInt(options.peer);
  const id = BigInt(chain.chainId);
  const lane = { ...LANE, ...options.lane };
  const source = {
    chainId: peer,
    domain: options.domain ?? toHex(peerSealing.domain),
    height: 0n,
    timestamp: BigInt(chain.now()),
    trustingSeconds: TRUSTING,
    sealers: peerSealing.keys.map(({ address }) => address),
  };
  const headerArgs = [LANE_CONTROL_ADDRESS, OUTBOX_ADDRESS, [source]];
  const control = await placeControl({ world, peer }, lane.trust, lane);
  const headers = await placeContract(chain, SOURCE_HEADERS_ADDRESS, sourceHeadersArtifact, headerArgs);
  const outbox = await placeContract(chain, OUTBOX_ADDRESS, outboxArtifact, [LANE_CONTROL_ADDRESS, INBOX_ADDRESS]);
  const inboxArgs = [LANE_CONTROL_ADDRESS, SOURCE_HEADERS_ADDRESS, OUTBOX_ADDRESS, options.pedal ?? addressFor('no oracle')];
  const inbox = await placeContract(chain, INBOX_ADDRESS, inboxArtifact, inboxArgs);
  const tree = new LaneTree();
  const [sent, receipts]: [SentMessage[], AddedReceipt[]] = [[], []];
  const slots = async () => [
    { slot: laneHeadSlot(peer), value: (await outbox.read('laneOf', [peer])).head },
    { slot: OUTBOX_SLOTS.chain, value: `0x${id.toString(16).padStart(64, '0')}` as Hex },
  ];
  let state = ledgerState(OUTBOX_ADDRESS, (await slots()).slice(1));
  const vote = async (target: Address, data: Hex) => {
    for (const company of world.companies) await control.write(company.address, 'approve', [target, data]);
  };
  const decide = (functionName: string, args: readonly unknown[]) =>
    vote(LANE_CONTROL_ADDRESS, encodeFunctionData({ abi: control.abi as Abi, functionName, args }));
  return {
    chain,
    world,
    id,
    peer,
    control,
    headers,
    outbox,
    inbox,
    sealing,
    lane: tree,
    sent,
    receipts,
    read(events) {
      for (const { name, args } of events) {
        if (name === 'Sent') {
          const { envelope, data, index } = args as unknown as { envelope: Envelope; data: Hex; index: bigint };
          tree.append(messageHash(envelope));
          sent.push({ envelope, data, index: Number(index) });
        } else if (name === 'ReceiptAdded') {
          const { nonce, message, receipt, index } = args as unknown as Omit<AddedReceipt, 'index'> & { index: bigint };
          tree.append(receiptHash(message, receipt));
          receipts.push({ nonce, message, receipt, index: Number(index) });
        }
      }
    },
    async seal(next) {
      const current = await slots();
      state = ledgerState(OUTBOX_ADDRESS, current[0]?.value === ZEROS ? current.slice(1) : current);
      return sealing.seal(state.root, chain.now(), next);
    },
    async laneProof() {
      const { size, root } = await outbox.read('laneOf', [peer]);
      return { size, root, account: await state.account(), slot: await state.slot(laneHeadSlot(peer)) };
    },
    chainProof: async () => ({ account: await state.account(), slot: await state.slot(OUTBOX_SLOTS.chain) }),
    vote,
    votes: () => ({
      setPaused: (paused) => decide('setPaused', [paused]),
      setLanePaused: (paused) => decide('setLanePaused', [peer, paused]),
      setLane: (change) => decide('setLane', [peer, laneTuple({ ...lane, ...change })]),
      resetLane: () =>
        vote(INBOX_ADDRESS, encodeFunctionData({ abi: inbox.abi as Abi, functionName: 'resetLane', args: [peer] })),
    }),
  };
}

const ZEROS: Hex = `0x${'00'.repeat(32)}`;

/** Two ledgers with lanes to each other. */
export interface Pair {
  readonly north: Ledger;
  readonly south: Ledger;
  /** Lets the destination believe the source's newest lane, by certificate. */
  carry(from: Ledger, to: Ledger, signers?: readonly NodeKey[]): Promise<bigint>;
  advance(seconds: number): void;
}

export async function createPair(
  options: { readonly lane?: Partial<LaneConfig>; readonly sealers?: number } = {},
): Promise<Pair> {
  const count = options.sealers ?? 4;
  const northSealing = new HeaderChain('north', sealersOf('north', count));
  const southSealing = new HeaderChain('south', sealersOf('south', count));
  const lane = options.lane ?? {};
  const north = await placeCrossLedger(await createWorld(NORTH), {
    lane,
    sealing: northSealing,
    peerSealing: southSealing,
    peer: SOUTH,
  });
  const south = await placeCrossLedger(await createWorld(SOUTH), {
    lane,
    sealing: southSealing,
    peerSealing: northSealing,
    peer: NORTH,
  });
  return {
    north,
    south,
    async carry(from, to, signers) {
      await from.seal();
      return commit(from, to, signers);
    },
    advance(seconds) {
      for (const { chain } of [north, south]) chain.advance(seconds);
    },
  };
}

/** A ledger with an oracle, and another without; the one with it believes the other as `trust` says, the other by certificate. */
export interface OraclePair {
  readonly oracle: Oracle;
  readonly home: Ledger;
  readonly away: Ledger;
  /** Asks home's oracle for away's lane; returns the request. */
  ask(size?: number): Promise<bigint>;
  /** What home's group signs and its master brings. */
  answer(request: bigint, result: Hex): Promise<Written>;
  /** What away's lane is, as an honest group finds it. */
  laneAnswer(change?: Partial<LaneAnswer>): LaneAnswer;
}

export async function createOraclePair(trust: LaneConfig['trust'], groupSize = 4): Promise<OraclePair> {
  const job = { feeWei: FEE, groupSize, unanimous: false, enabled: true, maxSpecBytes: 96, maxResultBytes: 160, forfeit: 1_000 };
  const oracle = await createOracle({
    groupSize,
    nodes: groupSize + 2,
    expectedWinners: 2 * groupSize,
    jobs: [{ name: toHex(textWord('message')), config: job }],
  });
  await oracle.elect();
  const [homeSealing, awaySealing] = [
    new HeaderChain('home', sealersOf('home', 4)),
    new HeaderChain('away', sealersOf('away', 4)),
  ];
  const awayWorld = await createWorld(NORTH);
  awayWorld.chain.advance(oracle.chain.now() - awayWorld.chain.now());
  const home = await placeCrossLedger(oracle.world, {
    lane: { trust },
    sealing: homeSealing,
    peerSealing: awaySealing,
    peer: NORTH,
    pedal: PEDAL,
  });
  const away = await placeCrossLedger(awayWorld, { sealing: awaySealing, peerSealing: homeSealing, peer: oracle.chain.chainId });
  return {
    oracle,
    home,
    away,
    async ask(size = 0) {
      await home.chain.fund(relayer, FEE);
      const args = [away.id, BigInt(size), BigInt(home.chain.now() + 60)];
      return BigInt((await write(home, home.inbox, 'ask', args, { value: FEE })).returnData);
    },
    async answer(request, result) {
      const outcome = oracle.outcome(request, { result });
      const signed = await oracle.sign(oracle.term(), outcome);
      return write(home, oracle.pedal, 'answer', [oracle.term(), outcome, signed], { from: (await oracle.master()).account });
    },
    laneAnswer: (change = {}) => ({
      source: away.id,
      root: away.lane.root(),
      size: BigInt(away.lane.size),
      height: 7n,
      blockHash: HASH,
      ...change,
    }),
  };
}

export const relayer = addressFor('relayer');
export const sender = addressFor('sender');

/** Shows the newest header of one ledger to the other; returns the gas. */
export async function commit(from: Ledger, to: Ledger, signers?: readonly NodeKey[]): Promise<bigint> {
  const known = Number((await to.headers.read('ledgerOf', [from.id])).height);
  const evidence = from.sealing.evidence(known, from.sealing.height, signers);
  return (await write(to, to.inbox, 'commitByCertificate', [from.id, evidence, await from.laneProof()])).gasUsed;
}

export interface SendWish {
  readonly from?: Address;
  readonly target?: Address;
  readonly data?: Hex;
  readonly seconds?: number;
  readonly gas?: number;
  readonly callbackGas?: number;
  readonly wei?: bigint;
}

/** Sends a message to the peer from an account. */
export async function send(ledger: Ledger, wish: SendWish = {}): Promise<SentMessage> {
  const { from = sender, target = addressFor('nobody'), data = '0x1234', seconds = 600, wei = DEPOSIT } = wish;
  await ledger.chain.fund(from, wei);
  const expiresAt = BigInt(ledger.chain.now() + seconds);
  const args = [ledger.peer, target, data, expiresAt, wish.gas ?? 200_000, wish.callbackGas ?? 0] as const;
  await write(ledger, ledger.outbox, 'send', args, { from, value: wei });
  return last(ledger.sent);
}

export function place(ledger: Ledger, index: number, size = ledger.lane.size): Place {
  return ledger.lane.place(index, size);
}

/** What the Inbox takes of a message of `from`. */
export function delivery(from: Ledger, { envelope, data, index }: SentMessage, size?: number) {
  return { envelope, data, place: place(from, index, size) };
}

/** Executes a message that the destination believes; takes the receipt. */
export function execute(from: Ledger, to: Ledger, message: SentMessage, options: { size?: number; gas?: bigint } = {}) {
  const { envelope, data, place: at } = delivery(from, message, options.size);
  return write(to, to.inbox, 'execute', [envelope, data, at], options);
}

/** What the source takes of a receipt that `to` wrote. */
export function settlement(to: Ledger, message: SentMessage, size?: number) {
  const added = to.receipts.find(({ nonce }) => nonce === message.envelope.nonce);
  if (added === undefined) throw new Error(`no receipt of message ${message.envelope.nonce}`);
  return { envelope: message.envelope, receipt: added.receipt, place: place(to, added.index, size) };
}

/** Brings the receipt that `to` wrote back to `from`. */
export function settle(from: Ledger, to: Ledger, message: SentMessage, options: { size?: number; gas?: bigint } = {}) {
  const { envelope, receipt, place: at } = settlement(to, message, options.size);
  return write(from, from.outbox, 'settle', [envelope, receipt, at], options);
}

export interface Written {
  readonly gasUsed: bigint;
  readonly events: readonly { readonly name: string; readonly args: Readonly<Record<string, unknown>> }[];
  readonly returnData: Hex;
}

/** Calls a contract in a transaction and takes what the Outbox said in it. @throws Refusal with the reason of any of the contracts */
export async function write(
  ledger: Ledger,
  contract: { readonly address: Address; readonly abi: Abi },
  functionName: string,
  args: readonly unknown[],
  options: { readonly from?: Address; readonly gas?: bigint; readonly value?: bigint } = {},
): Promise<Written> {
  const { from = relayer, gas, value = 0n } = options;
  const data = encodeFunctionData({ abi: contract.abi, functionName, args });
  const { success, gasUsed, returnData, logs } = await ledger.chain.send(from, {
    to: contract.address,
    data,
    value,
    ...(gas !== undefined && { gas }),
  });
  if (!success) throw refusalOf(ledger, contract.abi, returnData);
  const own = new Set([ledger.outbox.address, ledger.inbox.address, ledger.headers.address, ledger.control.address]);
  const abi = everything(ledger);
  const events = logs
    .filter((log) => own.has(log.address))
    .flatMap(({ topics, data: logged }) => {
      const event = eventWith(abi, topics[0] as Hex);
      return event === undefined ? [] : [decodeEventLog({ abi: [event], topics: [...topics] as [Hex, ...Hex[]], data: logged })];
    })
    .map(({ eventName, args: told }) => ({ name: String(eventName), args: (told ?? {}) as Record<string, unknown> }));
  ledger.read(events);
  return { gasUsed, events, returnData };
}

const everything = rememberByIdentity(
  ({ outbox, inbox, headers, control }: Ledger): Abi => [...outbox.abi, ...inbox.abi, ...headers.abi, ...control.abi],
);

function refusalOf(ledger: Ledger, abi: Abi, data: Hex): Refusal {
  if (data === '0x') return new Refusal('out of gas or no reason', []);
  const { errorName, args } = decodeErrorResult({ abi: [...abi, ...everything(ledger)] as Abi, data });
  return new Refusal(errorName, (args ?? []) as readonly unknown[]);
}

export function last<T>(list: readonly T[]): T {
  const item = list.at(-1);
  if (item === undefined) throw new Error('the list is empty');
  return item;
}

/** The contracts of the tests that speak with other ledgers. */
export function compileApps() {
  const read = (name: string) => readFileSync(join(import.meta.dirname, `fixtures/${name}`), 'utf8');
  return compileSources({ 'CrossLedgerApps.sol': read('CrossLedgerApps.sol') });
}
