import { z } from 'zod';
import { CONSORTIUM_ADDRESS, certificateDigest } from '../contracts/index.ts';
import {
  type Address,
  fromEthereumSignature,
  fromHex,
  type Hex,
  type NodeKey,
  recoverAddress,
  SIGNATURE_BYTES,
  type Signature,
  toEthereumSignature,
  toHex,
} from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import { CERTIFICATE_BYTES } from '../limits.ts';
import { rememberByIdentity } from '../remember.ts';
import { BinaryReader, BinaryWriter } from './binary.ts';
import './errors.ts';
import type { consortiumErrors } from './errors.ts';
import { address, bytes32, signatureHex } from './fields.ts';
import { CERTIFIED_ROLES, type CertifiedRole, isObserver, ROLE_NUMBER, roleOf } from './roles.ts';

/** What a company says of one of its devices, edge nodes or oracle nodes: an EIP-712 signature that the Consortium contract checks too. */
export interface ObserverCertificate {
  readonly observer: Address;
  readonly role: CertifiedRole;
  readonly company: Address;
  /** Seconds since the Unix epoch; not valid from this second on. */
  readonly expiresAtSeconds: number;
  /** 32 bytes, chosen by the company; what it revokes. */
  readonly serial: Hex;
  /** The chain on which it holds: part of the signed domain. */
  readonly chainId: number;
  readonly signature: Signature;
}

export type CertificateFields = Omit<ObserverCertificate, 'signature' | 'company'>;

/** Signs a certificate with the company's key. `serial` must be new for this company (32 random bytes). */
export function issueCertificate(fields: CertificateFields, companyKey: NodeKey): ObserverCertificate {
  const unsigned = { ...fields, company: companyKey.address };
  return { ...unsigned, signature: companyKey.sign(digestOf(unsigned)) };
}

export interface CertificateExpectation {
  readonly chainId: number;
  /** The node that presents it; its channel has proved that it holds this key. */
  readonly observer: Address;
  readonly role: CertifiedRole;
  /** Current companies of the consortium (and the proxy, where it may issue). */
  readonly issuers: ReadonlySet<Address>;
  readonly nowSeconds: number;
}

export type CertificateRefusal = Extract<keyof typeof consortiumErrors, `CERTIFICATE_${string}`>;
export type CertificateVerdict =
  | { readonly valid: true }
  | { readonly valid: false; readonly code: CertificateRefusal; readonly detail: string };

/**
 * Checks a certificate against what is expected of its bearer. Pure: revocation is the ledger's knowledge and is
 * asked by `membership.ts`.
 */
export function verifyCertificate(certificate: ObserverCertificate, expected: CertificateExpectation): CertificateVerdict {
  const { observer, role, company, chainId, expiresAtSeconds } = certificate;
  if (chainId !== expected.chainId) {
    return refuse('CERTIFICATE_WRONG_CHAIN', `the certificate is for chain ${chainId}, this is chain ${expected.chainId}`);
  }
  if (observer !== expected.observer) {
    return refuse('CERTIFICATE_WRONG_OBSERVER', `the certificate names ${observer}, the node is ${expected.observer}`);
  }
  if (role !== expected.role) {
    return refuse('CERTIFICATE_WRONG_ROLE', `the certificate is for the role ${role}, the node runs as ${expected.role}`);
  }
  if (!expected.issuers.has(company)) {
    return refuse(
      'CERTIFICATE_NOT_A_COMPANY',
      `the certificate was issued by ${company}, which is no company of this consortium`,
    );
  }
  if (recoverAddress(digestOf(certificate), certificate.signature) !== company) {
    return refuse(
      'CERTIFICATE_FORGED',
      `the certificate of ${observer} is not signed by ${company}, whom it names as its issuer`,
    );
  }
  if (expiresAtSeconds <= expected.nowSeconds) {
    return refuse(
      'CERTIFICATE_EXPIRED',
      `the certificate of ${observer} expired at second ${expiresAtSeconds}, now is ${Math.floor(expected.nowSeconds)}`,
    );
  }
  return { valid: true };
}

function refuse(code: CertificateRefusal, detail: string): CertificateVerdict {
  return { valid: false, code, detail };
}

const digestOf = rememberByIdentity((unsigned: Omit<ObserverCertificate, 'signature'>): Uint8Array => {
  const { chainId, observer, role, company, expiresAtSeconds, serial } = unsigned;
  const certificate = { observer, role: ROLE_NUMBER[role], company, expiresAt: BigInt(expiresAtSeconds), serial };
  return certificateDigest({ chainId, contract: CONSORTIUM_ADDRESS, certificate });
});

/** Binary form, {@link CERTIFICATE_BYTES} bytes: what travels in contacts and hellos. */
export function encodeCertificate(certificate: ObserverCertificate): Uint8Array {
  return new BinaryWriter()
    .fixed(fromHex(certificate.observer))
    .number(ROLE_NUMBER[certificate.role], 1)
    .fixed(fromHex(certificate.company))
    .number(certificate.expiresAtSeconds, 8)
    .fixed(fromHex(certificate.serial))
    .number(certificate.chainId, 8)
    .fixed(certificate.signature)
    .finish();
}

/** @throws {@link TreadleError} CERTIFICATE_MALFORMED */
export function decodeCertificate(bytes: Uint8Array): ObserverCertificate {
  if (bytes.length !== CERTIFICATE_BYTES) {
    throw malformed(`a certificate has ${CERTIFICATE_BYTES} bytes, this has ${bytes.length}`);
  }
  const reader = new BinaryReader(bytes);
  const observer = toHex(reader.fixed(20));
  const number = reader.number(1);
  const role = roleOf(number);
  if (role === undefined || !isObserver(role)) throw malformed(`role ${number} is not one that a certificate can give`);
  try {
    const company = toHex(reader.fixed(20));
    const expiresAtSeconds = reader.number(8);
    const serial = toHex(reader.fixed(32));
    const chainId = reader.number(8);
    return { observer, role, company, expiresAtSeconds, serial, chainId, signature: reader.fixed(SIGNATURE_BYTES) };
  } catch (cause) {
    throw malformed('a number in the certificate is out of range', cause);
  }
}

const certificateSchema = z.strictObject({
  observer: address,
  role: z.enum(CERTIFIED_ROLES),
  company: address,
  expiresAtSeconds: z.int().nonnegative(),
  serial: bytes32,
  chainId: z.int().positive(),
  signature: signatureHex,
});

/** The text of `certificate.json`; the signature is written as Ethereum writes it (v of 27 or 28). */
export function certificateToJson(certificate: ObserverCertificate): string {
  return `${JSON.stringify({ ...certificate, signature: toEthereumSignature(certificate.signature) }, null, 2)}\n`;
}

/** @throws {@link TreadleError} CERTIFICATE_MALFORMED, naming `file` */
export function certificateFromJson(text: string, file: string): ObserverCertificate {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed(`${file} is not JSON`, cause);
  }
  const parsed = certificateSchema.safeParse(value);
  if (!parsed.success) throw malformed(`${file}: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`);
  const signature = fromEthereumSignature(fromHex(parsed.data.signature));
  if (signature === undefined) throw malformed(`${file}: the signature does not end in 27 or 28`);
  return { ...parsed.data, signature };
}

function malformed(detail: string, cause?: unknown): TreadleError {
  return new TreadleError('CERTIFICATE_MALFORMED', { detail, cause });
}
