import { type Address, equalBytes } from '../crypto/index.ts';
import { MESSAGE_NUMBER_MAX } from '../limits.ts';
import { rememberByIdentity } from '../remember.ts';
import type { MessageType, SignedMessage } from './messages.ts';
import { contentBytes, contentDigest, type Place, signedContent, signerOf } from './signing.ts';

/** One of the two messages: the signed content (see `docs/reference/consensus.md`, "Content signed") and the signature over it. */
export interface SignedContent {
  readonly content: Uint8Array;
  /** 65 bytes, recoverable. */
  readonly signature: Uint8Array;
}

/**
 * Proof that a sealer signed two different messages of one type for one height and round. Anyone can check it with
 * signature recovery alone: `keccak256(tag | domain | height | round | content)` recovers `signer` for both contents.
 */
export interface Evidence {
  readonly type: MessageType;
  readonly height: number;
  readonly round: number;
  readonly signer: Address;
  readonly first: SignedContent;
  readonly second: SignedContent;
}

/** A message without what its signature does not cover: enough to prove that its signer said it. */
export interface SignedStatement extends Place, SignedContent {
  readonly signer: Address;
}

/** What `message` says under its signature. */
export const statementOf = rememberByIdentity((message: SignedMessage): SignedStatement => {
  const { type, height, round, signer, signature } = message;
  return { type, height, round, signer, content: signedContent(message), signature };
});

/** True when the statement's signer signed it. */
export function verifyStatement(domain: Uint8Array, statement: SignedStatement): boolean {
  if (!isPlace(statement) || statement.content.length !== contentBytes(statement.type)) return false;
  return signerOf(contentDigest(domain, statement, statement.content), statement.signature) === statement.signer;
}

/**
 * Checks that the evidence proves what it says. Whether its signer was a sealer is for the caller to know.
 *
 * @param domain - the chain's signature domain, 32 bytes
 * @returns undefined when it is good, else why it is not
 */
export function verifyEvidence(domain: Uint8Array, evidence: Evidence): string | undefined {
  const { type, height, round, signer, first, second } = evidence;
  if (!isPlace(evidence)) return 'height or round is no natural number below 2^48';
  if (equalBytes(first.content, second.content)) return 'both messages say the same';
  for (const [name, { content, signature }] of [['first', first] as const, ['second', second] as const]) {
    if (!verifyStatement(domain, { type, height, round, signer, content, signature })) {
      return `the ${name} message is not signed by ${signer}`;
    }
  }
  return undefined;
}

function isPlace({ height, round }: Place): boolean {
  return [height, round].every((value) => Number.isSafeInteger(value) && value >= 0 && value <= MESSAGE_NUMBER_MAX);
}
