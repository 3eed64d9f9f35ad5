import { proposalStates, serviceName } from '../contracts/index.ts';
import type { Hex } from '../crypto/index.ts';
import { hasCode, TreadleError } from '../errors.ts';
import './errors.ts';
import { showInstant, showWei } from './text.ts';

/**
 * Does something on the ledger; when a contract refuses it, says why in words: those of the consortium, or those given.
 * @throws TreadleError CLI_REFUSED (data: errorName, args, transactionHash), or whatever else the client throws
 */
export async function acting<T>(
  work: Promise<T>,
  inWords: (errorName: string, args: Arguments) => string | undefined = wordsFor,
): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (!hasCode(cause, 'CONTRACT_REVERTED')) throw cause;
    const { errorName, args } = cause.data;
    throw new TreadleError('CLI_REFUSED', {
      detail: `the ledger refused: ${inWords(String(errorName), Array.isArray(args) ? args : []) ?? cause.detail}`,
      data: cause.data,
      cause,
    });
  }
}

type Arguments = readonly unknown[];

/** What a contract's error means; undefined for one that has no words here. */
export function wordsFor(errorName: string, args: Arguments): string | undefined {
  return words[errorName]?.(args);
}

const wei = (value: unknown): string => showWei(BigInt(value as bigint));
const instant = (value: unknown): string => showInstant(Number(value) * 1000);

const words: Readonly<Record<string, (args: Arguments) => string>> = {
  // Consortium
  NotACompany: ([account]) => `${account} is not a company of the consortium`,
  AlreadySealer: ([account]) => `${account} is a sealer already`,
  AccountQuarantined: ([account]) =>
    `${account} is in quarantine because its sealer signed two different votes; the other companies decide about it (treadle consortium evidence)`,
  NotQuarantined: ([account]) => `${account} is not in quarantine`,
  NotAMember: ([account]) => `${account} is neither a company nor the proxy`,
  NotSynced: ([account]) =>
    `the node of ${account} has not proved that it has the chain: start it, it proves that by itself as soon as it is in sync`,
  TooManyChanges: ([atMost, block]) =>
    `at most ${atMost} ${Number(atMost) === 1 ? 'change' : 'changes'} of the sealers may be made in any 32 blocks: carry it out from block ${block} on`,
  NotACandidate: ([account]) => `nobody has proposed ${account}, and no member has named it as its new key`,
  NotThatBlock: ([height]) => `block ${height} is not of this chain, or is too old to prove anything`,
  KeyInUse: ([key]) => `the key ${key} seals for somebody, did so once, or is about to: make a new one with treadle key`,
  NoChainFacts: () => 'the chain does not tell what its votes sign: this is no chain of Treadle nodes',
  NoEquivocation: () => 'the two messages do not contradict each other',
  NotOneSigner: ([signer, other]) => `the two messages are not signed by one key, but by ${signer} and ${other}`,
  NotASealerThen: ([signer, height]) => `${signer} was no sealer at height ${height}`,
  AlreadyReported: ([id]) => `this is on record already, as number ${id}`,
  InvalidAccount: ([account]) => `${account} cannot be a member`,
  InvalidName: ([bytes, atMost]) => `the name has ${bytes} bytes, 1 to ${atMost} are allowed`,
  TooFewSealers: ([left, atLeast]) =>
    `${left} sealers would be left, the consortium needs at least ${atLeast} that are not in quarantine`,
  TooManySealers: ([sealers, atMost]) => `there would be ${sealers} sealers, at most ${atMost} are possible`,
  AlreadyProposed: ([id]) => `proposal ${id} asks for the same and is open: vote on that one`,
  UnknownProposal: ([id]) => `there is no proposal ${id}`,
  ProposalNotOpen: ([id, state]) => `proposal ${id} is ${proposalStates[Number(state)] ?? 'not open'}`,
  AlreadyVoted: ([id, company]) => `${company} has voted on proposal ${id}`,
  NotEnoughVotes: ([yes, companies]) => `${yes} of ${companies} companies are in favour, more than two thirds are needed`,
  UnknownRole: ([role]) => `role ${role} is not registered on the ledger`,
  NotSignedByCompany: ([company]) => `the certificate is not signed by ${company}, whom it names as its company`,
  CertificateExpired: ([expiresAt]) => `the certificate expired at ${instant(expiresAt)}`,
  CertificateRevoked: ([observer]) =>
    `the certificate of ${observer} is revoked; a new one must end later than the one that was revoked`,
  AlreadyRegistered: ([observer, company]) =>
    `${observer} is registered by ${company}; a certificate that ends later renews it, and only ${observer} itself can change its company`,
  ObserverIsSealer: ([observer]) => `${observer} is a sealer and needs no certificate`,
  UnknownObserver: ([observer]) => `${observer} was never registered`,
  NotItsCompany: ([what, company]) => `${typeof what === 'bigint' ? `node ${what}` : what} belongs to ${company}`,
  // EdgeRegistry
  NotAnEdgeNodeOf: ([node, company]) =>
    `${node} is no active edge node of ${company}: register its certificate first, and act with the key of the company that signed it`,
  NodeAlreadyRegistered: ([id]) => `this edge node is listed already, as node ${id}`,
  UnknownNode: ([id]) => `there is no node ${id}`,
  NodeNotActive: ([id]) => `node ${id} is not listed any more`,
  PositionOutOfRange: () => 'the position is not on the earth',
  NoCapacity: () => 'the capacity is 0',
  ServicesOutOfBounds: ([services, atMost]) => `${services} services are named, 1 to ${atMost} are possible`,
  InvalidService: ([service]) => `service "${serviceName(service as Hex)}" is named twice or is empty`,
  TooManyNodes: ([atMost]) => `the registry is full: it holds ${atMost} nodes`,
  TooManyServices: ([atMost]) => `the registry is full: it holds ${atMost} services`,
  // PaymentChannels
  InvalidPayee: ([payee]) => `${payee} cannot be the payee of this channel`,
  EmptyDeposit: () => 'the amount is 0',
  DepositTooLarge: ([deposit]) => `a deposit of ${wei(deposit)} is more than a channel can hold`,
  ChallengeOutOfBounds: ([seconds, atLeast, atMost]) =>
    `a challenge period of ${seconds} s is not between ${atLeast} s and ${atMost} s`,
  ChannelExists: ([id]) => `channel ${id} exists`,
  UnknownChannel: ([id]) => `there is no channel ${id}`,
  ChannelIsClosed: ([id]) => `channel ${id} is closed`,
  NotHigher: ([claimed, cumulative]) => `the voucher is for ${wei(cumulative)} in all, ${wei(claimed)} have been claimed already`,
  AboveDeposit: ([deposit, cumulative]) => `the voucher is for ${wei(cumulative)} in all, the deposit is ${wei(deposit)}`,
  NotSignedByPayer: ([payer]) => `the voucher is not signed by the payer ${payer} for this channel and amount`,
  AlreadyClosing: ([closingAt]) => `the payer started to close this channel; it can be withdrawn from ${instant(closingAt)} on`,
  NotClosing: () => 'the payer has not started to close this channel',
  TooEarly: ([closingAt]) => `the challenge period runs until ${instant(closingAt)}`,
  TransferFailed: ([to, amount]) => `${to} does not take ${wei(amount)}`,
};
