import { type Address, fromHex, toHex } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import { CONTACT_BYTES_MAX, DIRECTORY_PAGE_ENTRIES_MAX } from '../limits.ts';
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

export function encodePage(page: DirectoryPage): Uint8Array {
  const writer = new BinaryWriter().number(page.more ? 1 : 0, 1).number(page.contacts.length, 2);
  for (const contact of page.contacts) writer.bytes(contact);
  return writer.finish();
}

/** @throws {@link TreadleError} DIRECTORY_REQUEST_INVALID */
export function decodePage(bytes: Uint8Array): DirectoryPage {
  const reader = new BinaryReader(bytes);
  try {
    const more = reader.number(1);
    if (more > 1) throw new MalformedRecord('its first byte is neither 0 nor 1');
    const count = reader.number(2);
    if (count > DIRECTORY_PAGE_ENTRIES_MAX)
      throw new MalformedRecord(`it has ${count} contacts, at most ${DIRECTORY_PAGE_ENTRIES_MAX} are allowed`);
    const contacts = Array.from({ length: count }, () => reader.bytes(CONTACT_BYTES_MAX));
    reader.end();
    return { contacts, more: more === 1 };
  } catch (cause) {
    if (cause instanceof MalformedRecord) throw invalid(`a page of a directory cannot be read: ${cause.message}`, cause);
    throw cause;
  }
}

function invalid(detail: string, cause?: unknown): TreadleError {
  return new TreadleError('DIRECTORY_REQUEST_INVALID', { detail, cause });
}
