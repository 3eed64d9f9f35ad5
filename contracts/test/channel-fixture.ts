import { channelIdOf, voucherDigest } from '../../src/contracts/index.ts';
import { type Address, type Hex, type NodeKey, toEthereumSignature } from '../../src/crypto/index.ts';
import { keyOf } from './harness.ts';
import { createWorld, type World } from './world.ts';

export const CHALLENGE_SECONDS = 3600;
const RICH = 10n ** 24n;

/** A payer and a payee with a channel between them, not yet opened. */
export interface ChannelFixture {
  readonly world: World;
  readonly payer: NodeKey;
  readonly payee: NodeKey;
  readonly nonce: bigint;
  readonly channelId: Hex;
  open(depositWei: bigint): Promise<bigint>;
  voucher(cumulativeWei: bigint, change?: { signer?: NodeKey; channelId?: Hex; contract?: Address; chainId?: number }): Hex;
}

export async function createChannel(world?: World, nonce = 1n, names = ['payer', 'payee'] as const): Promise<ChannelFixture> {
  const inside = world ?? (await createWorld());
  const [payer, payee] = [keyOf(names[0]), keyOf(names[1])];
  const { chain, channels } = inside;
  await chain.fund(payer.address, RICH);
  await chain.fund(payee.address, RICH);
  const contract = channels.address;
  const channelId = channelIdOf({ chainId: chain.chainId, contract, payer: payer.address, payee: payee.address, nonce });
  return {
    world: inside,
    payer,
    payee,
    nonce,
    channelId,
    open: async (depositWei) =>
      (await channels.write(payer.address, 'open', [payee.address, nonce, CHALLENGE_SECONDS], depositWei)).gasUsed,
    voucher(cumulativeWei, change = {}) {
      const domain = { chainId: chain.chainId, contract, channelId, ...change };
      return toEthereumSignature((change.signer ?? payer).sign(voucherDigest({ ...domain, cumulativeWei })));
    },
  };
}
