import { acting, wordsFor } from './refusals.ts';
import { showInstant, showWei } from './text.ts';

/**
 * Does something with the contracts of the lanes; when they refuse it, says why in words.
 * @throws TreadleError CLI_REFUSED (data: errorName, args, transactionHash), or whatever else the client throws
 */
export function actingOnLanes<T>(work: Promise<T>): Promise<T> {
  return acting(work, (errorName, args) => words[errorName]?.(args) ?? wordsFor(errorName, args));
}

const wei = (value: unknown): string => showWei(BigInt(value as bigint));
const instant = (value: unknown): string => showInstant(Number(value) * 1000);

const words: Readonly<Record<string, (args: readonly unknown[]) => string>> = {
  UnknownLane: ([peer]) => `this ledger has no lane with a ledger ${peer}: check --peer`,
  LaneIsPaused: ([peer]) => `the companies paused the lanes with ledger ${peer}`,
  LaneDisabled: ([peer]) => `the lane to ledger ${peer} takes no messages`,
  DataTooLong: ([bytes, atMost]) => `the data has ${bytes} bytes, the lane takes ${atMost}`,
  ExpiryOutOfBounds: ([expiresAt, atLeast, atMost]) =>
    `the message would end at ${instant(expiresAt)}, possible is ${instant(atLeast)} to ${instant(atMost)}: choose another --life`,
  GasTooHigh: ([gas, atMost]) => `${gas} gas are too much, a message may have ${atMost}`,
  DepositTooSmall: ([deposit, least]) => `the deposit is ${wei(deposit)}, the lane demands ${wei(least)}`,
  DepositTooLarge: ([deposit]) => `a deposit of ${wei(deposit)} is more than a message can hold`,
  TooManyOpen: ([peer, atMost]) => `${atMost} messages to ledger ${peer} are open already: wait until some have ended`,
  TooManyOpenOf: ([sender, atMost]) => `${sender} has ${atMost} open messages already: wait until some have ended`,
  NotAVotingCompany: ([account]) => `${account} is no company, or is in quarantine: only companies vote`,
  AlreadyApproved: ([, company]) => `${company} has approved this already`,
};
