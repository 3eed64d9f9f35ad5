import { federalFileClient } from '../../contracts/index.ts';
import type { Address } from '../../crypto/index.ts';
import { type Environment, sleep } from '../../environment/index.ts';
import { hasCode, TreadleError } from '../../errors.ts';
import { FILING_CATCH_UP_HEIGHTS, FILING_PAUSE_MICROS } from '../../limits.ts';
import { filingContent } from './filing-content.ts';
import type { Sibling, Siblings } from './siblings.ts';

interface Dependencies {
  readonly environment: Environment;
  readonly siblings: Siblings;
  /** The node whose ledger is filed. */
  readonly own: Sibling;
}

/** A gateway, L_f: files heights of its local ledger with the federal one, in the name of the company whose account it acts for there. */
export interface FilingService {
  start(): void;
  stop(): void;
}

/**
 * Files what its own full node holds of the heights that are due, each once. What was filed is on the federal ledger, so a restart
 * needs no memory: the newest heights that this company has not filed are filed then, at most FILING_CATCH_UP_HEIGHTS of them.
 */
export function createFilingService({ environment, siblings, own }: Dependencies): FilingService {
  const { log, metrics } = environment;
  const chainId = BigInt(own.chainId);
  let stopped = false;
  /** Every height up to this one was filed, or is too old to be. */
  let done = 0;
  let told = '';

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        for (const sibling of siblings.others(own.chainId)) await fileWith(sibling);
        told = '';
      } catch (error) {
        const reason = error instanceof TreadleError ? `${error.code}: ${error.detail}` : String(error);
        if (reason !== told) log.warn('filing.waits', { ledger: own.chainId, reason });
        told = reason;
      }
      await sleep(environment, FILING_PAUSE_MICROS, 'heights to file');
    }
  }

  async function fileWith({ client }: Sibling): Promise<void> {
    const file = federalFileClient(client);
    const ledger = await file.ledger(chainId).catch((error: unknown) => {
      if (hasCode(error, 'CONTRACT_REVERTED') || hasCode(error, 'CONTRACT_BAD_ANSWER')) return undefined;
      throw error;
    });
    const company = ledger?.companies.indexOf(client.account as Address) ?? -1;
    if (ledger === undefined || company < 0) return;
    const newest = Math.floor(own.ledger.head.number / ledger.interval);
    const oldest = Math.max(1, newest - FILING_CATCH_UP_HEIGHTS + 1, Math.floor(done / ledger.interval) + 1);
    for (let at = oldest; at <= newest && !stopped; at++) {
      const height = at * ledger.interval;
      const filings = await file.filings(chainId, BigInt(height));
      const content = await filingContent(own, height);
      for (const { blockHash, lanesRoot, lanes, gateway } of filings) {
        if (blockHash === content.blockHash && lanesRoot === content.lanesRoot && lanes === content.lanes) continue;
        metrics.count('filing_contradicted_total');
        log.error('filing.contradicted', { ledger: own.chainId, height, by: gateway, filed: blockHash, own: content.blockHash });
      }
      if (!filings.some(({ companies }) => ((companies >> BigInt(company)) & 1n) === 1n)) {
        await file.file(chainId, BigInt(height), content);
        metrics.count('filing_filed_total');
        metrics.gauge('filing_height', height);
      }
      done = height;
    }
  }

  return {
    start: () => void run(),
    stop() {
      stopped = true;
    },
  };
}
