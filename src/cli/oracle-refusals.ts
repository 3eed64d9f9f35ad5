import { jobName, oracleNodeStates, requestStates } from '../contracts/index.ts';
import type { Hex } from '../crypto/index.ts';
import { acting, wordsFor } from './refusals.ts';
import { showInstant, showWei } from './text.ts';

/**
 * Does something with the oracle's contracts or a feed; when they refuse it, says why in words.
 * @throws TreadleError CLI_REFUSED (data: errorName, args, transactionHash), or whatever else the client throws
 */
export function actingOnOracle<T>(work: Promise<T>): Promise<T> {
  return acting(work, oracleWordsFor);
}

/** What an error of Pedal, the registry or a feed means; those of the same name in other contracts mean something else. */
export function oracleWordsFor(errorName: string, args: readonly unknown[]): string | undefined {
  return words[errorName]?.(args) ?? wordsFor(errorName, args);
}

const wei = (value: unknown): string => showWei(BigInt(value as bigint));
const instant = (value: unknown): string => showInstant(Number(value) * 1000);

const words: Readonly<Record<string, (args: readonly unknown[]) => string>> = {
  // Requests
  UnknownJob: ([job]) => `the oracle takes no requests of a job "${jobName(job as Hex)}"`,
  UnknownRequest: ([id]) => `there is no request ${id}, or it has no result`,
  SpecTooLong: ([bytes, atMost]) => `the specification has ${bytes} bytes, the job takes ${atMost}`,
  ExpiryOutOfBounds: ([expiresAt, atLeast, atMost]) =>
    `the request would end at ${instant(expiresAt)}, possible is ${instant(atLeast)} to ${instant(atMost)}: choose another --life`,
  CallbackGasTooHigh: ([gas, atMost]) => `${gas} gas for the callback are too much, ${atMost} are possible`,
  DepositTooSmall: ([deposit, fee]) => `the deposit is ${wei(deposit)}, the job takes at least ${wei(fee)}`,
  DepositTooLarge: ([deposit]) => `a deposit of ${wei(deposit)} is more than a request can hold`,
  TooManyOpen: ([atMost]) => `${atMost} requests wait already, and no more are taken: ask again later`,
  TooManyOpenOf: ([requester, atMost]) => `${atMost} requests of ${requester} wait already, and no more of it are taken`,
  TooFewNodes: ([nodes, atLeast]) =>
    `the oracle has ${nodes} nodes in this term, ${atLeast} are needed: those that registered count from the next term on (treadle oracle nodes)`,
  NotPending: ([id, state]) => `request ${id} is ${requestStates[Number(state)] ?? 'not pending'} already`,
  NotExpired: ([id, expiresAt]) => `request ${id} may still be answered, until ${instant(expiresAt)}`,
  IsExpired: ([id, expiresAt]) => `the time of request ${id} was over at ${instant(expiresAt)}`,
  OraclePaused: () => 'the companies paused the oracle',
  NothingOwed: ([account]) => `nothing is owed to ${account}`,
  TransferFailed: ([to, amount]) => `${to} does not take ${wei(amount)}`,
  // Answers and elections, which oracle nodes see to by themselves
  ResultTooLong: ([bytes, atMost]) => `the result has ${bytes} bytes, the job takes ${atMost}`,
  NothingPending: () => 'none of these requests is pending any more',
  NotAnOutcome: ([id]) => `what is said about request ${id} is no outcome`,
  ObservedOutOfBounds: ([observedAt, earliest, latest]) =>
    `the observation is of ${instant(observedAt)}, possible is ${instant(earliest)} to ${instant(latest)}`,
  BatchOutOfBounds: ([requests, atMost]) => `${requests} requests at once, 1 to ${atMost} are possible`,
  NotOneGroup: ([id]) => `request ${id} is for a group of another size`,
  GasTooLow: ([needed]) => `the transaction has too little gas, ${needed} are needed for the callback`,
  NotEnoughGas: () => 'the transaction has too little gas for the check of a signature',
  NoQuorum: ([signers, atLeast]) => `${signers} signed, ${atLeast} have to`,
  UnknownSigners: ([, groupSize]) => `the signers are not all of the group of ${groupSize}`,
  NotSigned: () => 'the signature is not that of these nodes over this',
  ProofMissing: ([id]) => `node ${id} leads by turn and has to show its number with its first answer`,
  NotInGroup: ([account, term]) => `${account} is not in the group of term ${term}`,
  NotYourTurn: ([account, block]) => `${account} may bring the answer from block ${block} on`,
  NotTheMaster: ([account, term]) => `${account} is not the master of term ${term}`,
  NoAttempt: () => 'no reason for the failed attempt is given',
  NotSilent: ([block]) => `the master has time until block ${block}`,
  NobodyLeft: ([term]) => `every node has led term ${term} already`,
  NoEquivocation: () => 'the two proposals do not contradict each other, or are not by a master of that term',
  AlreadyPunished: ([term, id]) => `node ${id} was punished for term ${term} already`,
  TermNotAnswerable: ([term, current]) => `term ${term} is over: only terms ${current} and the one before can answer`,
  TermOutOfReach: ([term]) => `what the nodes of term ${term} signed to be elected is not known any more`,
  NotThisTerm: ([term, current]) => `term ${term} is not the present one, which is ${current}`,
  ElectionOver: ([term]) => `the election of term ${term} is over`,
  ElectionRuns: ([term, block]) => `the election of term ${term} runs until block ${block}`,
  NotInSet: ([account, term]) => `${account} is not among the nodes of term ${term}`,
  AlreadyCandidate: ([id]) => `node ${id} came forward already`,
  AboveThreshold: () => 'its number is not small enough for this term',
  NoVrfProof: ([id]) => `the proof is not the signature of node ${id} for this term`,
  // Registration
  NotEligible: ([account]) => `${account} is no member, and has no valid certificate of a company`,
  StillEligible: ([account]) => `the membership or the certificate of ${account} still holds`,
  AlreadyRegistered: ([id]) => `this account is registered already, as oracle node ${id}`,
  KeyInUse: ([id]) => `this key was registered before, for oracle node ${id}`,
  InvalidKey: () => 'the BLS key is no point in its form',
  InvalidPoint: () => 'a signature is no point in its form',
  NoPossession: () => 'the proof of possession is not this key’s for this account here',
  CurveMissing: () => 'the chain has no precompiles for BLS12-381',
  StakeTooSmall: ([stake, atLeast]) => `the stake is ${wei(stake)}, at least ${wei(atLeast)} are needed`,
  StakeTooLarge: ([stake]) => `a stake of ${wei(stake)} is more than the registry can hold`,
  TooManyNodes: ([atMost]) => `the registry is full: it holds ${atMost} nodes`,
  TooManyNodesOf: ([member, atMost]) => `${member} has ${atMost} nodes already, and no more are taken`,
  UnknownNode: ([account]) => `${account} has no oracle node`,
  UnknownId: ([id]) => `there is no oracle node ${id}`,
  NotActive: ([id, status]) => `oracle node ${id} is ${oracleNodeStates[Number(status)] ?? 'not active'}`,
  NotLeft: ([id]) => `oracle node ${id} has not resigned`,
  TooEarly: ([block]) => `the stake can be withdrawn from block ${block} on`,
  OnlyPedal: ([caller]) => `only the oracle itself may do this, not ${caller}`,
  // Votes
  OnlyByVote: () => 'more than two thirds of the companies have to approve this: treadle oracle vote',
  NotAVotingCompany: ([account]) => `${account} is no company, or is in quarantine: only companies vote`,
  AlreadyApproved: ([, company]) => `${company} has approved this already`,
  NotApproved: ([yes, companies]) => `${yes} of ${companies} companies approved, more than two thirds are needed`,
  NotGoverned: ([target]) => `votes are not about ${target}`,
  FundTooSmall: ([fund]) => `the fund holds ${wei(fund)}`,
  InvalidJob: () =>
    'a setting of the job is out of bounds: its group has 4 to 127 nodes, its fee fits a deposit, at most all of it is kept',
  InvalidLimits: () => 'the limits are out of bounds: at least one request of one requester',
  InvalidConfig: () => 'a setting of the contracts is out of bounds',
  InvalidElection: () => 'a setting of the election is out of bounds',
  // Feeds
  RoundOpen: ([id]) => `the feed asks already: request ${id} is under way`,
  StillFresh: ([until]) => `the value holds until ${instant(until)}`,
  FirstRoundMissing: () => 'the feed has no value yet: poll it first',
  NothingToSync: () => 'the feed asks nothing, or its request is still pending',
  FeedIsPoor: ([has, fee]) => `the feed has ${wei(has)}, a request costs ${wei(fee)}: send it some (treadle consortium fund)`,
  InvalidFeed: () => 'the heartbeat and the time of a request must be above 0',
  NoDataPresent: ([round]) => (Number(round) === 0 ? 'the feed has no value yet' : `the feed has no round ${round}`),
  NotANumber: ([bytes]) => `the result has ${bytes} bytes, a feed keeps single numbers`,
  NotAsked: ([id]) => `the contract did not make request ${id}`,
};
