import { decodeFunctionData, encodeFunctionData } from 'viem';
import { PEDAL_ADDRESS, pedalArtifact } from '../../../contracts/index.ts';
import { type Hex, toHex } from '../../../crypto/index.ts';
import type { Environment } from '../../../environment/index.ts';
import { decodeSignAnswer, ORACLE_PROTOCOLS } from '../../../oracle/index.ts';
import type { Seat } from '../../cluster.ts';
import type { AttackerSettings } from '../format/pedal-scenario.ts';
import {
  type Attacker,
  attempt,
  attemptSent,
  isStranger,
  oracleNodeOf,
  reasonOf,
  repeat,
  type Stage,
  strangerOf,
  Tally,
} from './attacker.ts';
import { Bait } from './bait.ts';
import { tampered } from './tampered.ts';

const abi = pedalArtifact.abi;
const STEPS = ['again', 'otherTerm', 'otherRequest', 'frame'] as const;
const FRAMES_KEPT = 32;

/** Sends again what was accepted: as it was, under another term, for another request; and the masters' calls to other members. */
export class Replay implements Attacker {
  readonly tally = new Tally();
  readonly settings: AttackerSettings;
  readonly #environments = new Map<string, Environment>();
  /** Calldata of answers that the contract took. */
  readonly #answers: Hex[] = [];
  /** Calls for signatures that came to attacking nodes. */
  readonly #frames: Uint8Array[] = [];
  #step = 0;

  constructor(settings: AttackerSettings) {
    this.settings = settings;
  }

  between(environment: Environment, seat: Seat): Environment {
    this.#environments.set(seat.name, environment);
    return tampered(environment, {
      answer: (protocol, from, body, handle) => {
        if (protocol === ORACLE_PROTOCOLS.sign) this.#frames.push(body.slice());
        if (this.#frames.length > FRAMES_KEPT) this.#frames.shift();
        return handle(from, body);
      },
    });
  }

  start(stage: Stage): void {
    const bait = new Bait(stage);
    stage.watch.onBlock(({ block, receipts }) => {
      for (const [at, { to, data }] of block.transactions.entries()) {
        if (to?.toString() !== PEDAL_ADDRESS || receipts[at]?.status !== 1) continue;
        const call = toHex(data);
        if (decodeFunctionData({ abi, data: call }).functionName === 'answer') this.#answers.push(call);
      }
    });
    repeat(stage, this.settings, async () => {
      const id = bait.id();
      if (id === undefined || this.#answers.length === 0) return;
      const step = STEPS[this.#step++ % STEPS.length] as (typeof STEPS)[number];
      for (const name of this.settings.nodes) {
        if (step === 'frame') await this.#replayFrame(stage, name);
        else await this.#replayAnswer(stage, name, { step, id });
      }
    });
  }

  async #replayAnswer(stage: Stage, name: string, { step, id }: { readonly step: string; readonly id: bigint }): Promise<void> {
    const seen = this.#answers.at(-1) as Hex;
    const call = decodeFunctionData({ abi, data: seen });
    if (call.functionName !== 'answer') return;
    const [term, outcome, attestation] = call.args;
    const args = [step === 'otherTerm' ? term + 1n : term, step === 'again' ? outcome : { ...outcome, id }, attestation] as const;
    const data = encodeFunctionData({ abi, functionName: 'answer', args });
    const node = oracleNodeOf(stage, name);
    if (node !== undefined) await attempt(this.tally, node.client.transact({ to: PEDAL_ADDRESS, data, gas: 3_000_000n }));
    else if (isStranger(name))
      await attemptSent(this.tally, stage.accounts.send(strangerOf(stage, name), { to: PEDAL_ADDRESS, data }));
  }

  /** A master's call, sent by somebody else to everybody else. */
  async #replayFrame(stage: Stage, name: string): Promise<void> {
    const node = oracleNodeOf(stage, name);
    const environment = this.#environments.get(name);
    const body = this.#frames.at(-1);
    if (node === undefined || environment === undefined || body === undefined) return;
    for (const other of stage.cluster.running('oracle').filter((each) => each !== node)) {
      this.tally.attempts++;
      try {
        await node.peering.reach(other.id);
        const answer = decodeSignAnswer(
          await environment.network.request(other.id, ORACLE_PROTOCOLS.sign, body, { timeoutMicros: 5_000_000 }),
        );
        // What was true for the master is true for a work node whose turn has come.
        if (answer.signed) this.tally.signed++;
        else for (const { why } of answer.objections) this.tally.refuse(`member: ${why}`);
      } catch (error) {
        this.tally.refuse(reasonOf(error));
      }
    }
  }
}
