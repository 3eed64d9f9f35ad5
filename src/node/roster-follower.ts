import type { Membership, Roster } from '../consortium/index.ts';
import { CONSORTIUM_ADDRESS, type DecodedEvent, decodeEvent } from '../contracts/index.ts';
import type { Environment } from '../environment/index.ts';
import type { Ledger } from '../ledger/index.ts';

/**
 * Keeps the roster that contacts are judged by as new as the chain. A node that nobody dials would keep that of its start, and
 * whoever has joined since would be a stranger to it: so it is read again whenever the members change. An observer whose
 * certificate is revoked loses its connection at once.
 *
 * @returns the roster that was read last
 */
export async function followRoster(
  environment: Environment,
  ledger: Pick<Ledger, 'sealers' | 'onHead'>,
  membership: Pick<Membership, 'roster'>,
): Promise<() => Roster> {
  let latest = await membership.roster();
  let known = ledger.sealers().join();
  let last: number | undefined;
  ledger.onHead(({ header }, receipts) => {
    // A node that joined by snapshot has not seen what happened in between.
    const isNext = last !== undefined && header.number === last + 1;
    last = header.number;
    const events = receipts.flatMap(({ logs }) => logs.filter(({ address }) => address === CONSORTIUM_ADDRESS)).map(decodeEvent);
    for (const event of events) if (event?.name === 'ObserverRevoked') shutOut(environment, event);
    const sealers = header.nextSealers.join();
    if (isNext && sealers === known && !events.some(changesMembers)) return;
    known = sealers;
    membership.roster().then(
      (roster) => {
        latest = roster;
      },
      (error: unknown) => environment.log.warn('membership.not-read', { reason: String(error) }),
    );
  });
  return () => latest;
}

/** Votes and certificates come all day, and change nobody's membership by themselves. */
function changesMembers(event: DecodedEvent | undefined): boolean {
  return event !== undefined && MEMBER_EVENTS.has(event.name);
}

const MEMBER_EVENTS: ReadonlySet<string> = new Set([
  'CompanyAdded',
  'CompanyRemoved',
  'ProxyReplaced',
  'SealerKeyReplaced',
  'SealersChanged',
  'SealerQuarantined',
  'SealerReinstated',
  'SuccessorNamed',
  'Proposed',
  'Rejected',
]);

function shutOut({ network, log }: Environment, { args }: DecodedEvent): void {
  const observer = network.peers().find((peer) => peer === args['observer']);
  if (observer === undefined) return;
  log.warn('peer.revoked', { peer: observer });
  network.disconnect(observer, 'CERTIFICATE_REVOKED: its company has revoked the certificate of this node');
}
