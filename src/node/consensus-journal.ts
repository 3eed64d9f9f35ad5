import type { ConsensusEffect } from '../consensus/index.ts';
import type { Address } from '../crypto/index.ts';
import type { Environment } from '../environment/index.ts';
import { CONSENSUS_ROUNDS_KEPT_MAX } from '../limits.ts';

export interface RoundRecord {
  readonly height: number;
  readonly round: number;
  readonly proposer: Address;
  readonly reason: string;
  readonly atMicros: number;
}

type Effect<T extends ConsensusEffect['type']> = Extract<ConsensusEffect, { type: T }>;

/** What consensus tells people: log lines, counters, and the rounds above 0 with their reasons. */
export class ConsensusJournal {
  readonly rounds: RoundRecord[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  noteRound({ height, round, proposer, reason }: Effect<'round'>): void {
    if (round === 0) return;
    const { clock, metrics, log } = this.#environment;
    this.rounds.push({ height, round, proposer, reason, atMicros: clock.now() });
    if (this.rounds.length > CONSENSUS_ROUNDS_KEPT_MAX) this.rounds.shift();
    metrics.count('consensus_view_changes_total');
    log.info('consensus.round', { height, round, proposer, reason });
  }

  noteFault({ peer, reason }: Effect<'fault'>, height: number): void {
    this.#environment.metrics.count('consensus_faults_total');
    this.#environment.log.warn('consensus.fault', { peer, reason, height });
  }

  noteEvidence({ evidence: { signer, type, height, round } }: Effect<'evidence'>): void {
    this.#environment.metrics.count('consensus_evidence_total');
    this.#environment.log.warn('consensus.evidence', { signer, type, height, round });
  }
}
