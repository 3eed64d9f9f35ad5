import type { LedgerClient } from '../../contracts/index.ts';
import type { Address } from '../../crypto/index.ts';
import type { Environment, NodeId } from '../../environment/index.ts';
import { loadDataset } from '../../learning/index.ts';
import type { LedgerView } from '../../ledger/index.ts';
import { headFeed } from '../head-feed.ts';
import type { NodeSetup, Platform } from '../setup.ts';
import type { LoadDataset } from './task-data.ts';
import { TrainingBook } from './training-book.ts';
import { TrainingClient } from './training-client.ts';

interface Options {
  readonly environment: Environment;
  readonly setup: NodeSetup;
  readonly platform: Platform;
  readonly ledger: LedgerView;
  readonly client: LedgerClient;
  readonly nodeOf: (account: Address) => NodeId;
}

/** A node's part in tasks of learning as a client. */
export interface NodeTraining {
  readonly client: TrainingClient;
  readonly book: TrainingBook;
  start(): void;
  stop(): void;
}

/** Undefined for a node whose file says nothing of learning. To be called before the network starts. */
export async function openTraining(options: Options): Promise<NodeTraining | undefined> {
  const { environment, setup, platform, client: ledgerClient } = options;
  const settings = setup.file.learning;
  if (settings === undefined) return undefined;
  const book = bookOf(options);
  const client = await TrainingClient.open({
    ...{
      environment,
      settings,
      book,
      key: setup.key,
      account: ledgerClient.account ?? setup.key.address,
      chainId: setup.genesis.chainId,
    },
    load: datasetsOf(platform),
    ...(platform.kernels !== undefined && { kernels: platform.kernels }),
  });
  return {
    client,
    book,
    start: () => book.start(() => void client.look()),
    stop: () => book.stop(),
  };
}

export function bookOf({ environment, ledger, client, nodeOf }: Omit<Options, 'setup' | 'platform'>): TrainingBook {
  return new TrainingBook({ environment, client, feed: headFeed(ledger), nodeOf });
}

/** Data sets as the platform has them; without it those that need no files. */
export function datasetsOf(platform: Platform): LoadDataset {
  const nothing = { places: async () => [], read: async () => new Uint8Array(), fetch: async () => undefined };
  return platform.datasets ?? ((name) => loadDataset(name, nothing));
}
