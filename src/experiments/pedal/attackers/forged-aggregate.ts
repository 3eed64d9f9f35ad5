import { encodeFunctionData } from 'viem';
import { type Attestation, PEDAL_ADDRESS, pedalArtifact, pedalClient } from '../../../contracts/index.ts';
import { aggregateSignatures, type BlsKey, blsKeyFrom, toEip2537G2, toHex } from '../../../crypto/index.ts';
import type { Dice } from '../../faults/dice.ts';
import type { AttackerSettings } from '../format/pedal-scenario.ts';
import {
  type Attacker,
  attempt,
  attemptSent,
  blsKeyOf,
  isStranger,
  oracleNodeOf,
  repeat,
  type Stage,
  strangerOf,
  Tally,
} from './attacker.ts';
import { Bait } from './bait.ts';
import { forgedAnswer, secondsOf } from './pretended-master.ts';

type Shape = (dice: Dice, key: BlsKey, digest: Uint8Array) => Pick<Attestation, 'signers' | 'signature'>;

/** Ways to make up what a quorum signed. */
const SHAPES: readonly Shape[] = [
  // One key for all.
  (_dice, key, digest) => ({ signers: 0b111n, signature: pointOf(key.sign(digest)) }),
  // One key's signature as often as a quorum has members.
  (_dice, key, digest) => ({
    signers: 0b111n,
    signature: pointOf(aggregateSignatures([key.sign(digest), key.sign(digest), key.sign(digest)])),
  }),
  // Keys that nobody registered.
  (dice, _key, digest) => ({
    signers: 0b1111n,
    signature: pointOf(aggregateSignatures([1, 2, 3, 4].map(() => blsKeyFrom(dice.bytes(32)).sign(digest)))),
  }),
  // Too few, though rightly said.
  (_dice, key, digest) => ({ signers: 0b1n, signature: pointOf(key.sign(digest)) }),
  // Nobody.
  (_dice, key, digest) => ({ signers: 0n, signature: pointOf(key.sign(digest)) }),
  // Members that the group does not have.
  (_dice, key, digest) => ({ signers: (1n << 200n) | 0b111n, signature: pointOf(key.sign(digest)) }),
  // The point at infinity: the sum of no signatures.
  () => ({ signers: 0b111n, signature: `0x${'00'.repeat(256)}` }),
  // No point at all.
  (dice) => ({ signers: 0b111n, signature: toHex(dice.bytes(256)) }),
  // The right length, another digest.
  (dice, key) => ({ signers: 0b111n, signature: pointOf(key.sign(dice.bytes(32))) }),
  // Cut off.
  (_dice, key, digest) => ({ signers: 0b111n, signature: toHex(toEip2537G2(key.sign(digest)).subarray(0, 255)) }),
];

/** Makes up the signatures of a quorum, in every way that comes to mind; whoever has the turn among the attackers brings them. */
export class ForgedAggregate implements Attacker {
  readonly tally = new Tally();
  readonly settings: AttackerSettings;
  #shape = 0;

  constructor(settings: AttackerSettings) {
    this.settings = settings;
  }

  start(stage: Stage): void {
    const bait = new Bait(stage);
    repeat(stage, this.settings, async () => {
      const id = bait.id();
      const term = await stage.pedal()?.currentTerm();
      if (id === undefined || term === undefined) return;
      const shape = SHAPES[this.#shape++ % SHAPES.length] as Shape;
      await Promise.all(this.settings.nodes.map((name) => this.#attack(stage, name, { id, term, shape })));
    });
  }

  async #attack(
    stage: Stage,
    name: string,
    { id, term, shape }: { readonly id: bigint; readonly term: bigint; readonly shape: Shape },
  ): Promise<void> {
    const { chainId } = stage.cluster.genesis;
    const node = oracleNodeOf(stage, name);
    const key = node === undefined ? blsKeyFrom(strangerOf(stage, name).key.privateKey) : blsKeyOf(node.full.setup.key);
    const { outcome, digest } = forgedAnswer({ id, term, key, chainId, seconds: secondsOf(stage) });
    const attestation = { ...shape(stage.dice, key, digest), proof: '0x' as const };
    if (node !== undefined) {
      await attempt(this.tally, pedalClient(node.client).answer(term, outcome, attestation));
      return;
    }
    if (!isStranger(name)) return;
    const data = encodeFunctionData({ abi: pedalArtifact.abi, functionName: 'answer', args: [term, outcome, attestation] });
    await attemptSent(this.tally, stage.accounts.send(strangerOf(stage, name), { to: PEDAL_ADDRESS, data }));
  }
}

function pointOf(signature: Uint8Array) {
  return toHex(toEip2537G2(signature));
}
