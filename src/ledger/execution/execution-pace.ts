import { PROPOSAL_EXECUTION_MICROS, PROPOSAL_GAS_MIN } from '../../limits.ts';

/** How much of the pace is that of the latest block. */
const LATEST_SHARE = 0.3;
/** Blocks of less gas say more about what a block costs in any case than about the pace. */
const SAMPLE_GAS_MIN = 1_000_000;

/**
 * How fast this node executes, as far as its latest blocks tell: so that a proposer puts no more into a block than is
 * executed well before the others' patience ends, whatever the machine and whatever the transactions do.
 */
export class ExecutionPace {
  private gasPerMicro: number | undefined;

  /** @param micros - the time that executing `gas` took, by this node's clock */
  note(gas: number, micros: number): void {
    if (gas < SAMPLE_GAS_MIN || micros <= 0) return;
    const latest = gas / micros;
    this.gasPerMicro = this.gasPerMicro === undefined ? latest : LATEST_SHARE * latest + (1 - LATEST_SHARE) * this.gasPerMicro;
  }

  /** Gas that the next proposal should not exceed by much; undefined as long as nothing is known. */
  budget(): bigint | undefined {
    if (this.gasPerMicro === undefined) return undefined;
    const gas = BigInt(Math.floor(this.gasPerMicro * PROPOSAL_EXECUTION_MICROS));
    return gas > PROPOSAL_GAS_MIN ? gas : PROPOSAL_GAS_MIN;
  }
}
