import { type Abi, decodeFunctionData, encodeFunctionResult } from 'viem';
import {
  attemptReasons,
  dataFeedArtifact,
  jobId,
  ORACLE_REGISTRY_ADDRESS,
  oracleRegistryArtifact,
  PEDAL_ADDRESS,
  pedalArtifact,
  requestReasons,
  requestStates,
  requestWaits,
} from '../../../contracts/index.ts';
import { type Address, fromHex, type Hex, keccak256, toHex } from '../../../crypto/index.ts';
import type { CallRequest } from '../../../ledger/index.ts';
import type { RoundRecord } from '../../../oracle/index.ts';
import type { OracleRounds } from '../oracle-reads.ts';
import { accountOf } from './fixture-consortium.ts';
import { callData, eventLog } from './fixture-events.ts';
import type { FixtureTransaction } from './fixture-ledger.ts';
import type { Timed } from './fixture-story.ts';

const TERM_BLOCKS = 120;
const GROUP = 4;
const DEPOSIT = 10n ** 13n;
const MASTER = 2;
/** In the order in which they may transmit. */
const MEMBERS = [3, 1, 5, 4];
const WORD = 32;

export const ORACLE_ACCOUNTS = [1, 2, 3, 4, 5, 6].map((at) => accountOf(`oracle ${at}`));
export const FEED_ACCOUNT = accountOf('feed of the oven');

/** What became of a request in the story. */
interface Told {
  readonly id: number;
  readonly requester: Address;
  readonly spec: string;
  readonly atMs: number;
  readonly state: (typeof requestStates)[number];
  readonly reason: (typeof requestReasons)[number];
  readonly result: Hex;
  readonly attempts: number;
}

/** The oracle of a fixture: a story of requests on its ledger, what the contracts answer about it, and rounds that nodes led. */
export interface FixtureOracle {
  readonly transactions: readonly Timed[];
  readonly rounds: OracleRounds;
  /** Answers a call of the oracle's contracts or of the feed; undefined for any other. */
  answer(request: CallRequest, head: number): Uint8Array | undefined;
}

const accountAt = (id: number): Address => ORACLE_ACCOUNTS[id - 1] as Address;
const hashOf = (text: string): Hex => toHex(keccak256(new TextEncoder().encode(text)));
const word = (value: bigint): Hex =>
  `0x${BigInt.asUintN(256, value)
    .toString(16)
    .padStart(2 * WORD, '0')}`;
const text = (value: string): Hex => toHex(new TextEncoder().encode(value));

export function createFixtureOracle(endMs: number): FixtureOracle {
  const requests = tell(endMs);
  return {
    transactions: [...election(endMs), ...requests.flatMap(steps)],
    rounds: fixtureRounds(requests),
    answer({ to, data }, head) {
      const known = contracts.find(({ address }) => address === to);
      if (known === undefined || data === undefined) return undefined;
      const { functionName, args = [] } = decodeFunctionData({ abi: known.abi, data: toHex(data) });
      const result = known.answers(requests, head)[functionName]?.(args as readonly unknown[]);
      if (result === undefined) return undefined;
      return fromHex(encodeFunctionResult({ abi: known.abi, functionName, result }));
    },
  };
}

/** Twenty answered ones of a feed, then one of each fate. */
function tell(endMs: number): readonly Told[] {
  const oven = 'https://plant.example/oven $.celsius number:2';
  const feed = Array.from({ length: 20 }, (_, at): Told => {
    const result = word(BigInt(2100 + Math.round(80 * Math.sin(at / 3))));
    return { ...blank(at + 1, oven, endMs - (24 - at) * 60_000), requester: FEED_ACCOUNT, state: 'answered', result };
  });
  return [
    ...feed,
    {
      ...blank(21, '{"source":{"kind":"http","url":"https://mes.example/order"},"as":"text"}', endMs - 150_000),
      state: 'answered',
      result: text('order 4711'),
    },
    { ...blank(22, 'https://gone.example/value', endMs - 120_000), state: 'failed', reason: 'sourceUnreachable', attempts: 2 },
    { ...blank(23, 'https://slow.example/value $.a', endMs - 100_000), state: 'expired', reason: 'expired' },
    { ...blank(24, 'https://slow.example/value $.b number:1', endMs - 40_000), attempts: 1 },
  ];
}

