import { type Address, fromHex, keccak256, toHex } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import { CONTACT_BYTES_MAX, DIRECTORY_PAGE_ENTRIES_MAX } from '../limits.ts';
import { rememberByIdentity } from '../remember.ts';
import { BinaryReader, BinaryWriter, MalformedRecord } from './binary.ts';
import './errors.ts';

/** "Who is there?": the contacts after `after` in the order of their addresses, from the start when it is absent. */
export interface DirectoryQuestion {
  readonly after?: Address;
}

export interface DirectoryPage {
  /** Encoded contacts, ascending by node. */
  readonly contacts: readonly Uint8Array[];
  /** False when this page reaches the end. */
  readonly more: boolean;
}

export function encodeQuestion(question: DirectoryQuestion): Uint8Array {
  return question.after === undefined ? new Uint8Array(0) : fromHex(question.after);
}

/** @throws {@link TreadleError} DIRECTORY_REQUEST_INVALID */
export function decodeQuestion(bytes: Uint8Array): DirectoryQuestion {
  if (bytes.length === 0) return {};
  if (bytes.length !== 20) throw invalid(`a question to the directory has 0 or 20 bytes, this has ${bytes.length}`);
  return { after: toHex(bytes) };
}

/**
 * A question of wire version 2: as {@link DirectoryQuestion}, and what the asker knows of the range itself. Who knows just
 * the same answers that, and nothing else is sent.
 */
export interface RangeQuestion extends DirectoryQuestion {
  /** The last node of the range; the end of the directory when absent. */
  readonly upTo?: Address;
  /** {@link FINGERPRINT_BYTES} bytes: see `fingerprintOf`. */
  readonly fingerprint: Uint8Array;
}

/** Half a hash: who forges one only hides contacts from the asker, which an empty answer does as well. */
export const FINGERPRINT_BYTES = 16;
const HAS_AFTER = 1;
const HAS_UP_TO = 2;
/** First byte of the answer to a {@link RangeQuestion} whose range is known alike. */
const SAME = 2;

/** What a directory knows of some nodes: changes with every node and every newer contact. */
export function fingerprintOf(contacts: readonly { readonly node: Address; readonly sequence: number }[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const contact of contacts) writer.fixed(markOf(contact));
  return keccak256(writer.finish()).slice(0, FINGERPRINT_BYTES);
}

/** Node and sequence of a contact, as a fingerprint covers them: the same for everybody who asks about it. */
const markOf = rememberByIdentity(
  ({ node, sequence }: { readonly node: Address; readonly sequence: number }): Uint8Array =>
    new BinaryWriter().fixed(fromHex(node)).number(sequence, 8).finish(),
);

export function encodeRangeQuestion({ after, upTo, fingerprint }: RangeQuestion): Uint8Array {
  const flags = (after === undefined ? 0 : HAS_AFTER) + (upTo === undefined ? 0 : HAS_UP_TO);
  const writer = new BinaryWriter().number(flags, 1);
  for (const node of [after, upTo]) if (node !== undefined) writer.fixed(fromHex(node));
  return writer.fixed(fingerprint).finish();
}

/** @throws {@link TreadleError} DIRECTORY_REQUEST_INVALID */
export function decodeRangeQuestion(bytes: Uint8Array): RangeQuestion {
  const reader = new BinaryReader(bytes);
  try {
    const flags = reader.number(1);
    if (flags > HAS_AFTER + HAS_UP_TO) throw new MalformedRecord('its first byte has flags that do not exist');
    const after = (flags & HAS_AFTER) === 0 ? {} : { after: toHex(reader.fixed(20)) };
    const upTo = (flags & HAS_UP_TO) === 0 ? {} : { upTo: toHex(reader.fixed(20)) };
    const fingerprint = reader.fixed(FINGERPRINT_BYTES);
    reader.end();
    return { ...after, ...upTo, fingerprint };
  } catch (cause) {
    if (cause instanceof MalformedRecord) throw invalid(`a question to the directory cannot be read: ${cause.message}`, cause);
    throw cause;
  }
}

/** The answer "I know the same", with whether there is more behind the range. */
export function encodeSame({ more }: { readonly more: boolean }): Uint8Array {
  return Uint8Array.of(SAME, more ? 1 : 0);
}

/** What answers a {@link RangeQuestion}. @throws {@link TreadleError} DIRECTORY_REQUEST_INVALID */
export function decodeRangeAnswer(
  bytes: Uint8Array,
): { readonly same: true; readonly more: boolean } | (DirectoryPage & { readonly same: false }) {
  if (bytes[0] === SAME && bytes.length === 2) return { same: true, more: bytes[1] === 1 };
  const { contacts, more } = decodePage(bytes);
  return { same: false, contacts, more };
}

export function encodePage(page: DirectoryPage): Uint8Array {
  const writer = new BinaryWriter().number(page.more ? 1 : 0, 1).number(page.contacts.length, 2);
  for (const contact of page.contacts) writer.bytes(contact);
  return writer.finish();
}

/** @throws {@link TreadleError} DIRECTORY_REQUEST_INVALID */
export function decodePage(bytes: Uint8Array): DirectoryPage {
  return pageOf(bytes);
}

// Nodes that share a process, and ask the same one, get the same page.
const pageOf = rememberByIdentity((bytes: Uint8Array): DirectoryPage => {
  const reader = new BinaryReader(bytes);
  try {
    const more = reader.number(1);
    if (more > 1) throw new MalformedRecord('its first byte is neither 0 nor 1');
    const count = reader.number(2);
    if (count > DIRECTORY_PAGE_ENTRIES_MAX)
      throw new MalformedRecord(`it has ${count} contacts, at most ${DIRECTORY_PAGE_ENTRIES_MAX} are allowed`);
    const contacts = Array.from({ length: count }, () => reader.view(CONTACT_BYTES_MAX));
    reader.end();
    return { contacts, more: more === 1 };
  } catch (cause) {
    if (cause instanceof MalformedRecord) throw invalid(`a page of a directory cannot be read: ${cause.message}`, cause);
    throw cause;
  }
});

function invalid(detail: string, cause?: unknown): TreadleError {
  return new TreadleError('DIRECTORY_REQUEST_INVALID', { detail, cause });
}
