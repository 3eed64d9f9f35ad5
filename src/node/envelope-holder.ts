import { decodeCertificate, issuersFor, type Membership, type Roster, verifyCertificate } from '../consortium/index.ts';
import { fromHex, type Hex } from '../crypto/index.ts';
import type { Clock } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import type { Envelope } from '../oracle/index.ts';

interface Options {
  readonly membership: Pick<Membership, 'observer'>;
  readonly roster: () => Roster;
  readonly clock: Clock;
  readonly chainId: number;
}

/** Whether the holder of a request's envelope is somebody in this consortium: by the ledger, or by the certificate that is shown. */
export function createHolderCheck({ membership, roster, clock, chainId }: Options): (envelope: Envelope) => Promise<boolean> {
  return async ({ certificate, holder }) => {
    const { companies, proxy } = roster();
    if (holder === proxy || companies.some(({ account }) => account === holder)) return certificate === 'ledger';
    const { standing } = await membership.observer(holder);
    if (certificate === 'ledger') return standing === 'active';
    if (standing === 'revoked' || standing === 'company-left') return false;
    try {
      const shown = decodeCertificate(fromHex(certificate as Hex));
      const nowSeconds = clock.now() / 1e6;
      const issuers = issuersFor(roster(), shown.role);
      return verifyCertificate(shown, { chainId, observer: holder, role: shown.role, issuers, nowSeconds }).valid;
    } catch (error) {
      if (error instanceof TreadleError || error instanceof RangeError) return false;
      throw error;
    }
  };
}