function blank(id: number, spec: string, atMs: number): Told {
  return { id, requester: accountOf('Aurora Pumps'), spec, atMs, state: 'pending', reason: 'none', result: '0x', attempts: 0 };
}

function election(endMs: number): readonly Timed[] {
  const atMs = endMs - 26 * 60_000;
  const term = 0n;
  const opened = eventLog('pedal', 'TermOpened', { term, alpha: hashOf('alpha'), previousSeed: word(0n) });
  const shown = candidates().map(({ id, beta }, at): Timed => {
    const event = eventLog('pedal', 'CandidateShown', { term, id, account: accountAt(id), beta, leads: at === 0 });
    const data = callData('pedal', 'elect', [term, proofOf(id)]);
    return { atMs: atMs + at * 100, from: accountAt(id), to: PEDAL_ADDRESS, data, logs: at === 0 ? [opened, event] : [event] };
  });
  const slashed = { id: 6, account: accountAt(6), reporter: accountAt(1), wei_: 10n ** 18n, offence: 0 };
  const replaced = eventLog('pedal', 'MasterReplaced', { term, previous: 6, current: MASTER });
  return [
    ...shown,
    {
      atMs: atMs + 5_000,
      from: accountAt(1),
      to: PEDAL_ADDRESS,
      data: callData('pedal', 'replaceMaster', [1n]),
      logs: [replaced, eventLog('oracles', 'Slashed', slashed)],
    },
  ];
}

function candidates(): readonly { readonly id: number; readonly beta: Hex }[] {
  return [
    { id: 6, beta: word(1n << 251n) },
    { id: MASTER, beta: word(3n << 251n) },
  ];
}

function proofOf(id: number): Hex {
  return `0x${id.toString(16).padStart(2, '0').repeat(256)}`;
}

function steps(told: Told): readonly Timed[] {
  const { id, requester, spec, atMs, state, reason, result, attempts } = told;
  const number = BigInt(id);
  const job = jobId('data');
  const expiresAt = BigInt(Math.floor(atMs / 1000) + 120);
  const asked = eventLog('pedal', 'Requested', { id: number, requester, job, spec: text(spec), expiresAt, depositWei: DEPOSIT });
  const first: Timed = {
    atMs,
    from: requester,
    to: PEDAL_ADDRESS,
    data: callData('pedal', 'request', [job, text(spec), expiresAt, 0]),
    valueWei: DEPOSIT,
    logs: [asked],
  };
  const tries = Array.from({ length: attempts }, (_, at): Timed => {
    const why = attemptReasons.indexOf('sourceSlow');
    const log = eventLog('pedal', 'AttemptFailed', { id: number, term: 0n, master: accountAt(MASTER), why });
    return { atMs: atMs + (at + 1) * 6_000, ...byMaster(callData('pedal', 'noteAttempt', [number, why]), [log]) };
  });
  if (state === 'pending') return [first, ...tries];
  if (state === 'expired') {
    const log = eventLog('pedal', 'RequestFailed', { id: number, requester, reason: 1 });
    const data = callData('pedal', 'expire', [number]);
    return [first, ...tries, { atMs: atMs + 90_000, from: requester, to: PEDAL_ADDRESS, data, logs: [log] }];
  }
  const observedAt = BigInt(Math.floor(atMs / 1000) + 1);
  const ended =
    state === 'answered'
      ? eventLog('pedal', 'Answered', { id: number, requester, term: 0n, result, observedAt })
      : eventLog('pedal', 'RequestFailed', { id: number, requester, reason: requestReasons.indexOf(reason) });
  const accepted = eventLog('pedal', 'Accepted', { term: 0n, transmitter: accountAt(MASTER), signers: 0b1011n, requests: 1n });
  const outcome = { id: number, reason: requestReasons.indexOf(reason), observedAt, result };
  const data = callData('pedal', 'answer', [0n, outcome, { signers: 0b1011n, signature: '0x', proof: '0x' }]);
  return [first, ...tries, { atMs: atMs + 1_400 + attempts * 6_000, ...byMaster(data, [ended, accepted]) }];
}

