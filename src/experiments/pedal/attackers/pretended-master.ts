import { encodeFunctionData } from 'viem';
import {
  answerDigest,
  PEDAL_ADDRESS,
  type PedalOutcome,
  pedalArtifact,
  pedalClient,
  proposalDigest,
  requestReasons,
} from '../../../contracts/index.ts';
import { type BlsKey, blsKeyFrom, fromHex, type Hex, keccak256, toEip2537G2, toHex } from '../../../crypto/index.ts';
import type { Environment, NodeId } from '../../../environment/index.ts';
import { decodeSignAnswer, encodeSignCall, ORACLE_PROTOCOLS } from '../../../oracle/index.ts';
import type { Seat } from '../../cluster.ts';
import type { AttackerSettings } from '../format/pedal-scenario.ts';
import {
  type Allies,
  type Attacker,
  attempt,
  attemptSent,
  blsKeyOf,
  isStranger,
  oracleNodeOf,
  reasonOf,
  repeat,
  type Stage,
  strangerOf,
  Tally,
} from './attacker.ts';
import { Bait } from './bait.ts';

const STEPS = ['answer', 'elect', 'noteAttempt', 'replaceMaster', 'sign'] as const;

/**
 * Somebody who is not the master acts as if it were: brings answers, shows a number that is not small enough or not its own, says on
 * the ledger why a request waits, replaces a master that is not silent, and asks the group for signatures.
 */
export class PretendedMaster implements Attacker {
  readonly tally = new Tally();
  readonly settings: AttackerSettings;
  readonly #environments = new Map<string, Environment>();
  #step = 0;

  readonly #allies: Allies;

  constructor(settings: AttackerSettings, allies: Allies) {
    this.settings = settings;
    this.#allies = allies;
  }

  between(environment: Environment, seat: Seat): Environment {
    this.#environments.set(seat.name, environment);
    return environment;
  }

  start(stage: Stage): void {
    const bait = new Bait(stage);
    repeat(stage, this.settings, async () => {
      const id = bait.id();
      const term = await stage.pedal()?.currentTerm();
      if (id === undefined || term === undefined) return;
      const step = STEPS[this.#step++ % STEPS.length] as (typeof STEPS)[number];
      for (const name of this.settings.nodes) {
        if (isStranger(name)) await this.#byStranger(stage, name, { step, id, term });
        else await this.#byNode(stage, name, { step, id, term });
      }
    });
  }

  async #byStranger(stage: Stage, name: string, { step, id, term }: Target): Promise<void> {
    const account = strangerOf(stage, name);
    const key = blsKeyFrom(account.key.privateKey);
    const data = callOf(step, { id, term, key, chainId: stage.cluster.genesis.chainId, seconds: secondsOf(stage) });
    if (data !== undefined) await attemptSent(this.tally, stage.accounts.send(account, { to: PEDAL_ADDRESS, data }));
  }

