import { type ObserverCertificate, ROLE_NUMBER } from '../consortium/index.ts';
import { consortiumClient, type LedgerClient } from '../contracts/index.ts';
import { toEthereumSignature } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';

/**
 * Puts an observer on the ledger with the certificate of its company, unless it stands there already until no earlier.
 * @throws TreadleError CONTRACT_REVERTED with the contract's reason, NODE_MISCONFIGURED when there is no certificate
 */
export async function registerObserver(client: LedgerClient, certificate: ObserverCertificate | undefined): Promise<void> {
  if (certificate === undefined) {
    throw new TreadleError('NODE_MISCONFIGURED', {
      detail: 'a device, edge node or oracle node needs a certificate: its node.json names none',
    });
  }
  const consortium = consortiumClient(client);
  const known = await consortium.observer(certificate.observer);
  if (known.standing === 'active' && known.expiresAt >= BigInt(certificate.expiresAtSeconds)) return;
  const { observer, role, company, expiresAtSeconds, serial, signature } = certificate;
  await consortium.registerObserver(
    { observer, role: ROLE_NUMBER[role], company, expiresAt: BigInt(expiresAtSeconds), serial },
    toEthereumSignature(signature),
  );
}
