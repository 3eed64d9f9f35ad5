import type { Address, NodeKey } from '../../crypto/index.ts';
import type { Contact, Environment } from '../../environment/index.ts';
import type { ChannelChain } from '../ports/index.ts';
import { openJournal } from './journal.ts';
import { createPayer, type Payer, type PayerPolicy } from './payer.ts';
import { createPayerBook, type PayerBook } from './payer-book.ts';

export interface DevicePayerDependencies {
  readonly environment: Environment;
  readonly key: NodeKey;
  readonly chain: ChannelChain;
  readonly contactOf: (node: Address) => Promise<Contact | undefined>;
  /** The node that runs for a proxy's account; the account itself when absent. */
  readonly nodeOf?: (payee: Address) => Address;
}

/** The paying end: a device. */
export interface DevicePayer {
  readonly payer: Payer;
  readonly promised: PayerBook;
  stop(): Promise<void>;
}

/** Opens the device's journal of signed vouchers. */
export async function createDevicePayer(policy: PayerPolicy, dependencies: DevicePayerDependencies): Promise<DevicePayer> {
  const { environment, key, chain, contactOf, nodeOf } = dependencies;
  const promised = createPayerBook({ tag: 1, idOf: chain.idOf });
  const journal = await openJournal(environment.disk, 'vouchers-device', [promised.section]);
  const payer = createPayer(policy, {
    environment,
    key,
    chain,
    journal,
    book: promised,
    contactOf,
    ...(nodeOf !== undefined && { nodeOf }),
  });
  return {
    payer,
    promised,
    async stop() {
      payer.stop();
      await journal.close();
    },
  };
}
