import { type OracleOffence, oracleOffences } from '../../../contracts/index.ts';
import { type Address, type Hex, toAddress } from '../../../crypto/index.ts';
import { API_TERMS_KEPT_MAX, API_TERMS_SHOWN } from '../../../limits.ts';
import type { ChainEvent, EventPlace } from './chain-event.ts';
import { createRecentList } from './recent-list.ts';

/** A term of the oracle as its events describe it. */
export interface TermEntry {
  readonly term: number;
  alpha: Hex | undefined;
  previousSeed: Hex | undefined;
  readonly shown: ShownNumber[];
  readonly replaced: { readonly previous: number; readonly current: number; readonly place: EventPlace }[];
  /** Requests that its group ended. */
  requests: number;
  transactions: number;
}

/** A number that a node showed for a term, with its proof where it is known. */
export interface ShownNumber {
  readonly id: number;
  /** The account of a candidate; undefined for a master by turn, that showed its number with its first answer. */
  readonly account: Address | undefined;
  readonly beta: Hex;
  readonly proof: Hex | undefined;
  readonly place: EventPlace;
}

export interface SlashEntry {
  readonly id: number;
  readonly account: Address;
  readonly reporter: Address;
  readonly wei: bigint;
  readonly offence: OracleOffence;
  readonly place: EventPlace;
}

export interface OracleTerms {
  /** Applies an event; `proof` is that of its transaction. */
  apply(event: ChainEvent, place: EventPlace, proof: () => Hex | undefined): void;
  get(term: number): TermEntry | undefined;
  newest(): Iterable<TermEntry>;
  /** What was taken from stakes, the latest first. */
  readonly slashes: readonly SlashEntry[];
}

export function createOracleTerms(): OracleTerms {
  const terms = createRecentList<TermEntry>({ limit: API_TERMS_KEPT_MAX });
  let slashes: readonly SlashEntry[] = [];

  const of = (number: bigint): TermEntry => {
    const known = terms.get(number.toString());
    if (known !== undefined) return known;
    const fresh: TermEntry = {
      term: Number(number),
      alpha: undefined,
      previousSeed: undefined,
      shown: [],
      replaced: [],
      requests: 0,
      transactions: 0,
    };
    terms.add(number.toString(), fresh);
    return fresh;
  };
  const slashed = (event: Extract<ChainEvent, { source: 'oracles' }>, place: EventPlace): void => {
    if (event.eventName !== 'Slashed') return;
    const { id, account, reporter, wei_: wei, offence } = event.args;
    const what = { id, account: toAddress(account), reporter: toAddress(reporter), wei };
    slashes = [{ ...what, offence: oracleOffences[offence] ?? 'silence', place }, ...slashes].slice(0, API_TERMS_SHOWN);
  };

  return {
    apply(event, place, proof) {
      if (event.source === 'oracles') return slashed(event, place);
      if (event.source !== 'pedal') return;
      switch (event.eventName) {
        case 'TermOpened': {
          const { term, alpha, previousSeed } = event.args;
          Object.assign(of(term), { alpha, previousSeed });
          return;
        }
        case 'CandidateShown': {
          const { term, id, account, beta } = event.args;
          of(term).shown.push({ id, account: toAddress(account), beta, proof: proof(), place });
          return;
        }
        case 'SeedShown': {
          const { term, id, beta } = event.args;
          of(term).shown.push({ id, account: undefined, beta, proof: proof(), place });
          return;
        }
        case 'MasterReplaced': {
          const { term, previous, current } = event.args;
          of(term).replaced.push({ previous, current, place });
          return;
        }
        case 'Accepted': {
          const term = of(event.args.term);
          term.requests += Number(event.args.requests);
          term.transactions += 1;
          return;
        }
      }
    },
    get: (term) => terms.get(String(term)),
    newest: () => terms.newest(),
    get slashes() {
      return slashes;
    },
  };
}
