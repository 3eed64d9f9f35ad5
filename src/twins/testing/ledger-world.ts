import { commitDigest, verifyCertificate } from '../../consensus/index.ts';
import { createLedgerClient, type LedgerClient } from '../../contracts/index.ts';
import type { Address, NodeKey } from '../../crypto/index.ts';
import { type Environment, sleep } from '../../environment/index.ts';
import { createWorld, type World } from '../../environment/sim/index.ts';
import {
  createRpc,
  decodeProposal,
  type Genesis,
  genesisDomain,
  type Ledger,
  openLedger,
  type Rpc,
  type TreadlePort,
} from '../../ledger/index.ts';
import { CHAIN_ID, GENESIS_TIME_MS, sealerKeys, testGenesis } from '../../ledger/testing/fixtures.ts';

/** A simulated world with a ledger of four sealers on one node. */
export interface LedgerWorld {
  readonly world: World;
  readonly genesis: Genesis;
  readonly ledger: Ledger;
  readonly rpc: Rpc;
  /** A client for the owner's account that calls in process; nobody answers while `reachable` says no. */
  clientOf(key: NodeKey, environment: Environment, reachable?: () => boolean): LedgerClient;
}

export async function ledgerWorld(seed: string): Promise<LedgerWorld> {
  const sealers = sealerKeys(4);
  const world = createWorld({ seed, startMicros: GENESIS_TIME_MS * 1000 });
  const environment = world.addNode((sealers[0] as NodeKey).address);
  const genesis = testGenesis();
  const domain = genesisDomain(genesis);
  const ledger = await world.run(
    openLedger(environment, genesis, {
      standsAlone: true,
      verifyCertificate: (certificate, voters) => verifyCertificate(domain, certificate, voters),
      domain,
    }),
  );
  sealInTime(ledger, { environment, domain, sealers });
  const rpc = createRpc({ ledger, environment, treadle: NO_REPORTS, clientVersion: 'treadle/test' });
  return {
    world,
    genesis,
    ledger,
    rpc,
    clientOf: (key, caller, reachable = () => true) =>
      createLedgerClient({
        rpc: (method, params) => (reachable() ? rpc.call(method, params) : Promise.reject(new Error('no answer'))),
        environment: caller,
        chainId: CHAIN_ID,
        key,
      }),
  };
}

/** Nothing here asks for reports. */
const NO_REPORTS: TreadlePort = {
  consensus: notAsked,
  peers: notAsked,
  membership: notAsked,
  node: notAsked,
  signers: notAsked,
};

function notAsked(): never {
  throw new Error('no report is asked for here');
}

interface Sealing {
  readonly domain: Uint8Array;
  readonly sealers: readonly NodeKey[];
  readonly environment: Environment;
}

/** From a transaction to its block. */
const BLOCK_MICROS = 200_000;

/** In the place of agreement: all sealers sign whatever is pooled. */
function sealInTime(ledger: Ledger, { environment, domain, sealers }: Sealing): void {
  let sealing: Promise<unknown> = Promise.resolve();
  const seal = async (): Promise<void> => {
    await sleep(environment, BLOCK_MICROS, 'next block');
    if (ledger.pendingCount() === 0) return;
    const timestampMs = Math.max(ledger.head.timestampMs, Math.floor(environment.clock.now() / 1000));
    const proposer = ledger.sealers()[0] as Address;
    const { digest, proposal } = await ledger.propose({ proposer, timestampMs });
    const decision = { height: decodeProposal(proposal).header.number, round: 0, digest };
    const signatures = sealers.map((key) => key.sign(commitDigest(domain, decision)));
    await ledger.commit({ digest, proposal, certificate: { ...decision, signatures } });
  };
  ledger.onPending(() => {
    sealing = sealing.then(seal);
  });
}
