import { fromHex, type Hex, toHex } from '../../crypto/index.ts';
import type { Certificate } from '../ledger.ts';

/** A certificate in JSON; signatures are 65 bytes of hex whose last byte is the recovery bit (0 or 1). */
export interface RpcCertificate {
  readonly height: number;
  readonly round: number;
  readonly digest: Hex;
  readonly signatures: readonly Hex[];
}

export function formatCertificate(certificate: Certificate): RpcCertificate {
  const { height, round, digest } = certificate;
  return { height, round, digest, signatures: certificate.signatures.map(toHex) };
}

/** The inverse of {@link formatCertificate}, for clients that check what a node told them. */
export function parseCertificate(certificate: RpcCertificate): Certificate {
  const { height, round, digest } = certificate;
  return { height, round, digest, signatures: certificate.signatures.map(fromHex) };
}
