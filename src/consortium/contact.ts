import {
  type Address,
  fromHex,
  keccak256,
  type NodeKey,
  recoverAddress,
  SIGNATURE_BYTES,
  type Signature,
  toHex,
} from '../crypto/index.ts';
import type { Contact } from '../environment/index.ts';
import { hasCode, TreadleError } from '../errors.ts';
import {
  CERTIFICATE_BYTES,
  CONTACT_ADDRESS_BYTES_MAX,
  CONTACT_ADDRESSES_MAX,
  CONTACT_BYTES_MAX,
  CONTACT_NAME_BYTES_MAX,
  CONTACTS_DECODED_MAX,
} from '../limits.ts';
import { rememberByContent, rememberByIdentity } from '../remember.ts';
import { BinaryReader, BinaryWriter, MalformedRecord } from './binary.ts';
import { decodeCertificate, encodeCertificate, type ObserverCertificate } from './certificate.ts';
import { isObserver, ROLE_NUMBER, type Role, roleOf } from './roles.ts';
import './errors.ts';

/** What a node says about where it is and what it is. */
export interface ContactFields extends Contact {
  readonly node: Address;
  readonly role: Role;
  /** The company that the node belongs to; a company or proxy names itself. */
  readonly company: Address;
  /** For people: "Press 3". Not unique, not trusted. */
  readonly name: string;
  readonly addresses: readonly string[];
  /** Milliseconds since the Unix epoch when it was signed: of two records of a node the higher one holds. */
  readonly sequence: number;
  /** Observers show it, so that whoever reads the record can judge it without asking anyone. */
  readonly certificate?: ObserverCertificate;
}

/** A contact with its node's signature: passed from node to node, so that nobody has to be trusted with the list. */
export interface SignedContact extends ContactFields {
  readonly signature: Signature;
}

const DOMAIN = new TextEncoder().encode('treadle contact 1\n');

/**
 * Signs a contact with the node's own key.
 *
 * @throws {@link TreadleError} DIRECTORY_CONTACT_MALFORMED when a field is out of bounds
 */
export function signContact(fields: Omit<ContactFields, 'node'>, key: NodeKey): SignedContact {
  const unsigned = { ...fields, node: key.address };
  return { ...unsigned, signature: key.sign(digestOf(unsigned)) };
}

/** True when the record is signed by the node that it names. */
export const verifyContact = rememberByIdentity(
  (contact: SignedContact): boolean => recoverAddress(digestOf(contact), contact.signature) === contact.node,
);

export const encodeContact = rememberByIdentity(
  (contact: SignedContact): Uint8Array => new BinaryWriter().fixed(encodeFields(contact)).fixed(contact.signature).finish(),
);

/**
 * Reads a record; its signature is not yet checked.
 *
 * @throws {@link TreadleError} DIRECTORY_CONTACT_MALFORMED
 */
export function decodeContact(bytes: Uint8Array): SignedContact {
  if (bytes.length > CONTACT_BYTES_MAX)
    throw malformed(`a contact of ${bytes.length} bytes, at most ${CONTACT_BYTES_MAX} are allowed`);
  try {
    return contactOf(bytes);
  } catch (cause) {
    if (cause instanceof MalformedRecord) throw malformed(`a contact that cannot be read: ${cause.message}`, cause);
    if (hasCode(cause, 'CERTIFICATE_MALFORMED')) throw malformed(`a contact that cannot be read: ${cause.detail}`, cause);
    throw cause;
  }
}

// Everybody is told of everybody: the nodes that share a process read the same records.
const contactOf = rememberByContent(CONTACTS_DECODED_MAX, (bytes) => readContact(new BinaryReader(bytes)));

function readContact(reader: BinaryReader): SignedContact {
  const node = toHex(reader.fixed(20));
  const number = reader.number(1);
  const role = roleOf(number);
  if (role === undefined) throw new MalformedRecord(`there is no role ${number}`);
  const company = toHex(reader.fixed(20));
  const name = reader.text(CONTACT_NAME_BYTES_MAX);
  const count = reader.number(1);
  if (count > CONTACT_ADDRESSES_MAX)
    throw new MalformedRecord(`${count} addresses, at most ${CONTACT_ADDRESSES_MAX} are allowed`);
  const addresses = Array.from({ length: count }, () => reader.text(CONTACT_ADDRESS_BYTES_MAX));
  const sequence = reader.number(8);
  const flag = reader.number(1);
  if (flag > 1) throw new MalformedRecord('the certificate flag is neither 0 nor 1');
  const certificate = flag === 1 ? decodeCertificate(reader.fixed(CERTIFICATE_BYTES)) : undefined;
  const signature = reader.fixed(SIGNATURE_BYTES);
  reader.end();
  if (certificate !== undefined && !isObserver(role)) throw new MalformedRecord(`a ${role} shows no certificate`);
  return { node, role, company, name, addresses, sequence, ...(certificate && { certificate }), signature };
}

function digestOf(contact: ContactFields): Uint8Array {
  return keccak256(new BinaryWriter().fixed(DOMAIN).fixed(encodeFields(contact)).finish());
}

function encodeFields(contact: ContactFields): Uint8Array {
  checkBounds(contact);
  const writer = new BinaryWriter()
    .fixed(fromHex(contact.node))
    .number(ROLE_NUMBER[contact.role], 1)
    .fixed(fromHex(contact.company))
    .text(contact.name)
    .number(contact.addresses.length, 1);
  for (const address of contact.addresses) writer.text(address);
  writer.number(contact.sequence, 8).number(contact.certificate === undefined ? 0 : 1, 1);
  if (contact.certificate !== undefined) writer.fixed(encodeCertificate(contact.certificate));
  return writer.finish();
}

function checkBounds(contact: ContactFields): void {
  const { name, addresses, sequence } = contact;
  if (utf8Length(name) > CONTACT_NAME_BYTES_MAX)
    throw malformed(`the name of a contact is longer than ${CONTACT_NAME_BYTES_MAX} bytes`);
  if (addresses.length > CONTACT_ADDRESSES_MAX)
    throw malformed(`a contact lists ${addresses.length} addresses, at most ${CONTACT_ADDRESSES_MAX}`);
  if (addresses.some((address) => utf8Length(address) > CONTACT_ADDRESS_BYTES_MAX)) {
    throw malformed(`an address of a contact is longer than ${CONTACT_ADDRESS_BYTES_MAX} bytes`);
  }
  if (!Number.isSafeInteger(sequence) || sequence < 0) throw malformed('the sequence of a contact is not a time in milliseconds');
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

function malformed(detail: string, cause?: unknown): TreadleError {
  return new TreadleError('DIRECTORY_CONTACT_MALFORMED', { detail, cause });
}
