import { decodeMessage, encodeMessage, type SignedMessage, signMessage, type UnsignedMessage } from '../../../consensus/index.ts';
import { decodeRlp, encodeRlp, fromHex, type Hex, keccak256, type RlpInput, type RlpItem, toHex } from '../../../crypto/index.ts';
import type { NodeId } from '../../../environment/index.ts';
import { hasCode } from '../../../errors.ts';
import { decodeProposal, encodeProposal } from '../../../ledger/index.ts';
import { CONSENSUS_PROTOCOL } from '../../../node/index.ts';
import type { MessageHooks, Outgoing } from '../messages.ts';
import type { Liar } from './liar.ts';

/** Where the fields stand in an Ethereum header. */
const FIELD = { stateRoot: 3, transactionsRoot: 4, receiptsRoot: 5, bloom: 6, gasUsed: 10, seconds: 11, extra: 12 } as const;
const EMPTY_TRIE_ROOT: Hex = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';

interface Block {
  readonly digest: Hex;
  readonly proposal: Uint8Array;
}

/**
 * A proposer that shows one block to one half and another, just as good, to the other half; some peers are shown both.
 * It votes for both, and commits to both whatever was prepared.
 */
export function equivocates(liar: Liar): MessageHooks {
  const second = new Map<string, Block>();
  const half = new Map(
    liar.others.map((peer) => [peer, liar.dice.pick(['first', 'first', 'second', 'second', 'both'] as const)]),
  );
  const toHalf = (to: NodeId): 'first' | 'second' | 'both' => half.get(to) ?? 'first';
  return onConsensus(liar, (out, message) => {
    const place = `${message.height} ${message.round}`;
    if (message.type === 'round-change') return [out];
    if (message.type === 'pre-prepare') {
      const { type, height, round, justification } = message;
      if (justification.some((item) => item.type === 'round-change' && item.prepared !== undefined)) return [out];
      const other = second.get(place) ?? laterBlock(message.proposal);
      second.set(place, other);
      return told(out, toHalf(out.to), signed(liar, { type, height, round, justification, ...other }));
    }
    const other = second.get(place);
    if (other === undefined) return [out];
    const { type, height, round } = message;
    const frames = told(out, toHalf(out.to), signed(liar, { type, height, round, digest: other.digest }));
    if (type !== 'prepare') return frames;
    const digest = toHalf(out.to) === 'first' ? message.digest : other.digest;
    return [...frames, { ...out, frame: signed(liar, { type: 'commit', height, round, digest }) }];
  });
}

function told(out: Outgoing, half: 'first' | 'second' | 'both', other: Uint8Array): readonly Outgoing[] {
  if (half === 'first') return [out];
  return half === 'second' ? [{ ...out, frame: other }] : [out, { ...out, frame: other }];
}

/** A proposer that waits with its proposal until the others' patience is nearly at its end. */
export function slowLeader(liar: Liar): MessageHooks {
  const delayMicros = Math.round(liar.baseTimeoutMicros * liar.dice.within({ min: 0.6, max: 0.95 }));
  const { clock, network } = liar.environment;
  return onConsensus(liar, (out, message) => {
    if (message.type !== 'pre-prepare') return [out];
    clock.set(delayMicros, () => network.send(out.to, out.protocol, out.frame, out.priority), 'a slow leader');
    return [];
  });
}

/** A proposer whose blocks are valid and empty, whatever is waiting. */
export function emptyBlocks(liar: Liar): MessageHooks {
  return proposesInstead(liar, (header) => {
    const parent = liar.head();
    if (parent === undefined || toHex(header[0] as Uint8Array) !== parent.hash) return undefined;
    header[FIELD.stateRoot] = fromHex(parent.stateRoot);
    header[FIELD.transactionsRoot] = fromHex(EMPTY_TRIE_ROOT);
    header[FIELD.receiptsRoot] = fromHex(EMPTY_TRIE_ROOT);
    header[FIELD.bloom] = new Uint8Array(256);
    header[FIELD.gasUsed] = new Uint8Array();
    return [];
  });
}

