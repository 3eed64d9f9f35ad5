import type { Address } from '../../../crypto/index.ts';
import { hasCode, TreadleError } from '../../../errors.ts';
import type { ChainContext } from '../context.ts';
import type { OracleReads } from '../oracle-reads.ts';
import type { ShownNumber } from '../projection/oracle-terms.ts';
import type { OracleCandidate, OracleSeatView, OracleTermRow, OracleTermView } from '../types.ts';

const NOBODY = '0x0000000000000000000000000000000000000000';

/** The accounts of registered nodes, by number; each is read once. */
export class Seats {
  readonly #context: ChainContext;
  readonly #accounts = new Map<number, Promise<Address>>();
  constructor(context: ChainContext) {
    this.#context = context;
  }

  async of(id: number): Promise<OracleSeatView> {
    const { oracle, names } = this.#context;
    let account = this.#accounts.get(id);
    if (account === undefined) {
      account = oracle.registry.node(id).then((node) => node.account);
      this.#accounts.set(id, account);
    }
    return { id, ...names.partyOf(await account) };
  }

  /** A seat whose account is known already. */
  put(id: number, account: Address): void {
    this.#accounts.set(id, Promise.resolve(account));
  }
}

/**
 * Reads from the oracle's contracts; says so where a ledger has none.
 *
 * @throws {@link TreadleError} API_NOT_FOUND
 */
export async function reading<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!hasCode(error, 'CONTRACT_BAD_ANSWER') && !hasCode(error, 'CONTRACT_REVERTED')) throw error;
    throw new TreadleError('API_NOT_FOUND', { detail: 'This ledger has no oracle: its genesis placed none', cause: error });
  }
}

/** The account that leads the present term; undefined while its election runs. */
export async function presentMaster({ oracle }: ChainContext): Promise<Address | undefined> {
  const master = await reading(oracle.pedal.currentTerm().then((term) => oracle.pedal.masterOf(term)));
  return master === NOBODY ? undefined : master;
}

interface TermPlace {
  readonly seats: Seats;
  readonly termBlocks: number;
  readonly electBlocks: number;
  readonly groupSize: number;
}

/** A term as the contract has it, with the proofs that its transactions carried. */
export async function termView(
  context: ChainContext,
  number: number,
  { seats, termBlocks, electBlocks, groupSize }: TermPlace,
): Promise<OracleTermView> {
  const { pedal } = context.oracle;
  const term = BigInt(number);
  const head = context.ledger.head.number;
  const [record, candidates, masterId, threshold, alpha, groupSeed, group] = await Promise.all([
    pedal.termOf(term),
    pedal.candidatesOf(term),
    pedal.masterIdOf(term),
    pedal.thresholdOf(term),
    orNull(pedal.alphaOf(term)),
    orNull(pedal.groupSeedOf(term)),
    groupOf(context.oracle, term, groupSize),
  ]);
  const shown = context.projection.terms.get(number)?.shown ?? [];
  const electionEnd = number * termBlocks + electBlocks;
  return {
    number,
    firstBlock: number * termBlocks,
    electionEnd,
    lastBlock: (number + 1) * termBlocks - 1,
    electing: head < electionEnd,
    alpha,
    threshold: `0x${threshold.toString(16).padStart(64, '0')}`,
    groupSeed,
    master: masterId === 0 ? null : await seats.of(masterId),
    masterBy: masterId === 0 ? null : record.masterId !== 0 ? 'replacement' : candidates.length > 0 ? 'smallest number' : 'turn',
    masterSince: record.masterSince === 0n ? null : Number(record.masterSince),
    masterActedIn: record.masterActedIn === 0n ? null : Number(record.masterActedIn),
    candidates: await Promise.all(
      candidates.map(async ({ id, beta }) => ({
        ...(await seats.of(id)),
        beta,
        ...proofView(shown.find((each) => each.id === id && each.beta === beta)),
        leads: id === masterId,
        replaced: await pedal.wasReplaced(term, id),
      })),
    ),
    group: await Promise.all(
      group.map(async (account) => ({ ...context.names.partyOf(account), id: await context.oracle.registry.idOf(account) })),
    ),
  };
}

/** A past term as its events tell. */
export async function termRow(context: ChainContext, number: number, seats: Seats): Promise<OracleTermRow | undefined> {
  const entry = context.projection.terms.get(number);
  if (entry === undefined) return undefined;
  const { shown, replaced, requests, transactions } = entry;
  const sorted = [...shown].sort((left, right) => (left.beta < right.beta ? -1 : 1));
  const byTurn = !shown.some((each) => each.account !== undefined);
  return {
    number,
    candidates: await Promise.all(
      sorted.map(
        async (each, at): Promise<OracleCandidate> => ({
          ...(await seats.of(each.id)),
          beta: each.beta,
          ...proofView(each),
          leads: at === 0 && replaced.length === 0,
          replaced: replaced.some(({ previous }) => previous === each.id),
        }),
      ),
    ),
    byTurn,
    replaced: await Promise.all(
      replaced.map(async ({ previous, current, place }) => ({
        previous: await seats.of(previous),
        current: await seats.of(current),
        transactionHash: place.transactionHash,
      })),
    ),
    requests,
    transactions,
  };
}

function proofView(shown: ShownNumber | undefined): Pick<OracleCandidate, 'proof' | 'transactionHash' | 'blockNumber'> {
  return {
    proof: shown?.proof ?? null,
    transactionHash: shown?.place.transactionHash ?? null,
    blockNumber: shown?.place.blockNumber ?? null,
  };
}

/** The group of a term, in its order; nobody when the set is too small, or the term is out of reach. */
async function groupOf({ pedal }: OracleReads, term: bigint, size: number): Promise<readonly Address[]> {
  return (await orNull(pedal.groupOf(term, size))) ?? [];
}

/** What the contract refuses to tell is not known: alpha of a term that is long over, the group of a set that is too small. */
export async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (hasCode(error, 'CONTRACT_REVERTED') || hasCode(error, 'CONTRACT_UNREACHABLE') || hasCode(error, 'CONTRACT_REJECTED')) {
      return null;
    }
    throw error;
  }
}
