import { describe, expect, it } from 'vitest';
import { encodeMessage, signMessage, type UnsignedMessage } from '../../consensus/index.ts';
import { keccak256, keyFrom, toHex } from '../../crypto/index.ts';
import type { BlockRecord, HeaderRecord, ReceiptRecord } from '../../ledger/index.ts';
import { CONSENSUS_PROTOCOL, type LedgerNode } from '../../node/index.ts';
import { ChainWatch } from './chain-watch.ts';
import type { FaultSeat } from './fault-cluster.ts';
import { Verdict } from './verdict.ts';
import { VoteWatch } from './vote-watch.ts';

const key = keyFrom(keccak256(Uint8Array.of(1)));
const hash = (text: string) => toHex(keccak256(new TextEncoder().encode(text)));
type Listener = (block: BlockRecord, receipts: readonly ReceiptRecord[]) => void;

/** A watched ledger that commits what it is told. */
function ledger(watch: ChainWatch, name: string) {
  let tell: Listener = () => undefined;
  const onHead = (listener: Listener) => {
    tell = listener;
    return () => undefined;
  };
  watch.attach({ full: { ledger: { onHead } } } as unknown as LedgerNode, { name } as FaultSeat);
  return (
    number: number,
    block: string,
    options: { readonly transactions?: readonly string[]; readonly timestampMs?: number } = {},
  ) => {
    const header = {
      number,
      hash: hash(block),
      stateRoot: hash(`state ${block}`),
      proposer: key.address,
      timestampMs: 0,
      nextSealers: [key.address],
      ...options,
    };
    const receipts = (options.transactions ?? []).map((each) => ({ transactionHash: hash(each) }) as ReceiptRecord);
    tell({ header: header as unknown as HeaderRecord, transactions: [] }, receipts);
  };
}

function watching() {
  const verdict = new Verdict();
  const watch = new ChainWatch({ verdict, now: () => 0, skewMicros: () => 0 });
  return { verdict, left: ledger(watch, 'left'), right: ledger(watch, 'right') };
}

describe('the watch over chains', () => {
  it('is content with nodes that commit the same, at different times', () => {
    const { verdict, left, right } = watching();
    left(1, 'a', { transactions: ['t'] });
    left(2, 'b');
    right(1, 'a', { transactions: ['t'] });
    right(2, 'b');
    expect(verdict.violations).toEqual([]);
  });

  it('finds a fork, a gap, a transaction in two blocks and a date from the future', () => {
    const { verdict, left, right } = watching();
    left(1, 'a', { transactions: ['t'] });
    right(1, 'b');
    left(2, 'c', { transactions: ['t'] });
    left(4, 'd');
    left(3, 'e', { timestampMs: 60_000 });
    expect(verdict.violations.map(({ kind }) => kind)).toEqual(['fork', 'twice', 'gap', 'timestamp']);
  });
});

describe('the watch over votes', () => {
  const domain = new Uint8Array(32);
  const vote = (digest: string, round = 0): UnsignedMessage => ({ type: 'prepare', height: 1, round, digest: hash(digest) });

  function says(messages: readonly UnsignedMessage[]) {
    const verdict = new Verdict();
    const { hooks } = new VoteWatch(verdict, domain);
    for (const message of messages) {
      const out = {
        to: key.address,
        protocol: CONSENSUS_PROTOCOL,
        frame: encodeMessage(signMessage(domain, message, key)),
        priority: undefined,
      };
      expect(hooks.send?.(out)).toEqual([out]);
    }
    return verdict.violations.map(({ kind }) => kind);
  }

  it('allows a vote to be repeated, and another one in another round', () => {
    expect(says([vote('a'), vote('a'), vote('b', 1)])).toEqual([]);
  });

  it('finds two votes for one place', () => {
    expect(says([vote('a'), vote('b')])).toEqual(['double-sign']);
  });
});
