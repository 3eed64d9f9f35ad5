import type { StoredHeader } from '../chain/chain-store.ts';
import type { Header } from '../chain/header.ts';
import type { CertificateVerifier } from '../ledger.ts';
import { badPiece } from '../peers/pieces.ts';

/**
 * Holds headers to the chain: each follows its parent and carries a certificate of the sealers that its parent names, so
 * trust goes from genesis through every change of sealers.
 *
 * @returns the headers, which may be none
 * @throws TreadleError LEDGER_BAD_PIECE naming the first that does not follow
 */
export function followingHeaders(
  headers: readonly StoredHeader[],
  options: { readonly trusted: Header; readonly verifyCertificate: CertificateVerifier },
): readonly StoredHeader[] {
  let parent = options.trusted;
  for (const { header, certificate } of headers) {
    if (header.number !== parent.number + 1 || header.parentHash !== parent.hash)
      throw badPiece(`header ${header.number} does not follow header ${parent.number}`);
    const isItsOwn = certificate?.digest === header.hash && certificate.height === header.number;
    const fault = isItsOwn ? options.verifyCertificate(certificate, parent.nextSealers) : 'it is for another block';
    if (fault !== undefined) throw badPiece(`the certificate of header ${header.number} is not valid: ${fault}`);
    parent = header;
  }
  return headers;
}