  async #byNode(stage: Stage, name: string, { step, id, term }: Target): Promise<void> {
    const node = oracleNodeOf(stage, name);
    if (node === undefined) return;
    // Who leads, or may bring answers as a work node, does not pretend.
    if ((await stage.pedal()?.masterOf(term)) === node.id) return;
    const key = blsKeyOf(node.full.setup.key);
    const pedal = pedalClient(node.client);
    if (step === 'sign') return this.#askForSignatures(stage, name, { id, term, key });
    const forged = forgedAnswer({ id, term, key, chainId: stage.cluster.genesis.chainId, seconds: secondsOf(stage) });
    if (step === 'answer') await attempt(this.tally, pedal.answer(term, forged.outcome, forged.attestation));
    else if (step === 'noteAttempt') await attempt(this.tally, pedal.noteAttempt(id, 'other'));
    else if (step === 'replaceMaster') {
      // A silent master may be replaced by its group: that is no attack.
      if ((await stage.pedal()?.explain(id))?.why !== 'masterSilent') await attempt(this.tally, pedal.replaceMaster(id));
    } else await attempt(this.tally, pedal.elect(term, forged.attestation.signature));
  }

  /** Asks everybody to sign, with proposals as a master would make them. */
  async #askForSignatures(
    stage: Stage,
    name: string,
    { id, term, key }: Omit<Target, 'step'> & { readonly key: BlsKey },
  ): Promise<void> {
    const environment = this.#environments.get(name);
    const node = oracleNodeOf(stage, name);
    if (environment === undefined || node === undefined) return;
    const { chainId } = stage.cluster.genesis;
    const place = { chainId, pedal: PEDAL_ADDRESS };
    const { outcome } = forgedAnswer({ id, term, key, chainId, seconds: secondsOf(stage) });
    const content = toHex(keccak256(answerDigest({ ...place, term, outcome })));
    const attemptNumber = stage.dice.integer(1, 1_000_000);
    const signature = key.sign(proposalDigest({ ...place, term, id, attempt: attemptNumber, content }));
    const item = {
      outcome: { id, reason: requestReasons[0], observedAt: Number(outcome.observedAt), result: fromHex(outcome.result) },
      nonce: new Uint8Array(32),
      sights: [],
      signature,
    };
    const body = encodeSignCall({ height: stage.watch.height, term: Number(term), attempt: attemptNumber, items: [item] });
    const others = stage.cluster.running('oracle').filter((other) => !this.#allies.has(other.id));
    await Promise.all(
      others.map((other) => this.#askOne(environment, { to: other.id, reach: () => node.peering.reach(other.id), body })),
    );
  }

  async #askOne(
    environment: Environment,
    { to, reach, body }: { readonly to: NodeId; readonly reach: () => Promise<void>; readonly body: Uint8Array },
  ): Promise<void> {
    this.tally.attempts++;
    try {
      await reach();
      const answer = decodeSignAnswer(
        await environment.network.request(to, ORACLE_PROTOCOLS.sign, body, { timeoutMicros: 5_000_000 }),
      );
      if (answer.signed) this.tally.taken++;
      else for (const { why } of answer.objections) this.tally.refuse(`member: ${why}`);
    } catch (error) {
      this.tally.refuse(reasonOf(error));
    }
  }
}

interface Target {
  readonly step: (typeof STEPS)[number];
  readonly id: bigint;
  readonly term: bigint;
}

interface Forgery {
  readonly id: bigint;
  readonly term: bigint;
  readonly key: BlsKey;
  readonly chainId: number;
  readonly seconds: number;
}

/** An answer that one key signed for a whole group. */
export function forgedAnswer({ id, term, key, chainId, seconds }: Forgery) {
  const outcome: PedalOutcome = { id, reason: 0, observedAt: BigInt(seconds), result: `0x${'00'.repeat(30)}029a` };
  const digest = answerDigest({ chainId, pedal: PEDAL_ADDRESS, term, outcome });
  return {
    outcome,
    digest,
    attestation: { signers: 0b111n, signature: toHex(toEip2537G2(key.sign(digest))), proof: '0x' as Hex },
  };
}

function callOf(step: Target['step'], forgery: Forgery): Hex | undefined {
  const { abi } = pedalArtifact;
  const { outcome, attestation } = forgedAnswer(forgery);
  const { id, term } = forgery;
  switch (step) {
    case 'answer':
      return encodeFunctionData({ abi, functionName: 'answer', args: [term, outcome, attestation] });
    case 'elect':
      return encodeFunctionData({ abi, functionName: 'elect', args: [term, attestation.signature] });
    case 'noteAttempt':
      return encodeFunctionData({ abi, functionName: 'noteAttempt', args: [id, 5] });
    case 'replaceMaster':
      return encodeFunctionData({ abi, functionName: 'replaceMaster', args: [id] });
    case 'sign':
      return undefined;
  }
}

export function secondsOf({ cluster }: Stage): number {
  return Math.floor(cluster.world.now / 1e6);
}
