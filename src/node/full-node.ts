import { recoverSigners, verifyCertificate } from '../consensus/index.ts';
import {
  createMembership,
  type Directory,
  genesisDomain,
  genesisHash,
  isSealer,
  type Membership,
  nodeOfAccount,
  type Roster,
} from '../consortium/index.ts';
import { CONSORTIUM_ADDRESS, createLedgerClient, type LedgerClient } from '../contracts/index.ts';
import type { Address, NodeKey } from '../crypto/index.ts';
import type { Environment } from '../environment/index.ts';
import { createRpc, type Ledger, openLedger, type Rpc, type TreadlePort } from '../ledger/index.ts';
import type { ConsensusDriver } from './consensus-driver.ts';
import { createSealing, type Sealing } from './consensus-sealing.ts';
import { createEvidenceReporter } from './evidence-reporter.ts';
import { createPeering, type Peering } from './peering.ts';
import type { Sibling } from './relay/siblings.ts';
import { followRoster } from './roster-follower.ts';
import { createLocalRpc, serveRpc } from './rpc-service.ts';
import { createSeatKeeper, type SeatKeeper } from './seat-keeper.ts';
import { actingKey, type NodeSetup, type Platform } from './setup.ts';
import { ledgerKindOf, sewingOf } from './sewing.ts';
import { type NodeTraining, openTraining } from './training/node-training.ts';
import { createTreadlePort } from './treadle-port.ts';

/** A node with a ledger of its own: proxy, company, edge node, centre. Sealing is decided by the contract, height by height. */
export interface FullNode {
  readonly environment: Environment;
  readonly setup: NodeSetup;
  readonly ledger: Ledger;
  readonly rpc: Rpc;
  /** A client of the own ledger, acting for the node's account. */
  readonly client: LedgerClient;
  readonly treadle: TreadlePort;
  readonly membership: Membership;
  /** Who is in the consortium, as of the last change. */
  readonly roster: () => Roster;
  readonly directory: Directory;
  readonly peering: Peering;
  /** Present on nodes that may seal. */
  readonly consensus: ConsensusDriver | undefined;
  /** Present on nodes that may seal. */
  readonly seat: SeatKeeper | undefined;
  /** Present on nodes that take part in tasks of learning. */
  readonly training: NodeTraining | undefined;
  /** This node as nodes of other ledgers in its process see it; undefined where there are none. */
  readonly sibling: Sibling | undefined;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const BYTES_PER_GB = 1e9;

/** Opens the ledger of a full node and puts its parts together; nothing runs before `start`. */
export async function createFullNode(environment: Environment, setup: NodeSetup, platform: Platform): Promise<FullNode> {
  const { genesis, key, file } = setup;
  const domain = genesisDomain(genesis);
  const ledger = await openLedger(environment, genesis, {
    verifyCertificate: (certificate, sealers) => verifyCertificate(domain, certificate, sealers),
    domain,
    storage: {
      limitBytes: file.storage.limitGb * BYTES_PER_GB,
      ...(file.storage.snapshotBehindBlocks !== undefined && { snapshotBehindBlocks: file.storage.snapshotBehindBlocks }),
    },
    ...(platform.executor !== undefined && { executor: platform.executor }),
    ...(platform.stateStore !== undefined && { stateStore: platform.stateStore }),
    ...(platform.memoryBytes !== undefined && { memoryBytes: platform.memoryBytes }),
  });
  const membership = await createMembership({
    port: {
      head: () => ledger.head.hash,
      stored: async () => (await ledger.account(CONSORTIUM_ADDRESS, ledger.readableBlock()))?.storageRoot,
      read: (request) => readContract(ledger, request),
    },
    clock: environment.clock,
    chainId: genesis.chainId,
    genesisHash: genesisHash(genesis),
    ...(setup.wireVersions !== undefined && { wireVersions: setup.wireVersions }),
  });
  const roster = await followRoster(environment, ledger, membership);
  const peering = await createPeering({
    environment,
    setup,
    membership,
    sealers: () => ledger.sealers(),
    nodeOf: (account) => nodeOfAccount(roster(), account),
  });
  const sealing = isSealer(file.role)
    ? await createSealing(environment, setup, {
        ledger,
        domain,
        fatal: platform.fatal,
        onEvidence: (evidence) => reporter?.report(evidence),
      })
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
    sewing: () => sewingOf(setup, platform.siblings),
    ...(sealing !== undefined && { consensus: sealing.core, standing: sealing.standing, seat: () => seat?.position }),
  });
  const rpc = createRpc({ ledger, environment, treadle, clientVersion: `treadle/v${platform.version}` });
  const clientOf = (by: NodeKey): LedgerClient =>
    createLedgerClient({ rpc: createLocalRpc(rpc), key: by, environment, chainId: genesis.chainId });
  const client = clientOf(actingKey(setup));
  const own = setup.accountKey === undefined ? client : clientOf(key);
  const seat = isSealer(file.role)
    ? createSeatKeeper({ environment, ledger, client: own, mayVote: () => mayVote(sealing) })
    : undefined;
  const reporter = isSealer(file.role) ? createEvidenceReporter({ environment, ledger, client: own, domain }) : undefined;
  serveRpc(environment, rpc);
  const nodeOf = (account: Address) => nodeOfAccount(roster(), account);
  const training = await openTraining({ environment, setup, platform, ledger, client, nodeOf });
  const seated = platform.siblings?.add({
    chainId: genesis.chainId,
    federal: ledgerKindOf(genesis) === 'federal',
    ledger,
    client,
    domain,
  });

  return {
    environment,
    setup,
    ledger,
    rpc,
    client,
    treadle,
    membership,
    roster,
    directory: peering.directory,
    peering,
    consensus: sealing?.driver,
    seat,
    training,
    sibling: seated?.sibling,
    async start() {
      ledger.start();
      sealing?.start();
      seat?.start();
      await peering.start();
      training?.start();
    },
    async stop() {
      training?.stop();
      seated?.leave();
      sealing?.stop();
      seat?.stop();
      reporter?.stop();
      await peering.stop();
      await sealing?.close();
      await ledger.close();
    },
  };
}

async function readContract(ledger: Ledger, request: { readonly to: Address; readonly data: Uint8Array }): Promise<Uint8Array> {
  const { success, returnData, error } = await ledger.call(request, ledger.readableBlock());
  if (!success) throw new Error(error ?? 'the call failed');
  return returnData;
}

/** Whether the node would vote if it were a sealer of the next height: it knows where it stands, and need not abstain. */
function mayVote(sealing: Sealing | undefined): boolean {
  return sealing?.standing.settled === true && sealing.standing.status() === undefined;
}