function byMaster(data: Uint8Array, logs: FixtureTransaction['logs']): FixtureTransaction {
  return { from: accountAt(MASTER), to: PEDAL_ADDRESS, data, ...(logs && { logs }) };
}

type Answers = Readonly<Record<string, (args: readonly unknown[]) => unknown>>;

const contracts: readonly {
  readonly address: Address;
  readonly abi: Abi;
  readonly answers: (requests: readonly Told[], head: number) => Answers;
}[] = [
  { address: PEDAL_ADDRESS, abi: pedalArtifact.abi as Abi, answers: pedalAnswers },
  { address: ORACLE_REGISTRY_ADDRESS, abi: oracleRegistryArtifact.abi as Abi, answers: registryAnswers },
  { address: FEED_ACCOUNT, abi: dataFeedArtifact.abi as Abi, answers: feedAnswers },
];

function pedalAnswers(requests: readonly Told[], head: number): Answers {
  const find = (id: unknown): Told => requests[Number(id) - 1] as Told;
  const term = BigInt(Math.floor(head / TERM_BLOCKS));
  return {
    termBlocks: () => BigInt(TERM_BLOCKS),
    electBlocks: () => 8n,
    expectedWinners: () => 3n,
    stageBlocks: () => 4n,
    silenceBlocks: () => 16n,
    silenceSlashWei: () => 10n ** 18n,
    limits: () => [10_000, 1_000],
    paused: () => false,
    fundWei: () => 3n * 10n ** 12n,
    pendingCount: () => 1n,
    requestCount: () => BigInt(requests.length),
    owedTo: () => 5n * 10n ** 12n,
    feeOf: () => DEPOSIT,
    currentTerm: () => term,
    jobOf: ([job]) => ({
      feeWei: job === jobId('data') ? DEPOSIT : 0n,
      groupSize: job === jobId('data') ? GROUP : 0,
      unanimous: false,
      enabled: job === jobId('data'),
      maxSpecBytes: 4096,
      maxResultBytes: 1024,
      forfeit: 1000,
    }),
    termOf: () => ({
      alpha: hashOf('alpha'),
      seed: candidates()[0]?.beta,
      previous: 0n,
      masterId: MASTER,
      replaced: 1,
      masterSince: 5n,
      masterActedIn: BigInt(head),
    }),
    candidatesOf: () => candidates(),
    masterIdOf: () => MASTER,
    masterOf: () => accountAt(MASTER),
    thresholdOf: () => (1n << 255n) - 1n,
    alphaOf: () => hashOf('alpha'),
    groupSeedOf: () => candidates()[0]?.beta,
    wasReplaced: ([, id]) => Number(id) === 6,
    groupOf: () => MEMBERS.map(accountAt),
    requestOf: ([id]) => recordOf(find(id)),
    explain: ([id]) => {
      const told = find(id);
      const pending = told.state === 'pending';
      return {
        state: requestStates.indexOf(told.state),
        reason: requestReasons.indexOf(told.reason),
        why: pending ? requestWaits.indexOf('workNodesMayTransmit') : 0,
        term: 0n,
        master: accountAt(MASTER),
        attempts: told.attempts,
        lastAttempt: told.attempts === 0 ? 0 : attemptReasons.indexOf('sourceSlow'),
        nextBlock: pending ? BigInt(head + 7) : 0n,
      };
    },
  };
}

