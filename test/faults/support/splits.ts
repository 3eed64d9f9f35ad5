import { decode, encode } from '@ethereumjs/rlp';
import {
  decodeMessage,
  encodeMessage,
  type MessageType,
  type SignedMessage,
  signMessage,
  type UnsignedMessage,
} from '../../../src/consensus/index.ts';
import { genesisDomain } from '../../../src/consortium/index.ts';
import { type Hex, keccak256, toHex } from '../../../src/crypto/index.ts';
import type { NodeId } from '../../../src/environment/index.ts';
import { decodeProposal, encodeProposal } from '../../../src/ledger/index.ts';
import { CONSENSUS_PROTOCOL, HEARD_PROTOCOL } from '../../../src/node/index.ts';
import { type Between, withMessages } from './between.ts';

export interface SplittingLiar {
  readonly between: Between;
  /** Peers that are told the other thing; nobody is told both. */
  others: ReadonlySet<NodeId>;
  lying: boolean;
  /** Heights at which it told two things, each to somebody. */
  readonly heights: () => readonly number[];
}

/** Where the header keeps its time, in whole seconds and in milliseconds. */
const SECONDS_FIELD = 11;
const EXTRA_FIELD = 12;

/**
 * A sealer that tells some peers one thing and the others another, in messages of one type, and nobody both: nobody
 * sees by itself that it lies. Of proposals it makes two valid ones, and votes for each where it was sent. It says
 * nothing of what it heard.
 */
export function tellsPeersApart(type: Exclude<MessageType, 'round-change'>): SplittingLiar {
  const told = new Map<number, Set<'one' | 'other'>>();
  const seconds = new Map<string, { readonly digest: Hex; readonly proposal: Uint8Array }>();
  const liar: SplittingLiar = {
    others: new Set(),
    lying: false,
    heights: () => [...told].flatMap(([height, sides]) => (sides.size === 2 ? height : [])),
    between: (environment, seat) =>
      withMessages(environment, {
        send(peer, protocol, frame) {
          if (!liar.lying || peer === environment.node) return frame;
          if (protocol === HEARD_PROTOCOL) return undefined;
          if (protocol !== CONSENSUS_PROTOCOL) return frame;
          const message = decodeMessage(frame);
          const second = secondOf(message);
          if (second === undefined) return frame;
          const side = liar.others.has(peer) ? 'other' : 'one';
          if (message.type === type) told.set(message.height, (told.get(message.height) ?? new Set()).add(side));
          if (side === 'one') return frame;
          return encodeMessage(signMessage(genesisDomain(seat.setup.genesis), second, seat.setup.key));
        },
      }),
  };

  function secondOf(message: SignedMessage): UnsignedMessage | undefined {
    if (message.type === 'round-change') return undefined;
    const { height, round, digest } = message;
    if (type !== 'pre-prepare') {
      return message.type === type
        ? { type, height, round, digest: toHex(keccak256(new TextEncoder().encode(`not ${digest}`))) }
        : undefined;
    }
    const place = `${height} ${round}`;
    if (message.type !== 'pre-prepare') {
      const second = seconds.get(place);
      return second && { type: message.type, height, round, digest: second.digest };
    }
    // What a quorum prepared must be proposed as it is.
    if (message.justification.some((item) => item.type === 'round-change' && item.prepared !== undefined)) return undefined;
    const second = seconds.get(place) ?? laterBlock(message.proposal);
    seconds.set(place, second);
    return { type: 'pre-prepare', height, round, justification: message.justification, ...second };
  }

  return liar;
}

/** The same block a millisecond later: another digest, and just as valid. */
function laterBlock(proposal: Uint8Array): { readonly digest: Hex; readonly proposal: Uint8Array } {
  const { header, hashes } = decodeProposal(proposal);
  const items = decode(header.rlp) as Uint8Array[];
  const [version, , ...rest] = decode(items[EXTRA_FIELD] as Uint8Array) as Uint8Array[];
  const timestampMs = header.timestampMs + 1;
  items[SECONDS_FIELD] = decode(encode(Math.floor(timestampMs / 1000))) as Uint8Array;
  items[EXTRA_FIELD] = encode([version as Uint8Array, timestampMs, ...rest]);
  const rlp = encode(items);
  return { digest: toHex(keccak256(rlp)), proposal: encodeProposal(rlp, hashes) };
}
