import { fromHex, type Hex, toHex } from '../crypto/index.ts';
import { hasCode, TreadleError } from '../errors.ts';
import { CONTACT_BYTES_MAX, HELLO_BYTES_MAX } from '../limits.ts';
import { BinaryReader, BinaryWriter, MalformedRecord } from './binary.ts';
import { decodeContact, encodeContact, type SignedContact } from './contact.ts';
import './errors.ts';
import { agreedVersion, versionsText, WIRE_VERSIONS, type WireVersions } from './wire-versions.ts';

/**
 * What a node presents on every new connection: which wire versions it speaks, the chain it is on and its signed contact, in
 * which its role and (for observers) its certificate stand.
 */
export interface Hello {
  readonly wireVersions: WireVersions;
  readonly chainId: number;
  /** `genesisHash` of the genesis file. */
  readonly genesisHash: Hex;
  readonly contact: SignedContact;
}

/** First bytes of every hello, so that another program on the port is told apart from another release. */
const MAGIC = new TextEncoder().encode('treadle');

/**
 * The layout is the same in all versions, for whoever sends a hello does not know yet what the other side speaks. A later
 * version may add fields behind these; they are skipped by those who do not know them.
 */
export function encodeHello(hello: Hello): Uint8Array {
  return new BinaryWriter()
    .fixed(MAGIC)
    .number(hello.wireVersions.lowest, 2)
    .number(hello.wireVersions.highest, 2)
    .number(hello.chainId, 8)
    .fixed(fromHex(hello.genesisHash))
    .bytes(encodeContact(hello.contact))
    .finish();
}

/**
 * Reads a hello; nothing in it is verified yet. A hello with no version in common with `ours` is refused by that reason
 * before anything else of it is read.
 *
 * @throws {@link TreadleError} CONSORTIUM_HELLO_INVALID | CONSORTIUM_WIRE_VERSION
 */
export function decodeHello(bytes: Uint8Array, ours: WireVersions = WIRE_VERSIONS): Hello {
  if (bytes.length > HELLO_BYTES_MAX)
    throw malformed(`the hello has ${bytes.length} bytes, at most ${HELLO_BYTES_MAX} are allowed`);
  try {
    return readHello(new BinaryReader(bytes), ours);
  } catch (cause) {
    if (cause instanceof MalformedRecord) throw malformed(`the hello cannot be read: ${cause.message}`, cause);
    if (hasCode(cause, 'DIRECTORY_CONTACT_MALFORMED')) throw malformed(`the hello cannot be read: ${cause.detail}`, cause);
    throw cause;
  }
}

function readHello(reader: BinaryReader, ours: WireVersions): Hello {
  const magic = reader.fixed(MAGIC.length);
  if (magic.some((byte, at) => byte !== MAGIC[at])) throw new MalformedRecord('it is not one of a Treadle node');
  const wireVersions = { lowest: reader.number(2), highest: reader.number(2) };
  if (wireVersions.lowest > wireVersions.highest) throw new MalformedRecord('its lowest wire version is above its highest');
  if (agreedVersion(ours, wireVersions) === undefined) {
    throw new TreadleError('CONSORTIUM_WIRE_VERSION', {
      detail: `the peer speaks wire version ${versionsText(wireVersions)}, this node ${versionsText(ours)}`,
      data: { ours, theirs: wireVersions },
    });
  }
  const chainId = reader.number(8);
  const genesisHash = toHex(reader.fixed(32));
  const contact = decodeContact(reader.bytes(CONTACT_BYTES_MAX));
  return { wireVersions, chainId, genesisHash, contact };
}

function malformed(detail: string, cause?: unknown): TreadleError {
  return new TreadleError('CONSORTIUM_HELLO_INVALID', { detail, cause });
}
