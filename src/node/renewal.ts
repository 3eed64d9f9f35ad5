import type { ObserverCertificate } from '../consortium/index.ts';
import type { LedgerClient } from '../contracts/index.ts';
import { TreadleError } from '../errors.ts';
import type { Peering } from './peering.ts';
import { registerObserver } from './registration.ts';
import type { NodeSetup } from './setup.ts';

/**
 * Shows a later certificate to the peers from now on; connections stay.
 * @throws TreadleError NODE_MISCONFIGURED when it is not for this node, or ends no later than the present one
 */
export function showLater(peering: Peering, { file, key, genesis }: NodeSetup, certificate: ObserverCertificate): void {
  const present = peering.certificate();
  if (present === undefined) throw refused(`a ${file.role} shows no certificate`);
  const { observer, role, chainId, expiresAtSeconds } = certificate;
  if (observer !== key.address) throw refused(`it names ${observer}, this node is ${key.address}`);
  if (role !== file.role) throw refused(`it is for the role ${role}, this node runs as ${file.role}`);
  if (chainId !== genesis.chainId) throw refused(`it is for chain ${chainId}, this node is on chain ${genesis.chainId}`);
  if (expiresAtSeconds <= present.expiresAtSeconds) throw refused('it ends no later than the one that is in use');
  peering.renew(certificate);
}

/**
 * As {@link showLater}, and puts the certificate on the ledger, by which contracts know the observer.
 * @throws TreadleError NODE_MISCONFIGURED | CONTRACT_*
 */
export async function renewRegistration(
  parts: { readonly peering: Peering; readonly client: LedgerClient; readonly setup: NodeSetup },
  certificate: ObserverCertificate,
): Promise<void> {
  showLater(parts.peering, parts.setup, certificate);
  await registerObserver(parts.client, certificate);
}

function refused(why: string): TreadleError {
  return new TreadleError('NODE_MISCONFIGURED', { detail: `the new certificate cannot be used: ${why}` });
}
