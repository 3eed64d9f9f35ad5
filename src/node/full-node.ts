import { type ConsensusCore, createPbft, recoverSigners, verifyCertificate } from '../consensus/index.ts';
import { createMembership, type Directory, genesisDomain, genesisHash, isSealer, type Membership } from '../consortium/index.ts';
import { createLedgerClient, type LedgerClient } from '../contracts/index.ts';
import type { Address } from '../crypto/index.ts';
import type { Environment } from '../environment/index.ts';
import { createRpc, DEFAULT_TIMING, type Ledger, openLedger, type Rpc, type TreadlePort } from '../ledger/index.ts';
import { type ConsensusDriver, createConsensusDriver } from './consensus-driver.ts';
import { createPeering, type Peering } from './peering.ts';
import { createLocalRpc, serveRpc } from './rpc-service.ts';
import type { NodeSetup, Platform } from './setup.ts';
import { createTreadlePort } from './treadle-port.ts';
import { openVoteLog, type VoteLog } from './vote-log.ts';

/** A node with a ledger of its own: proxy, company, edge node, centre. Sealing is decided by the contract, height by height. */
export interface FullNode {
  readonly environment: Environment;
  readonly setup: NodeSetup;
  readonly ledger: Ledger;
  readonly rpc: Rpc;
  /** A client of the own ledger, acting with the node's key. */
  readonly client: LedgerClient;
  readonly treadle: TreadlePort;
  readonly membership: Membership;
  readonly directory: Directory;
  readonly peering: Peering;
  /** Present on nodes that may seal. */
  readonly consensus: ConsensusDriver | undefined;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Opens the ledger of a full node and puts its parts together; nothing runs before `start`. */
export async function createFullNode(environment: Environment, setup: NodeSetup, platform: Platform): Promise<FullNode> {
  const { genesis, key, file } = setup;
  const domain = genesisDomain(genesis);
  const ledger = await openLedger(environment, genesis, {
    verifyCertificate: (certificate, sealers) => verifyCertificate(domain, certificate, sealers),
    ...(platform.executor !== undefined && { executor: platform.executor }),
    ...(platform.stateStore !== undefined && { stateStore: platform.stateStore }),
  });
  const membership = await createMembership({
    port: { head: () => ledger.head.hash, read: (request) => readContract(ledger, request) },
    clock: environment.clock,
    chainId: genesis.chainId,
    genesisHash: genesisHash(genesis),
  });
  followRoster(environment, ledger, membership);
  const peering = await createPeering({
    environment,
    setup,
    membership,
    sealers: () => ledger.sealers(),
  });
  const sealing = isSealer(file.role)
    ? await createSealing(environment, setup, { ledger, domain, fatal: platform.fatal })
    : undefined;
  const treadle = createTreadlePort({
    environment,
    setup,
    ledger,
    membership,
    directory: peering.directory,
    version: platform.version,
    client: () => client,
    signers: (certificate) => recoverSigners(domain, certificate),
    ...(sealing !== undefined && { consensus: sealing.core }),
  });
  const rpc = createRpc({ ledger, environment, treadle, clientVersion: `treadle/v${platform.version}` });
  const client = createLedgerClient({ rpc: createLocalRpc(rpc), key, environment, chainId: genesis.chainId });
  serveRpc(environment, rpc);

  return {
    environment,
    setup,
    ledger,
    rpc,
    client,
    treadle,
    membership,
    directory: peering.directory,
    peering,
    consensus: sealing?.driver,
    async start() {
      ledger.start();
      sealing?.driver.start();
      await peering.start();
    },
    async stop() {
      sealing?.driver.stop();
      await peering.stop();
      await sealing?.votes.close();
      await ledger.close();
    },
  };
}

/**
 * Contacts are judged by the roster that was read last. A node that nobody dials would keep that of its start, and whoever
 * has joined since would be a stranger to it: so it is read again whenever the sealers change.
 */
function followRoster(environment: Environment, ledger: Ledger, membership: Membership): void {
  let known = ledger.sealers().join();
  ledger.onHead(({ header }) => {
    const sealers = header.nextSealers.join();
    if (sealers === known) return;
    known = sealers;
    membership.roster().catch((error: unknown) => environment.log.warn('membership.not-read', { reason: String(error) }));
  });
}

async function readContract(ledger: Ledger, request: { readonly to: Address; readonly data: Uint8Array }): Promise<Uint8Array> {
  const { success, returnData, error } = await ledger.call(request, 'latest');
  if (!success) throw new Error(error ?? 'the call failed');
  return returnData;
}

async function createSealing(
  environment: Environment,
  setup: NodeSetup,
  parts: { readonly ledger: Ledger; readonly domain: Uint8Array; readonly fatal: (error: unknown) => void },
): Promise<{ readonly core: ConsensusCore; readonly driver: ConsensusDriver; readonly votes: VoteLog }> {
  const timing = setup.genesis.timing ?? DEFAULT_TIMING;
  const votes = await openVoteLog({ environment, key: setup.key, domain: parts.domain });
  const core = createPbft({
    domain: parts.domain,
    self: setup.key.address,
    baseTimeoutMicros: timing.baseTimeoutMs * 1000,
    idleTimeoutMicros: (timing.heartbeatMs + timing.baseTimeoutMs) * 1000,
  });
  const driver = createConsensusDriver(
    { blockIntervalMicros: timing.blockIntervalMs * 1000, heartbeatMicros: timing.heartbeatMs * 1000 },
    { environment, ledger: parts.ledger, core, votes, fatal: parts.fatal },
  );
  return { core, driver, votes };
}
