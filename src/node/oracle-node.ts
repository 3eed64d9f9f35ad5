import { nodeOfAccount } from '../consortium/index.ts';
import { type LedgerClient, PEDAL_ADDRESS, TRAINING_TASKS_ADDRESS } from '../contracts/index.ts';
import type { Address } from '../crypto/index.ts';
import type { Environment } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import { computeJob, createOracle, dataJob, messageJob, type OracleJob, type OracleService } from '../oracle/index.ts';
import type { LedgerNode } from './company-node.ts';
import { createHolderCheck } from './envelope-holder.ts';
import { createFullNode } from './full-node.ts';
import { headFeed } from './head-feed.ts';
import { createOracleKeeper, type OracleKeeper } from './oracle-keeper.ts';
import { serveOracleRounds } from './oracle-rounds.ts';
import type { Peering } from './peering.ts';
import { registerObserver } from './registration.ts';
import { createLaneSource, createRelayService } from './relay/index.ts';
import { renewRegistration } from './renewal.ts';
import { identity, NO_WORK, type NodeSetup, type Platform } from './setup.ts';
import { persist } from './steady.ts';
import { bookOf, datasetsOf } from './training/node-training.ts';
import { NodeRoundWorker } from './training/round-worker.ts';
import { TaskTender } from './training/task-tender.ts';
import { createTwinReader } from './twin-reader.ts';

/** An oracle node: follows the chain, and is registered with a stake to work for the oracle. */
export interface OracleNode extends LedgerNode {
  readonly peering: Peering;
  /** Acts with the node's own account. */
  readonly client: LedgerClient;
  /** Its registration, stake and BLS key. */
  readonly keeper: OracleKeeper;
  /** Its rounds. */
  readonly oracle: OracleService;
}

/** @throws TreadleError NODE_MISCONFIGURED | GENESIS_* | LEDGER_DAMAGED | DISK_* */
export async function createOracleNode(environment: Environment, setup: NodeSetup, platform: Platform): Promise<OracleNode> {
  const { file, key } = setup;
  if (file.role !== 'oracle') throw new TreadleError('NODE_MISCONFIGURED', { detail: `"role" is ${file.role}, not oracle` });
  const full = await createFullNode(environment, setup, platform);
  const { ledger, client, peering } = full;
  const { stakeWei, retire } = file.oracle;
  const keeper = createOracleKeeper(
    { key, retire, ...(stakeWei !== undefined && { stakeWei: BigInt(stakeWei) }) },
    { environment, ledger, client },
  );
  const { chainId } = setup.genesis;
  const isHolder = createHolderCheck({ membership: full.membership, roster: full.roster, clock: environment.clock, chainId });
  const place = { chainId, pedal: PEDAL_ADDRESS };
  const readTwin = createTwinReader({ environment, client });
  const { siblings } = platform;
  const lanes = siblings && createLaneSource({ environment, siblings });
  const messages = lanes && messageJob({ chainId: BigInt(chainId), lanes });
  const relay =
    siblings && lanes && full.sibling ? createRelayService({ environment, siblings, own: full.sibling, lanes }) : undefined;
  const nodeOf = (account: Address) => nodeOfAccount(full.roster(), account);
  const book = bookOf({ environment, ledger, client, nodeOf });
  const worker = await NodeRoundWorker.open({
    ...{ environment, key, chainId, book, load: datasetsOf(platform), reach: (node) => peering.reach(node) },
    ...(platform.kernels !== undefined && { kernels: platform.kernels }),
  });
  const tender = new TaskTender({ environment, book, seat: () => keeper.seat?.record.id, head: () => ledger.head });
  const oracle = await createOracle({
    environment,
    client,
    feed: headFeed(ledger),
    key,
    seat: () => (keeper.seat === undefined ? undefined : { id: keeper.seat.record.id, key: keeper.seat.key }),
    jobs: [
      dataJob({ outside: environment.outside, place, readTwin, isHolder, envelopesOnly: false }) as OracleJob,
      ...(messages === undefined ? [] : [messages as OracleJob]),
      computeJob({ tasks: TRAINING_TASKS_ADDRESS, worker }) as OracleJob,
    ],
    nodeOf,
    reach: (node) => peering.reach(node),
    lookMicros: 1000 * file.oracle.lookMs,
  });
  serveOracleRounds(environment, oracle);
  const state = { stopping: false };
  return {
    ...identity(setup),
    full,
    peering,
    client,
    keeper,
    oracle,
    async start() {
      await full.start();
      await oracle.start();
      book.start(() => {
        void tender.look();
        for (const facts of book.open) void worker.settled(facts);
      });
      relay?.start();
      void register();
    },
    async stop() {
      state.stopping = true;
      relay?.stop();
      keeper.stop();
      book.stop();
      await oracle.stop();
      await full.stop();
    },
    work: () => NO_WORK,
    renewCertificate: (certificate) => renewRegistration({ peering, client, setup }, certificate),
  };

  /** On the ledger first: the oracle takes only whom a company certified. */
  async function register(): Promise<void> {
    await persist(environment, 'registration on the ledger', state, () => registerObserver(client, peering.certificate()));
    if (!state.stopping) keeper.start();
  }
}
