import { decodeFunctionData } from 'viem';
import { ORACLE_REGISTRY_ADDRESS, oracleRegistryArtifact, oracleRegistryClient } from '../../../contracts/index.ts';
import {
  aggregatePublicKeys,
  fromEip2537G1,
  fromHex,
  type Hex,
  provePossession,
  toEip2537G1,
  toEip2537G2,
  toHex,
} from '../../../crypto/index.ts';
import type { LedgerNode } from '../../../node/index.ts';
import type { AttackerSettings } from '../format/pedal-scenario.ts';
import { type Attacker, attempt, blsKeyOf, repeat, type Stage, Tally } from './attacker.ts';

/** In a compressed point: which of the two y it is. */
const SIGN_BIT = 0x20;

/**
 * A certified node registers a key made so that it cancels out those of the others: its owner could sign for all of them. It also
 * tries another node's key with the proof that went with it, and a key with the proof of another one.
 */
export class RogueKey implements Attacker {
  readonly tally = new Tally();
  readonly settings: AttackerSettings;
  /** Keys with their proofs, as everybody saw them come. */
  readonly #seen: { readonly publicKey: Hex; readonly possession: Hex }[] = [];
  #step = 0;

  constructor(settings: AttackerSettings) {
    this.settings = settings;
  }

  start(stage: Stage): void {
    stage.watch.onBlock(({ block }) => {
      for (const { to, data } of block.transactions) {
        if (to?.toString() !== ORACLE_REGISTRY_ADDRESS) continue;
        const call = decodeFunctionData({ abi: oracleRegistryArtifact.abi, data: toHex(data) });
        if (call.functionName === 'register') this.#seen.push({ publicKey: call.args[0], possession: call.args[1] });
      }
    });
    repeat(stage, this.settings, async () => {
      for (const name of this.settings.nodes) await this.#attack(stage, name);
    });
  }

  async #attack(stage: Stage, name: string): Promise<void> {
    const node = stage.cluster.running('edge').find((each) => each === stage.cluster.seats.get(name)?.node) as
      | LedgerNode
      | undefined;
    if (node === undefined) return;
    const { client, setup } = node.full;
    const registry = oracleRegistryClient(client);
    const { minStakeWei } = await registry.settings();
    const key = blsKeyOf(setup.key);
    const context = { chainId: client.chainId, registry: ORACLE_REGISTRY_ADDRESS, node: setup.key.address };
    const others = (await registry.nodes()).map(({ publicKey }) => fromEip2537G1(fromHex(publicKey)));
    const rogue = aggregatePublicKeys([key.publicKey, negated(aggregatePublicKeys(others))]);
    const copied = this.#seen[this.#step % Math.max(1, this.#seen.length)];
    const own = toHex(toEip2537G2(provePossession(key, context)));
    const tries = [
      {
        publicKey: toHex(toEip2537G1(rogue)),
        possession: toHex(toEip2537G2(provePossession({ ...key, publicKey: rogue }, context))),
      },
      { publicKey: toHex(toEip2537G1(rogue)), possession: own },
      copied,
      { publicKey: toHex(toEip2537G1(others[0] ?? key.publicKey)), possession: own },
      { publicKey: `0x${'00'.repeat(128)}` as const, possession: own },
    ];
    const next = tries[this.#step++ % tries.length];
    if (next !== undefined) await attempt(this.tally, registry.register({ ...next, stakeWei: minStakeWei }));
  }
}

function negated(publicKey: Uint8Array): Uint8Array {
  const out = Uint8Array.from(publicKey);
  out[0] = (out[0] as number) ^ SIGN_BIT;
  return out;
}
