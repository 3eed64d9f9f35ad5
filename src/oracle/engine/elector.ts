import { type BlsKey, fromHex, proveVrf, toEip2537G2, toHex, vrfOutput } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import { hasCode } from '../../errors.ts';
import type { LedgerView } from '../chain/ledger-view.ts';
import type { OwnSeat } from './oracle-view.ts';

interface Options {
  readonly environment: Environment;
  readonly view: LedgerView;
  readonly seat: OwnSeat;
}

/** Shows this node's random number in each term for which it is small enough. Source: paper, eqs. (2) and (3); contract rules E1 to E4. */
export class Elector {
  readonly #options: Options;
  #lastTerm = -1;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Called after each block; what it sends is not waited for by whoever calls. */
  async look(): Promise<void> {
    const { view, environment } = this.#options;
    const term = view.currentTerm();
    // What is sent now comes into the next block at the earliest.
    if (term === this.#lastTerm || term === 0 || view.head.number + 1 >= view.electionEnd(term)) return;
    this.#lastTerm = term;
    try {
      await this.#comeForward(term);
    } catch (error) {
      // A number that came too late, or twice after a restart, changes nothing.
      if (!hasCode(error, 'CONTRACT_REVERTED')) this.#lastTerm = term - 1;
      environment.log.debug('oracle.not-elected', { term, error: String(error) });
    }
  }

  /** This node's signature over the term's alpha as the contract takes it. */
  async proof(term: number, key: BlsKey): Promise<Uint8Array> {
    const { view, environment } = this.#options;
    const alpha = fromHex(await view.pedal.alphaOf(BigInt(term)));
    environment.cpu.charge({ operation: 'bls_sign' });
    return proveVrf(key, alpha);
  }

  async #comeForward(term: number): Promise<void> {
    const { view, environment } = this.#options;
    const at = BigInt(term);
    const seat = this.#options.seat();
    if (seat === undefined || !(await view.registry.setOf(at)).includes(seat.id)) return;
    const proof = await this.proof(term, seat.key);
    if (BigInt(toHex(vrfOutput(proof))) >= (await view.pedal.thresholdOf(at))) return;
    await view.pedal.elect(at, toHex(toEip2537G2(proof)));
    environment.metrics.count('oracle_candidacies_total');
    environment.log.info('oracle.candidate', { term });
  }
}
