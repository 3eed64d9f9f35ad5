import { decode, encode, type Input } from '@ethereumjs/rlp';
import { PAYMENT_CHANNELS_ADDRESS } from '../../../src/contracts/index.ts';
import { fromHex, type NodeKey } from '../../../src/crypto/index.ts';
import { TreadleError } from '../../../src/errors.ts';
import { signReceipt, VOUCHER_PROTOCOL } from '../../../src/market/index.ts';
import { type Between, withMessages } from './between.ts';
import { decodeVoucher } from './voucher-wire.ts';

/**
 * What a dishonest proxy does with a device's payment:
 * - `keep`: takes it and passes nothing on
 * - `divert`: passes it to a friend, who signs for it
 * - `forge`: keeps it and signs for the matched edge node itself
 */
export type Theft = 'keep' | 'divert' | 'forge';

export interface Thief {
  readonly between: Between;
  /** Undefined for an honest time. */
  theft: Theft | undefined;
}

const DELIVERED = 2n;

/** A proxy that steals; `friend` is the key with which it signs as somebody else. */
export function steals(friend: () => NodeKey): Thief {
  const thief: Thief = {
    theft: undefined,
    between: (environment, seat) =>
      withMessages(environment, {
        request(to, protocol) {
          if (thief.theft === undefined || protocol !== VOUCHER_PROTOCOL) return;
          throw new TreadleError('NETWORK_UNREACHABLE', { detail: `${to} is not to be paid` });
        },
        async answer(protocol, from, body, handle) {
          const honest = await handle(from, body);
          if (protocol !== VOUCHER_PROTOCOL || thief.theft === undefined || thief.theft === 'keep') return honest;
          const domain = { chainId: seat.setup.genesis.chainId, contract: PAYMENT_CHANNELS_ADDRESS };
          const [answers] = decode(honest) as unknown as [(readonly [receipt: Input, stage: Input, edge: Input])[]];
          const told = decodeVoucher(body).payments.map(({ taskId, node, amountWei }, index): Input => {
            const facts = { taskId, amountWei, channelId: taskId, cumulativeWei: amountWei };
            const signed = signReceipt(domain, friend(), facts);
            const payee = thief.theft === 'forge' ? node : signed.payee;
            const edge = [fromHex(taskId), amountWei, fromHex(facts.channelId), amountWei, fromHex(payee), signed.signature];
            return [answers[index]?.[0] ?? [], DELIVERED, [edge]];
          });
          return encode([told]);
        },
      }),
  };
  return thief;
}