function recordOf({ id, requester, spec, atMs, state, reason, attempts }: Told) {
  const over = state !== 'pending' && state !== 'expired';
  return {
    requester,
    requestedAt: BigInt(Math.floor(atMs / 1000)),
    callbackGas: requester === FEED_ACCOUNT ? 300_000 : 0,
    job: jobId('data'),
    specHash: hashOf(spec),
    depositWei: DEPOSIT,
    expiresAt: BigInt(Math.floor(atMs / 1000) + 120),
    requestedIn: BigInt(id),
    state: requestStates.indexOf(state),
    reason: requestReasons.indexOf(reason),
    delivered: requester === FEED_ACCOUNT,
    groupSize: GROUP,
    term: 0n,
    observedAt: over ? BigInt(Math.floor(atMs / 1000) + 1) : 0n,
    attempts,
    lastAttempt: attempts === 0 ? 0 : attemptReasons.indexOf('sourceSlow'),
    unanimous: false,
    queueIndex: 0,
  };
}

function registryAnswers(): Answers {
  const node = (id: number) => ({
    id,
    account: accountAt(id),
    member: accountOf(['Aurora Pumps', 'Baxter Rolling', 'Corvus Robotics'][id % 3] as string),
    status: 1,
    inSet: id !== 6,
    stakeWei: id === 6 ? 9n * 10n ** 18n : 10n ** 19n,
    withdrawableFrom: 0n,
    publicKey: `0x${'0c'.repeat(128)}`,
  });
  return {
    minStakeWei: () => 10n ** 19n,
    termBlocks: () => BigInt(TERM_BLOCKS),
    exitBlocks: () => 480n,
    nodesPerMember: () => 8n,
    fundWei: () => 8n * 10n ** 17n,
    owedTo: () => 0n,
    setOf: () => [1, 2, 3, 4, 5, 6],
    nodeAt: ([id]) => node(Number(id)),
    idOf: ([account]) => ORACLE_ACCOUNTS.indexOf(String(account).toLowerCase() as Address) + 1,
  };
}

function feedAnswers(requests: readonly Told[]): Answers {
  const rounds = requests.filter(({ requester }) => requester === FEED_ACCOUNT);
  return {
    job: () => jobId('data'),
    spec: () => text(rounds[0]?.spec ?? ''),
    description: () => 'Oven 1, degrees Celsius',
    decimals: () => 2,
    heartbeatSeconds: () => 60n,
    deviation: () => 10_000n,
    requestSeconds: () => 120n,
    latestRound: () => BigInt(rounds.length),
    openRequest: () => 0n,
    getRoundData: ([id]) => {
      const { result, atMs } = rounds[Number(id) - 1] as Told;
      const at = BigInt(Math.floor(atMs / 1000));
      return [id, BigInt.asIntN(256, BigInt(result)), at, at + 1n, id];
    },
  };
}

/** What the master tells of the latest requests: one round with a liar and an objection, one with a source that was down. */
function fixtureRounds(requests: readonly Told[]): OracleRounds {
  const records = requests.slice(-4).map(({ id, atMs, state }): RoundRecord => {
    const request = String(id);
    const good = state === 'answered';
    const member = (at: number) => ({
      node: accountAt(MEMBERS[at] as number),
      observedAt: Math.floor(atMs / 1000) + 1,
      saw: good && at !== 2 ? [request] : [],
      failed: good ? [] : [{ id: request, reason: 'sourceUnreachable' as const }],
      signed: good && at !== 2,
      objections: at === 0 && good ? [{ id: request, why: 'sawOther' as const }] : [],
      lied: good && at === 2,
    });
    return {
      term: 0,
      attempt: id,
      leader: accountAt(MASTER),
      position: -1,
      requests: [request],
      startedMs: atMs + 40,
      observedMs: atMs + 480,
      ...(good && { signedMs: atMs + 700 }),
      endedMs: atMs + 1_400,
      members: [0, 1, 2].map(member).concat({ ...member(3), saw: [], failed: [], signed: good }),
      quorum: 3,
      answered: good ? [request] : [],
      ...(good && { transactionHash: hashOf(`transaction ${id}`) }),
      unanswered: good ? [] : [{ id: request, why: 'sourceSlow' }],
    };
  });
  return {
    own: undefined,
    async ask(account, request) {
      if (account === accountAt(MASTER))
        return records.filter((each) => request === undefined || each.requests.includes(request));
      if (account === accountAt(4)) throw new Error('this node is down');
      return [];
    },
  };
}
