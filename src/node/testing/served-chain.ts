import type { NodeKey } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import { createLightClient, createRpc, type Ledger, type LightClient, type Rpc, type TreadlePort } from '../../ledger/index.ts';
import { TestConsortium } from '../../ledger/testing/consortium.ts';
import { certify, present, signedBy, testKey, verifyTestCertificate, WORKBENCH } from '../../ledger/testing/fixtures.ts';

/** A chain of one full node's making, its JSON-RPC, and a light client that knows its genesis. */
export interface ServedChain {
  readonly consortium: TestConsortium;
  readonly environment: Environment;
  readonly ledger: Ledger;
  readonly rpc: Rpc;
  readonly light: LightClient;
  /** A block with one transaction, which calls a contract; signed by these sealers, by default all founders. */
  block(data: Uint8Array, options?: { readonly to?: `0x${string}`; readonly keys?: readonly NodeKey[] }): Promise<`0x${string}`>;
}

export async function serveChain(): Promise<ServedChain> {
  const consortium = new TestConsortium();
  const { ledger, environment } = await consortium.add(present(consortium.keys[0]).address);
  const genesis = present(await ledger.header(0));
  let nonce = 0;
  return {
    consortium,
    environment,
    ledger,
    rpc: createRpc({ ledger, environment, treadle: NOT_ASKED, clientVersion: 'treadle/v0.0.0-test' }),
    light: createLightClient({ trustedHeader: genesis.rlp, verifyCertificate: verifyTestCertificate }),
    async block(data, { to = WORKBENCH, keys = consortium.keys } = {}) {
      const hash = await consortium.world.run(ledger.submit(signedBy(testKey(0), { nonce: nonce++, to, data })));
      const proposer = present(ledger.sealers()[0]);
      const proposal = await consortium.world.run(ledger.propose({ proposer, timestampMs: consortium.nowMs }));
      const certificate = certify(keys, { number: ledger.head.number + 1, hash: proposal.digest });
      await consortium.world.run(ledger.commit({ ...proposal, certificate }));
      return hash;
    },
  };
}

function notAsked(): never {
  throw new Error('the methods that report of a node are not asked here');
}

const NOT_ASKED: TreadlePort = { consensus: notAsked, peers: notAsked, membership: notAsked, node: notAsked, signers: notAsked };
