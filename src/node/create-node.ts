import type { Environment } from '../environment/index.ts';
import { createCentreNode, createCompanyNode } from './company-node.ts';
import { createDeviceNode } from './device-node.ts';
import { createEdgeNode } from './edge-node.ts';
import { createOracleNode } from './oracle-node.ts';
import { createProxyNode } from './proxy-node.ts';
import type { NodeSetup, Platform, TreadleNode } from './setup.ts';

/**
 * Builds the node that a setup describes, in any environment.
 * @throws TreadleError NODE_MISCONFIGURED | GENESIS_* | LEDGER_DAMAGED | DISK_*
 */
export function createNode(environment: Environment, setup: NodeSetup, platform: Platform): Promise<TreadleNode> {
  switch (setup.file.role) {
    case 'proxy':
      return createProxyNode(environment, setup, platform);
    case 'company':
      return createCompanyNode(environment, setup, platform);
    case 'centre':
      return createCentreNode(environment, setup, platform);
    case 'edge':
      return createEdgeNode(environment, setup, platform);
    case 'oracle':
      return createOracleNode(environment, setup, platform);
    case 'device':
      return createDeviceNode(environment, setup, platform);
  }
}
