import type { LogLine } from '../../environment/sim/index.ts';
import type { Possible } from './reachable.ts';

interface Mark {
  /** What must have happened at least once in a campaign, in words. */
  readonly name: string;
  readonly log?: { readonly event: string; readonly when?: (line: LogLine) => boolean };
  readonly metric?: string;
  /** Whether a run may reach it at all. */
  readonly possible: (p: Possible) => boolean;
}

/**
 * Rare states that a campaign must reach: a fault list under which none of them occurs tests nothing. Each is seen in a
 * log line, in a metric of a node, or by the run itself (those without either).
 */
export const SOMETIMES: readonly Mark[] = [
  { name: 'round above 0 committed', possible: (p) => p.fault('crash', 'partition', 'pause') || p.liar('silent') },
  { name: 'prepared value proposed again', possible: (p) => p.fault('crash') && p.fault('partition', 'cut') },
  {
    name: 'round entered because f+1 were there',
    possible: (p) => p.fault('crash', 'partition', 'pause'),
    log: { event: 'consensus.round', when: inHigherRound },
  },
  { name: 'failed proposer passed over', possible: (p) => p.fault('crash', 'partition', 'pause') || p.liar('silent') },
  { name: 'empty block committed', possible: (p) => p.fault('crash', 'partition') },
  {
    name: 'node noticed that it is behind',
    possible: (p) => p.fault('crash', 'partition', 'pause'),
    log: { event: 'consensus.behind' },
  },
  { name: 'body pulled from a peer', possible: (p) => p.fault('crash', 'partition'), metric: 'ledger_bodies_fetched_total' },
  { name: 'block fetched by catching up', possible: (p) => p.fault('crash', 'partition'), metric: 'ledger_blocks_fetched_total' },
  { name: 'bodies of a proposal missing', possible: (p) => p.liar('withhold'), log: { event: 'consensus.bodies-missing' } },
  { name: 'payload chunk relayed', possible: (p) => p.fault('burst'), metric: 'payload_relayed_total' },
  {
    name: 'payload chunk pulled',
    possible: (p) => p.payloads && (p.fault('crash') || p.liar('withhold', 'late-bodies')),
    metric: 'payload_pulled_total',
  },
  { name: 'bad payload chunk refused', possible: (p) => p.payloads && p.liar('garbage'), metric: 'payload_chunks_bad_total' },
  {
    name: 'liar named in a fault report',
    possible: (p) => p.liar('forge', 'forged-roots', 'equivocate'),
    log: { event: 'consensus.fault' },
  },
  { name: 'equivocation proved', possible: (p) => p.liar('equivocate', 'twins'), metric: 'evidence_found_total' },
  { name: 'evidence reported on the chain', possible: (p) => p.liar('equivocate', 'twins'), metric: 'evidence_reported_total' },
  {
    name: 'peer dropped for what it sent',
    possible: (p) => p.fault('malformed') || p.liar('garbage'),
    metric: 'network_peers_penalised_total',
  },
  { name: 'peer dropped by review', possible: (p) => p.fault('certificate'), metric: 'peers_dropped_by_review_total' },
  { name: 'torn tail cut off', possible: (p) => p.fault('crash'), metric: 'disk_log_torn_total' },
  { name: 'damaged log found', possible: (p) => p.disk('damage-log'), metric: 'disk_log_damaged_total' },
  { name: 'damaged value found', possible: (p) => p.ownState && p.fault('rot'), metric: 'storage_damaged_total' },
  { name: 'damage repaired from peers', possible: (p) => p.ownState && p.fault('rot'), metric: 'storage_repaired_total' },
  {
    name: 'forgotten vote shown by a peer',
    possible: (p) => p.disk('lose', 'restore'),
    log: { event: 'standing.forgotten-vote' },
  },
  { name: 'sealer abstained', possible: (p) => p.disk('lose', 'restore'), log: { event: 'consensus.abstaining' } },
  { name: 'joined by snapshot', possible: (p) => p.snapshots, metric: 'snapshot_joins_total' },
  { name: 'disk full', possible: (p) => p.fault('full-disk') },
  {
    name: 'pool read back after a restart',
    possible: (p) => p.fault('crash'),
    log: { event: 'pool-recovered', when: (line) => Number(line.fields['transactions']) > 0 },
  },
  { name: 'client told that the node is busy', possible: (p) => p.smallMemory },
  { name: 'set of sealers changed', possible: (p) => p.member('join') },
  { name: 'joiner proved that it is in sync', possible: (p) => p.member('join'), log: { event: 'seat.in-sync-proved' } },
  { name: 'key of a sealer replaced', possible: (p) => p.member('rotate') },
  { name: 'old blocks pruned', possible: (p) => p.pruning, metric: 'storage_blocks_pruned_total' },
  { name: 'all nodes upgraded', possible: (p) => p.fault('upgrade') && p.few },
  { name: 'all nodes rolled back', possible: (p) => p.fault('upgrade') && p.few },
  { name: 'misconfigured node refused to start', possible: (p) => p.setting('genesis') },
  { name: 'certificate expired', possible: (p) => p.fault('certificate') },
  { name: 'certificate renewed', possible: (p) => p.fault('certificate') },
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

  /** The states that a run may reach. */
  possible(p: Possible): readonly string[] {
    return SOMETIMES.filter((mark) => mark.possible(p)).map(({ name }) => name);
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