/** A proposer whose headers do not follow from their transactions. */
export function forgedRoots(liar: Liar): MessageHooks {
  return proposesInstead(liar, (header, hashes) => {
    const field = liar.dice.pick([FIELD.stateRoot, FIELD.transactionsRoot, FIELD.receiptsRoot]);
    header[field] = keccak256(header[field] as Uint8Array);
    return hashes;
  });
}

type Rewrite = (header: RlpItem[], hashes: readonly Hex[]) => readonly Hex[] | undefined;

/** Puts another block into a fresh proposal, and votes for that one. */
function proposesInstead(liar: Liar, rewrite: Rewrite): MessageHooks {
  const instead = new Map<string, Block | undefined>();
  return onConsensus(liar, (out, message) => {
    const place = `${message.height} ${message.round}`;
    if (message.type === 'round-change') return [out];
    if (message.type === 'pre-prepare') {
      if (message.justification.some((item) => item.type === 'round-change' && item.prepared !== undefined)) return [out];
      if (!instead.has(place)) instead.set(place, rewritten(message.proposal, rewrite));
      const block = instead.get(place);
      if (block === undefined) return [out];
      const { type, height, round, justification } = message;
      return [{ ...out, frame: signed(liar, { type, height, round, justification, ...block }) }];
    }
    const block = instead.get(place);
    if (block === undefined) return [out];
    const { type, height, round } = message;
    return [{ ...out, frame: signed(liar, { type, height, round, digest: block.digest }) }];
  });
}

function rewritten(proposal: Uint8Array, rewrite: Rewrite): Block | undefined {
  const { header, hashes } = decodeProposal(proposal);
  const items = decodeRlp(header.rlp) as RlpItem[];
  const kept = rewrite(items, hashes);
  if (kept === undefined) return undefined;
  return blockOf(items, kept);
}

/** The same block a millisecond later: another digest, and just as valid. */
function laterBlock(proposal: Uint8Array): Block {
  const { header, hashes } = decodeProposal(proposal);
  const items = decodeRlp(header.rlp) as RlpItem[];
  const [version, , ...rest] = decodeRlp(items[FIELD.extra] as Uint8Array) as RlpItem[];
  const timestampMs = header.timestampMs + 1;
  items[FIELD.seconds] = numberItem(Math.floor(timestampMs / 1000));
  items[FIELD.extra] = encodeRlp([version as RlpInput, timestampMs, ...(rest as RlpInput[])]);
  return blockOf(items, hashes);
}

function blockOf(items: RlpItem[], hashes: readonly Hex[]): Block {
  const rlp = encodeRlp(items as RlpInput);
  return { digest: toHex(keccak256(rlp)), proposal: encodeProposal(rlp, hashes) };
}

function numberItem(value: number): Uint8Array {
  return decodeRlp(encodeRlp(value)) as Uint8Array;
}

/** Hooks that see the node's own consensus messages while the liar lies. */
export function onConsensus(liar: Liar, change: (out: Outgoing, message: SignedMessage) => readonly Outgoing[]): MessageHooks {
  return {
    send: (out) => {
      const message = out.protocol === CONSENSUS_PROTOCOL && liar.active() ? readable(out.frame) : undefined;
      return message === undefined ? [out] : change(out, message);
    },
  };
}

export function signed(liar: Liar, message: UnsignedMessage): Uint8Array {
  return encodeMessage(signMessage(liar.domain, message, liar.key));
}

/** A message, unless another of the liar's ways has made something else of it. */
export function readable(frame: Uint8Array): SignedMessage | undefined {
  try {
    return decodeMessage(frame);
  } catch (error) {
    if (hasCode(error, 'CONSENSUS_MALFORMED')) return undefined;
    throw error;
  }
}
