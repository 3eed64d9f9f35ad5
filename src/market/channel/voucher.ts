import { type ChannelKey, voucherDigest } from '../../contracts/index.ts';
import { type NodeKey, recoverAddress } from '../../crypto/index.ts';
import type { ChannelChain, Voucher } from '../ports/index.ts';

/** What signing and checking need of the chain. */
export type VoucherDomain = Pick<ChannelChain, 'domain' | 'idOf'>;

function digest(chain: VoucherDomain, channel: ChannelKey, cumulativeWei: bigint): Uint8Array {
  return voucherDigest({ ...chain.domain, channelId: chain.idOf(channel), cumulativeWei });
}

/** Signs a voucher over the whole amount owed so far (EIP-712). */
export function signVoucher(
  chain: VoucherDomain,
  key: NodeKey,
  promise: { readonly channel: ChannelKey; readonly cumulativeWei: bigint },
): Voucher {
  const signature = key.sign(digest(chain, promise.channel, promise.cumulativeWei));
  return { channel: promise.channel, cumulativeWei: promise.cumulativeWei, signature };
}

/** True when the payer of the channel signed the voucher for this chain and contract. */
export function voucherIsValid(chain: VoucherDomain, voucher: Voucher): boolean {
  const signer = recoverAddress(digest(chain, voucher.channel, voucher.cumulativeWei), voucher.signature);
  return signer === voucher.channel.payer;
}
