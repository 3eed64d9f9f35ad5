import type { Address, Hex } from '../crypto/index.ts';
import type { Admission, NodeId } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import { type CertificateRefusal, type ObserverCertificate, verifyCertificate } from './certificate.ts';
import { type SignedContact, verifyContact } from './contact.ts';
import './errors.ts';
import { decodeHello, type Hello } from './hello.ts';
import { type CertifiedRole, isObserver, isSealer } from './roles.ts';
import { issuersFor, type Roster } from './roster.ts';
import type { WireVersions } from './wire-versions.ts';

/** What a node judges its peers by. */
export interface AdmissionContext {
  readonly chainId: number;
  readonly genesisHash: Hex;
  readonly roster: Roster;
  readonly nowSeconds: number;
  readonly wireVersions: WireVersions;
  /** Keys that may join or take over a seat, with the account that they would seal for. */
  readonly candidates?: ReadonlyMap<Address, Candidacy>;
}

/** What a key that does not seal yet may become. */
export interface Candidacy {
  readonly role: 'proxy' | 'company';
  readonly account: Address;
}

/**
 * Judges a contact by who is in the consortium: a sealer must be on the roster, an observer must show a certificate
 * of a current company. Whether the certificate was revoked is not known here.
 *
 * @returns the reason to refuse it, which says what to do, or undefined
 */
export function judgeContact(contact: SignedContact, context: Omit<AdmissionContext, 'wireVersions'>): string | undefined {
  const { node, role, company, certificate } = contact;
  if (isSealer(role)) return judgeSealer(contact, context);
  if (certificate === undefined) return reasonOf('CERTIFICATE_MISSING', `the ${role} ${node} shows no certificate`);
  const verdict = verifyCertificate(certificate, {
    chainId: context.chainId,
    observer: node,
    role,
    issuers: issuersFor(context.roster, role),
    nowSeconds: context.nowSeconds,
  });
  if (!verdict.valid) return reasonOf(verdict.code, verdict.detail);
  if (certificate.company !== company)
    return `the node names the company ${company}, its certificate ${certificate.company}: correct "company" in its node.json`;
  return undefined;
}

function judgeSealer(
  { node, role, company }: SignedContact,
  { roster, candidates }: Pick<AdmissionContext, 'roster' | 'candidates'>,
): string | undefined {
  const candidacy = candidates?.get(node);
  if (candidacy !== undefined && candidacy.role === role && candidacy.account === company) return undefined;
  if (role === 'proxy') {
    if (company !== roster.proxy) return `${company} is not the proxy of this consortium: that is ${roster.proxy}`;
    return node === roster.proxySealer ? undefined : otherKey(node, company, roster.proxySealer);
  }
  const member = roster.companies.find(({ account }) => account === company);
  if (member === undefined) {
    return `${company} is no company of this consortium. If it is to join, a company must propose it (treadle consortium propose), and if that was done just now, this node has not seen the block yet`;
  }
  return node === member.sealer ? undefined : otherKey(node, company, member.sealer);
}

function otherKey(node: Address, account: Address, sealer: Address): string {
  return `the node of ${account} runs with the key ${sealer}, not with ${node}: to replace the key use treadle consortium rotate-key`;
}

/**
 * Judges what a peer presented on a new connection; the channel has proved that it holds the key of `peer`.
 * Revocation is not known here, see `membership.ts`.
 */
export function judgeHello(bytes: Uint8Array, peer: NodeId, context: AdmissionContext): Admission & { readonly hello?: Hello } {
  let hello: Hello;
  try {
    hello = decodeHello(bytes, context.wireVersions);
  } catch (error) {
    if (error instanceof TreadleError) return { admitted: false, reason: error.message };
    throw error;
  }
  const reason = refusalOf(hello, peer, context);
  return reason === undefined ? { admitted: true, hello } : { admitted: false, reason };
}

function refusalOf({ chainId, genesisHash, contact }: Hello, peer: NodeId, context: AdmissionContext): string | undefined {
  if (chainId !== context.chainId)
    return `the peer is on chain ${chainId}, this is chain ${context.chainId}: check "genesisFile" in its node.json`;
  if (genesisHash !== context.genesisHash) {
    return `the peer has another genesis (${genesisHash.slice(0, 18)}…, here ${context.genesisHash.slice(0, 18)}…): copy genesis.json from a running member`;
  }
  if (contact.node !== peer)
    return `the peer is ${peer} but presents the contact of ${contact.node}: its key file and its data folder belong to different nodes`;
  if (!verifyContact(contact)) return reasonOf('DIRECTORY_CONTACT_FORGED', `the contact of ${peer} is not signed by it`);
  return judgeContact(contact, context);
}

/** The certificate of an observer's contact, for the check against the ledger. */
export function shownCertificate(
  contact: SignedContact,
): { readonly role: CertifiedRole; readonly certificate: ObserverCertificate } | undefined {
  return isObserver(contact.role) && contact.certificate !== undefined
    ? { role: contact.role, certificate: contact.certificate }
    : undefined;
}

/** The words of an error code, for a refusal that travels as text. */
export function reasonOf(code: CertificateRefusal | 'DIRECTORY_CONTACT_FORGED', detail: string): string {
  return `${code}: ${new TreadleError(code, { detail }).message}`;
}

/** The standing of an observer on the ledger that admission asks for. */
export interface ObserverStanding {
  readonly observer: Address;
  readonly standing: 'unknown' | 'active' | 'expired' | 'revoked' | 'company-left';
  readonly role: CertifiedRole | undefined;
  readonly company: Address | undefined;
  readonly expiresAtSeconds: number;
  readonly serial: Hex;
}
