import { consortiumClient, type KeyPosition, type LedgerClient } from '../contracts/index.ts';
import type { Environment } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import type { Ledger } from '../ledger/index.ts';
import { SYNC_PROOF_RENEW_BLOCKS, SYNC_PROOF_RETRY_BLOCKS } from '../limits.ts';

/** What a node that may seal is at the moment, and what it did to become more. */
export interface SeatKeeper {
  /** What the node's key is to the consortium, as of the last look; undefined before the first. */
  readonly position: KeyPosition | undefined;
  start(): void;
  stop(): void;
}

interface Dependencies {
  readonly environment: Environment;
  readonly ledger: Pick<Ledger, 'head' | 'bestKnown' | 'sealers' | 'onHead' | 'turnClientsAway'>;
  /** False while this node could not vote if it were seated: a seat that nobody fills is one fewer that may fail. */
  readonly mayVote: () => boolean;
  /** Acts with the node's own key, which is what has to be proved. */
  readonly client: LedgerClient;
}

/**
 * Looks after the seat of this node. A node that does not seal asks the contract after every block what it is: as a candidate or a
 * successor it proves that it is in sync as soon as it is and could vote; in quarantine, or when its seat is another's, it says so. A sealer has
 * nothing to ask: the header of the last block names it.
 */
export function createSeatKeeper({ environment, ledger, client, mayVote }: Dependencies): SeatKeeper {
  const { log, metrics } = environment;
  const consortium = consortiumClient(client);
  let position: KeyPosition | undefined;
  let looking = false;
  let notBefore = 0;
  let unsubscribe = (): void => undefined;

  async function look(): Promise<void> {
    const next = ledger.sealers().includes(environment.node) ? 'sealer' : await consortium.positionOf(environment.node);
    if (next !== position) {
      tell(position, next);
      ledger.turnClientsAway(next === 'none');
    }
    position = next;
    const mayJoin = next === 'candidate' || next === 'proxyCandidate' || next === 'successor';
    if (mayJoin && mayVote() && isInSync(ledger) && ledger.head.number >= notBefore) await prove(next);
  }

  async function prove(as: KeyPosition): Promise<void> {
    const { number, hash } = ledger.head;
    try {
      const { replaced, executed, receipt } = await consortium.proveSync({ height: BigInt(number), hash });
      // The votes may take days, and a proof counts for some hundreds of blocks only.
      notBefore = receipt.blockNumber + SYNC_PROOF_RENEW_BLOCKS;
      metrics.count('sync_proofs_total');
      log.info('seat.in-sync-proved', { as, height: number, replaced, executed });
    } catch (error) {
      if (!(error instanceof TreadleError)) throw error;
      const { errorName, args } = error.data;
      const from = errorName === 'TooManyChanges' && Array.isArray(args) ? Number(args[1]) : 0;
      notBefore = Math.max(ledger.head.number + SYNC_PROOF_RETRY_BLOCKS, from);
      log.warn('seat.proof-refused', { as, reason: error.detail, againAtBlock: notBefore });
    }
  }

  function tell(before: KeyPosition | undefined, now: KeyPosition): void {
    const fields = { key: environment.node, before: before ?? 'unknown', now };
    metrics.gauge('seat_sealing', now === 'sealer' ? 1 : 0);
    if (now === 'quarantined')
      log.error('seat.quarantined', {
        ...fields,
        why: 'this key signed two different votes: it seals nothing until the companies reinstate it',
      });
    else if (now === 'none') log.warn('seat.none', { ...fields, why: 'this key seals for nobody (any more)' });
    else log.info('seat.changed', fields);
  }

  const onHead = (): void => {
    // An ordinary sealer's look costs nothing; nobody else's overlap.
    if (looking || (position === 'sealer' && ledger.sealers().includes(environment.node))) return;
    looking = true;
    look()
      .catch((error: unknown) => log.warn('seat.not-looked-after', { reason: String(error) }))
      .finally(() => {
        looking = false;
      });
  };

  return {
    get position() {
      return position;
    },
    start() {
      unsubscribe = ledger.onHead(onHead);
      onHead();
    },
    stop: () => unsubscribe(),
  };
}

/** One block behind is the ordinary course of things between an announcement and its block. */
function isInSync(ledger: Pick<Ledger, 'head' | 'bestKnown'>): boolean {
  return ledger.head.number > 0 && ledger.bestKnown() <= ledger.head.number + 1;
}
