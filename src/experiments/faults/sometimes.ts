import type { LogLine } from '../../environment/sim/index.ts';

interface Mark {
  /** What must have happened at least once in a campaign, in words. */
  readonly name: string;
  readonly log?: { readonly event: string; readonly when?: (line: LogLine) => boolean };
  readonly metric?: string;
}

/**
 * Rare states that a campaign must reach: a fault list under which none of them occurs tests nothing. Each is seen in a
 * log line, in a metric of a node, or by the run itself (those without either).
 */
export const SOMETIMES: readonly Mark[] = [
  { name: 'round above 0 committed' },
  { name: 'prepared value proposed again' },
  { name: 'round entered because f+1 were there', log: { event: 'consensus.round', when: inHigherRound } },
  { name: 'failed proposer passed over' },
  { name: 'empty block committed' },
  { name: 'node noticed that it is behind', log: { event: 'consensus.behind' } },
  { name: 'body pulled from a peer', metric: 'ledger_bodies_fetched_total' },
  { name: 'block fetched by catching up', metric: 'ledger_blocks_fetched_total' },
  { name: 'bodies of a proposal missing', log: { event: 'consensus.bodies-missing' } },
  { name: 'payload chunk relayed', metric: 'payload_relayed_total' },
  { name: 'payload chunk pulled', metric: 'payload_pulled_total' },
  { name: 'bad payload chunk refused', metric: 'payload_chunks_bad_total' },
  { name: 'liar named in a fault report', log: { event: 'consensus.fault' } },
  { name: 'equivocation proved', metric: 'evidence_found_total' },
  { name: 'evidence reported on the chain', metric: 'evidence_reported_total' },
  { name: 'peer dropped for what it sent', metric: 'network_peers_penalised_total' },
  { name: 'peer dropped by review', metric: 'peers_dropped_by_review_total' },
  { name: 'torn tail cut off', metric: 'disk_log_torn_total' },
  { name: 'damaged log found', metric: 'disk_log_damaged_total' },
  { name: 'damaged value found', metric: 'storage_damaged_total' },
  { name: 'damage repaired from peers', metric: 'storage_repaired_total' },
  { name: 'forgotten vote shown by a peer', log: { event: 'standing.forgotten-vote' } },
  { name: 'sealer abstained', log: { event: 'consensus.abstaining' } },
  { name: 'joined by snapshot', metric: 'snapshot_joins_total' },
  { name: 'disk full' },
  {
    name: 'pool read back after a restart',
    log: { event: 'pool-recovered', when: (line) => Number(line.fields['transactions']) > 0 },
  },
  { name: 'damaged node refused to start' },
  { name: 'client told that the node is busy' },
  { name: 'set of sealers changed' },
  { name: 'joiner proved that it is in sync', log: { event: 'seat.in-sync-proved' } },
  { name: 'key of a sealer replaced' },
  { name: 'old blocks pruned', metric: 'storage_blocks_pruned_total' },
  { name: 'all nodes upgraded' },
  { name: 'all nodes rolled back' },
  { name: 'misconfigured node refused to start' },
  { name: 'certificate expired' },
  { name: 'certificate renewed' },
];

function inHigherRound({ fields }: LogLine): boolean {
  return String(fields['reason']).startsWith('others are in a higher round');
}

/** Counts what happened in one run. */
export class Sometimes {
  readonly #counts = new Map<string, number>(SOMETIMES.map(({ name }) => [name, 0]));
  readonly #byEvent = new Map<string, readonly Mark[]>();

  constructor() {
    for (const mark of SOMETIMES) {
      if (mark.log === undefined) continue;
      this.#byEvent.set(mark.log.event, [...(this.#byEvent.get(mark.log.event) ?? []), mark]);
    }
  }

  note(name: string, times = 1): void {
    if (times > 0) this.#counts.set(name, (this.#counts.get(name) ?? 0) + times);
  }

  see(line: LogLine): void {
    for (const mark of this.#byEvent.get(line.event) ?? []) if (mark.log?.when?.(line) ?? true) this.note(mark.name);
  }

  measure(metrics: Readonly<Record<string, number>>): void {
    for (const { name, metric } of SOMETIMES) if (metric !== undefined) this.note(name, metrics[metric] ?? 0);
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
