import { type Address, encodeRlp, type RlpItem, SIGNATURE_BYTES } from '../crypto/index.ts';
import type { SignedStatement } from './evidence.ts';
import { MESSAGE_TYPE, type MessageType, typeOfNumber } from './messages.ts';
import { bytesOf, decodeRlp, fieldsOf, listOf, malformed, numberOf } from './rlp.ts';
import { contentBytes } from './signing.ts';

/** What one sealer tells another when either has started: the same in the request and in the answer. */
export interface StandingReport {
  /** Number of the sender's latest block. */
  readonly head: number;
  /** False when the sender never signed a consensus message in its life. */
  readonly hasSigned: boolean;
  /** The newest consensus messages of the recipient that the sender saw or holds: at most {@link STATEMENTS_MAX}. */
  readonly yours: readonly SignedStatement[];
}

/** The newest of all, the newest commit vote, and one of the certificate of the newest block. */
const STATEMENTS_MAX = 3;

/** Canonical bytes, RLP: `[head, 0 or 1, [[type, height, round, content, signature]...]]`. */
export function encodeStanding({ head, hasSigned, yours }: StandingReport): Uint8Array {
  const statements = yours.map(({ type, height, round, content, signature }) => {
    return [MESSAGE_TYPE[type], height, round, content, signature];
  });
  return encodeRlp([head, hasSigned ? 1 : 0, statements]);
}

/**
 * Reads what {@link encodeStanding} wrote and nothing else; the signature is not checked.
 * @param recipient - whose message the report may show
 * @throws TreadleError CONSENSUS_MALFORMED
 */
export function decodeStanding(bytes: Uint8Array, recipient: Address): StandingReport {
  const [head, signed, statements] = fieldsOf(decodeRlp(bytes), 3, 'standing');
  const flag = numberOf(signed, 'flag');
  if (flag > 1) throw malformed(`a flag is 0 or 1, not ${flag}`);
  const yours = listOf(statements, STATEMENTS_MAX, 'statements').map((item) => readStatement(item, recipient));
  return { head: numberOf(head, 'head'), hasSigned: flag === 1, yours };
}

function readStatement(item: RlpItem, signer: Address): SignedStatement {
  const [number, height, round, content, signature] = fieldsOf(item, 5, 'statement');
  const type = typeOf(numberOf(number, 'type'));
  const length = contentBytes(type);
  return {
    type,
    height: numberOf(height, 'height'),
    round: numberOf(round, 'round'),
    signer,
    content: bytesOf(content, length, length, 'content'),
    signature: bytesOf(signature, SIGNATURE_BYTES, SIGNATURE_BYTES, 'signature'),
  };
}

function typeOf(number: number): MessageType {
  const type = typeOfNumber(number);
  if (type === undefined) throw malformed(`unknown message type ${number}`);
  return type;
}
