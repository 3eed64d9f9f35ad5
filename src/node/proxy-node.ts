import type { Environment } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import { createChannelChain, createMatchChain, createMatchReader, createProxy, type PaymentProxy } from '../market/index.ts';
import type { LedgerNode } from './company-node.ts';
import { createFullNode } from './full-node.ts';
import { headFeed } from './head-feed.ts';
import { showLater } from './renewal.ts';
import { actingKey, checkAccountKey, identity, type NodeSetup, type Platform } from './setup.ts';

/** The broker: a sealer that passes payments on to whom the ledger matched. */
export interface ProxyNode extends LedgerNode {
  readonly proxy: PaymentProxy;
}

/** Claims go on chain when a channel's unclaimed part reaches this share of a deposit. */
const CLAIM_SHARE = 4n;

export async function createProxyNode(environment: Environment, setup: NodeSetup, platform: Platform): Promise<ProxyNode> {
  const { file } = setup;
  checkAccountKey(setup);
  if (file.role !== 'proxy') throw new TreadleError('NODE_MISCONFIGURED', { detail: `"role" is ${file.role}, not proxy` });
  const full = await createFullNode(environment, setup, platform);
  const client = full.client;
  const feed = headFeed(full.ledger);
  const matchChain = createMatchChain({ client, feed });
  const channelChain = createChannelChain({ client, feed });
  const matches = createMatchReader(environment.clock, matchChain);
  const depositWei = BigInt(file.depositWei);
  let vouchers = 0;
  const proxy = await createProxy(
    {
      depositWei,
      topUpWei: depositWei,
      lockedMaxWei: 10n * depositWei,
      challengeSeconds: file.challengeSeconds,
      claimThresholdWei: depositWei / CLAIM_SHARE,
    },
    { environment, key: actingKey(setup), chain: channelChain, matches, contactOf: (node) => full.peering.contactOf(node) },
  );
  proxy.payer.onProgress((payment) => {
    if (payment.stage === 'delivered') vouchers += 1;
  });
  return {
    ...identity(setup),
    full,
    proxy,
    async start() {
      await full.start();
      await proxy.resume();
    },
    async stop() {
      await proxy.stop();
      matches.close();
      await full.stop();
    },
    work: () => ({ requested: 0, completed: 0, failed: 0, vouchers }),
    renewCertificate: async (certificate) => showLater(full.peering, setup, certificate),
  };
}
