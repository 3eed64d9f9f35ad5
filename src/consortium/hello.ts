import { fromHex, type Hex, toHex } from '../crypto/index.ts';
import { hasCode, TreadleError } from '../errors.ts';
import { CONTACT_BYTES_MAX, HELLO_BYTES_MAX } from '../limits.ts';
import { BinaryReader, BinaryWriter, MalformedRecord } from './binary.ts';
import { decodeContact, encodeContact, type SignedContact } from './contact.ts';
import './errors.ts';

/** Version of everything that nodes send each other. Two nodes talk only when theirs are equal. */
export const WIRE_VERSION = 1;

/**
 * What a node presents on every new connection: the chain it is on and its signed contact, in which its role and
 * (for observers) its certificate stand.
 */
export interface Hello {
  readonly wireVersion: number;
  readonly chainId: number;
  /** `genesisHash` of the genesis file. */
  readonly genesisHash: Hex;
  readonly contact: SignedContact;
}

/** First bytes of every hello, so that another program on the port is told apart from another release. */
const MAGIC = new TextEncoder().encode('treadle');

export function encodeHello(hello: Hello): Uint8Array {
  return new BinaryWriter()
    .fixed(MAGIC)
    .number(hello.wireVersion, 2)
    .number(hello.chainId, 8)
    .fixed(fromHex(hello.genesisHash))
    .bytes(encodeContact(hello.contact))
    .finish();
}

/**
 * Reads a hello; nothing in it is verified yet. A hello of another wire version is refused by that reason before
 * anything else of it is read.
 *
 * @throws {@link TreadleError} CONSORTIUM_HELLO_INVALID
 */
export function decodeHello(bytes: Uint8Array): Hello {
  if (bytes.length > HELLO_BYTES_MAX)
    throw malformed(`the hello has ${bytes.length} bytes, at most ${HELLO_BYTES_MAX} are allowed`);
  try {
    return readHello(new BinaryReader(bytes));
  } catch (cause) {
    if (cause instanceof MalformedRecord) throw malformed(`the hello cannot be read: ${cause.message}`, cause);
    if (hasCode(cause, 'DIRECTORY_CONTACT_MALFORMED')) throw malformed(`the hello cannot be read: ${cause.detail}`, cause);
    throw cause;
  }
}

function readHello(reader: BinaryReader): Hello {
  const magic = reader.fixed(MAGIC.length);
  if (magic.some((byte, at) => byte !== MAGIC[at])) throw new MalformedRecord('it is not one of a Treadle node');
  const wireVersion = reader.number(2);
  if (wireVersion !== WIRE_VERSION) {
    throw new MalformedRecord(`it is of wire version ${wireVersion}, this node speaks version ${WIRE_VERSION}`);
  }
  const chainId = reader.number(8);
  const genesisHash = toHex(reader.fixed(32));
  const contact = decodeContact(reader.bytes(CONTACT_BYTES_MAX));
  reader.end();
  return { wireVersion, chainId, genesisHash, contact };
}

function malformed(detail: string, cause?: unknown): TreadleError {
  return new TreadleError('CONSORTIUM_HELLO_INVALID', { detail, cause });
}
