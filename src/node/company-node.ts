import type { Environment } from '../environment/index.ts';
import { createFullNode, type FullNode } from './full-node.ts';
import { serveOffers } from './offer.ts';
import { showLater } from './renewal.ts';
import { checkAccountKey, identity, NO_WORK, type NodeSetup, type Platform, type TreadleNode } from './setup.ts';

/** A full node in one of the roles that are nothing more than that, or that only answer: company, centre. */
export interface LedgerNode extends TreadleNode {
  readonly full: FullNode;
}

/** A company: seals, and lists its edge nodes when they ask for it. */
export async function createCompanyNode(environment: Environment, setup: NodeSetup, platform: Platform): Promise<LedgerNode> {
  checkAccountKey(setup);
  const full = await createFullNode(environment, setup, platform);
  serveOffers(environment, full.client);
  return ledgerNode(setup, full);
}

/** A centre: the node whose address newcomers are given. It follows the chain, so it knows whom to let in. */
export async function createCentreNode(environment: Environment, setup: NodeSetup, platform: Platform): Promise<LedgerNode> {
  return ledgerNode(setup, await createFullNode(environment, setup, platform));
}

function ledgerNode(setup: NodeSetup, full: FullNode): LedgerNode {
  return {
    ...identity(setup),
    full,
    start: () => full.start(),
    stop: () => full.stop(),
    work: () => NO_WORK,
    renewCertificate: async (certificate) => showLater(full.peering, setup, certificate),
  };
}
