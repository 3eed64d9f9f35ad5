import { decode, encode } from '@ethereumjs/rlp';
import { decodeMessage, encodeMessage, signMessage } from '../../../src/consensus/index.ts';
import { genesisDomain } from '../../../src/consortium/index.ts';
import { fromHex, keccak256, type NodeKey, toHex } from '../../../src/crypto/index.ts';
import type { Seat } from '../../../src/experiments/index.ts';
import { decodeProposal, encodeProposal, LEDGER_PROTOCOLS } from '../../../src/ledger/index.ts';
import { CONSENSUS_PROTOCOL } from '../../../src/node/index.ts';
import { type Between, withMessages } from './between.ts';

/** Where a field stands in an Ethereum header. */
export const HEADER_FIELD = { stateRoot: 3, transactionsRoot: 4, receiptsRoot: 5 } as const;

export interface ForgedProposals {
  readonly between: Between;
  /** The field to be forged from now on; undefined for an honest time. */
  field: keyof typeof HEADER_FIELD | undefined;
  /** Forged proposals that left the node. */
  readonly sent: () => number;
}

/**
 * A sealer that proposes blocks whose header does not follow from their transactions, with a signature of its own under
 * each: as if it had run other contracts than everybody else, or had written itself other receipts.
 */
export function forgesProposals(): ForgedProposals {
  const digests = new Set<string>();
  const liar: ForgedProposals = {
    field: undefined,
    sent: () => digests.size,
    between: (environment, seat) =>
      withMessages(environment, {
        send(_to, protocol, frame) {
          if (protocol !== CONSENSUS_PROTOCOL || liar.field === undefined) return frame;
          const message = decodeMessage(frame);
          if (message.type !== 'pre-prepare' || message.justification.length > 0) return frame;
          const { header, hashes } = decodeProposal(message.proposal);
          const items = decode(header.rlp) as Uint8Array[];
          items[HEADER_FIELD[liar.field]] = keccak256(fromHex(header.hash));
          const rlp = encode(items);
          const digest = toHex(keccak256(rlp));
          digests.add(digest);
          const { type, height, round, justification } = message;
          const forged = { type, height, round, digest, proposal: encodeProposal(rlp, hashes), justification };
          return encodeMessage(signMessage(genesisDomain(seat.setup.genesis), forged, seat.setup.key));
        },
      }),
  };
  return liar;
}

/** A node that proposes transactions and shows them to nobody, while `withholding` is true. */
export function withholdsBodies(): { readonly between: Between; withholding: boolean } {
  const liar: { readonly between: Between; withholding: boolean } = {
    withholding: false,
    between: (environment) =>
      withMessages(environment, {
        send: (_to, protocol, frame) => (liar.withholding && protocol === LEDGER_PROTOCOLS.transactions ? undefined : frame),
        answer: (protocol, from, body, handle) =>
          liar.withholding && protocol === LEDGER_PROTOCOLS.bodies ? Promise.resolve(encode([])) : handle(from, body),
      }),
  };
  return liar;
}

/** The key of a seat: a test may sign whatever the node itself never would. */
export function keyOf(seats: ReadonlyMap<string, Seat>, name: string): NodeKey {
  const seat = seats.get(name);
  if (seat === undefined) throw new Error(`there is no seat ${name}`);
  return seat.setup.key;
}
