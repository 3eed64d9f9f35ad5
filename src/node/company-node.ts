import type { Environment } from '../environment/index.ts';
import { createFullNode, type FullNode } from './full-node.ts';
import { serveOffers } from './offer.ts';
import { createFilingService } from './relay/index.ts';
import { showLater } from './renewal.ts';
import { checkAccountKey, identity, NO_WORK, type NodeSetup, type Platform, type TreadleNode } from './setup.ts';

/** A full node in one of the roles that are nothing more than that, or that only answer: company, centre. */
export interface LedgerNode extends TreadleNode {
  readonly full: FullNode;
}

/** A company: seals, lists its edge nodes when they ask for it, and files for its ledger where the process has a node of the federal one. */
export async function createCompanyNode(environment: Environment, setup: NodeSetup, platform: Platform): Promise<LedgerNode> {
  checkAccountKey(setup);
  const full = await createFullNode(environment, setup, platform);
  serveOffers(environment, full.client);
  const { siblings } = platform;
  if (siblings === undefined || full.sibling === undefined) return ledgerNode(setup, full);
  const filing = createFilingService({ environment, siblings, own: full.sibling });
  const node = ledgerNode(setup, full);
  return {
    ...node,
    async start() {
      await node.start();
      filing.start();
    },
    async stop() {
      filing.stop();
      await node.stop();
    },
  };
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
