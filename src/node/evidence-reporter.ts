import { type Evidence, MESSAGE_TYPE, verifyEvidence } from '../consensus/index.ts';
import {
  CONSORTIUM_ADDRESS,
  type ConsortiumClient,
  consortiumClient,
  type EquivocationReport,
  encodeReportEquivocation,
  type LedgerClient,
} from '../contracts/index.ts';
import { type Address, equalBytes, fromHex, toHex } from '../crypto/index.ts';
import { type Environment, sleep } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import type { Ledger } from '../ledger/index.ts';
import { EVIDENCE_ATTEMPTS_MAX, EVIDENCE_TURN_MICROS, EVIDENCE_TURNS_MAX, EVIDENCE_WAITING_MAX } from '../limits.ts';

/** Brings proofs of equivocation before the Consortium contract. */
export interface EvidenceReporter {
  /** Takes what the consensus found; returns at once. */
  report(evidence: Evidence): void;
  stop(): void;
}

interface Dependencies {
  readonly environment: Environment;
  readonly ledger: Pick<Ledger, 'pending' | 'sealers'>;
  readonly client: LedgerClient;
  /** The chain's signature domain, 32 bytes. */
  readonly domain: Uint8Array;
}

/** Selector, type, height and round: what all reports of one equivocation begin with, whatever they show of it. */
const SAME_PLACE_BYTES = 4 + 3 * 32;

/**
 * Every sealer that saw an equivocation could report it, and one report is enough. So they take turns: for each equivocation
 * another sealer is the first, the next one waits a tenth of a second longer, and nobody reports what is on the chain or in the
 * pool already. The first report is in the next block as a rule, and with the first reporters down still in the one after.
 */
export function createEvidenceReporter(dependencies: Dependencies): EvidenceReporter {
  const { environment, ledger, client, domain } = dependencies;
  const { log, metrics } = environment;
  const consortium = consortiumClient(client);
  const waiting = new Set<string>();
  let stopped = false;

  async function bring(evidence: Evidence): Promise<void> {
    await sleep(environment, turnMicros(evidence, ledger.sealers(), environment.node), 'turn to report an equivocation');
    const report = reportOf(evidence);
    for (let attempt = 0; attempt < EVIDENCE_ATTEMPTS_MAX && !stopped; attempt++) {
      if (attempt > 0) await sleep(environment, againMicros(attempt), 'report of an equivocation to arrive');
      if (await isOnChain(consortium, evidence, report)) return;
      // Somebody's report is on its way; if it gets lost, the next look sees neither it nor a record.
      if (isPending(ledger, report)) continue;
      if (await send(evidence, report)) return;
    }
    if (!stopped) log.error('evidence.not-reported', placeOf(evidence));
  }

  /** True when nothing is left to do. */
  async function send(evidence: Evidence, report: EquivocationReport): Promise<boolean> {
    try {
      const { id, quarantined, receipt } = await consortium.reportEquivocation(report);
      metrics.count('evidence_reported_total');
      log.warn('evidence.reported', { ...placeOf(evidence), id, quarantined, block: receipt.blockNumber });
      return true;
    } catch (error) {
      if (!(error instanceof TreadleError)) throw error;
      const { errorName } = error.data;
      if (errorName === 'AlreadyReported') return true;
      log.warn('evidence.refused', { ...placeOf(evidence), code: error.code, reason: error.detail });
      // What the contract refuses once it refuses for ever; all else may be better the next time.
      return error.code === 'CONTRACT_REVERTED';
    }
  }

  return {
    report(evidence) {
      const fault = verifyEvidence(domain, evidence);
      if (fault !== undefined) {
        log.error('evidence.worthless', { ...placeOf(evidence), reason: fault });
        return;
      }
      metrics.count('evidence_found_total');
      log.warn('evidence.found', placeOf(evidence));
      const key = Object.values(placeOf(evidence)).join();
      if (stopped || waiting.has(key) || waiting.size >= EVIDENCE_WAITING_MAX) return;
      waiting.add(key);
      bring(evidence)
        .catch((error: unknown) => log.warn('evidence.failed', { ...placeOf(evidence), reason: String(error) }))
        .finally(() => waiting.delete(key));
    },
    stop() {
      stopped = true;
    },
  };
}

/** How long this node lets others report first: the accused does not count, and who is first depends on the place. */
export function turnMicros(evidence: Evidence, sealers: readonly Address[], self: Address): number {
  const reporters = sealers.filter((sealer) => sealer !== evidence.signer);
  const own = reporters.indexOf(self);
  if (own < 0) return EVIDENCE_TURNS_MAX * EVIDENCE_TURN_MICROS;
  const first = (evidence.height + evidence.round) % reporters.length;
  const turn = (own - first + reporters.length) % reporters.length;
  return Math.min(turn, EVIDENCE_TURNS_MAX) * EVIDENCE_TURN_MICROS;
}

/** Time for a few blocks at first, twice as long each time: a chain that stands still will take the report when it goes on. */
function againMicros(attempt: number): number {
  return EVIDENCE_TURNS_MAX * EVIDENCE_TURN_MICROS * 2 ** (attempt - 1);
}

function reportOf({ type, height, round, first, second }: Evidence): EquivocationReport {
  return {
    messageType: MESSAGE_TYPE[type],
    height: BigInt(height),
    round: BigInt(round),
    content: toHex(first.content),
    signature: toHex(first.signature),
    otherContent: toHex(second.content),
    otherSignature: toHex(second.signature),
  };
}

/** A node that cannot read its own chain now may still send: the contract refuses a second record. */
async function isOnChain(consortium: ConsortiumClient, { signer }: Evidence, report: EquivocationReport): Promise<boolean> {
  const { messageType, height, round } = report;
  return consortium.evidenceOf({ signer, messageType, height, round }).then(
    (id) => id !== 0n,
    () => false,
  );
}

function isPending(ledger: Pick<Ledger, 'pending'>, report: EquivocationReport): boolean {
  const wanted = fromHex(encodeReportEquivocation(report)).subarray(0, SAME_PLACE_BYTES);
  return ledger
    .pending()
    .some(({ to, data }) => to?.toString() === CONSORTIUM_ADDRESS && equalBytes(data.subarray(0, SAME_PLACE_BYTES), wanted));
}

function placeOf({ signer, type, height, round }: Evidence) {
  return { signer, type, height, round };
}
