import { nodeOfAccount } from '../consortium/index.ts';
import { createLedgerClient, type LedgerClient } from '../contracts/index.ts';
import { type Environment, withDeadline } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import type { KernelBytes } from '../learning/index.ts';
import type { TreadlePort } from '../ledger/index.ts';
import {
  createChannelChain,
  createCompletions,
  createEdgePayee,
  createLeaseKeeper,
  createMatchChain,
  createMatchReader,
  createServiceRegistry,
  createTaskServer,
  type EdgePayee,
  openCreditLedger,
  type Service,
  vibrationSpectrum,
} from '../market/index.ts';
import type { LedgerNode } from './company-node.ts';
import { createFullNode, type FullNode } from './full-node.ts';
import { headFeed } from './head-feed.ts';
import { modelServices } from './model-services.ts';
import { type Offer, sendOffer } from './offer.ts';
import { createPeering, type Peering } from './peering.ts';
import { registerObserver } from './registration.ts';
import { renewRegistration } from './renewal.ts';
import { createLocalRpc } from './rpc-service.ts';
import { identity, type NodeSetup, type Platform } from './setup.ts';
import { persist } from './steady.ts';
import { createTreadlePort } from './treadle-port.ts';

/** An edge node: follows the chain, does the work that the ledger matched to it, and is paid for it. */
export interface EdgeNode extends LedgerNode {
  readonly payee: EdgePayee;
  readonly peering: Peering;
  readonly treadle: TreadlePort;
  /** True once the node is in the registry and can be matched. */
  readonly listed: boolean;
}

/** What every edge node can run; its node.json says which of them it offers. */
const SERVICES: readonly Service[] = [vibrationSpectrum];
/** Time in which a stopping node tries to report what it finished. */
const STOP_MICROS = 3_000_000;
/** Claims go on chain when a channel's unclaimed part is worth so many tasks. */
const CLAIM_TASKS = 1_000n;

export async function createEdgeNode(environment: Environment, setup: NodeSetup, platform: Platform): Promise<EdgeNode> {
  const full = await createFullNode(environment, setup, platform);
  const { peering, client, treadle } = full;
  const services = servicesOf(setup, platform.kernels);
  return createEdge(environment, setup, services, {
    full,
    peering,
    client,
    treadle,
    start: () => full.start(),
    stop: () => full.stop(),
  });
}

/**
 * An edge node that shares the ledger of `host`, a full node of the same operator in the same process: it has its own
 * key, network identity, work and money, and sees the chain through its host.
 */
export async function createGuestEdgeNode(
  environment: Environment,
  setup: NodeSetup,
  host: FullNode,
  { version, kernels }: Pick<Platform, 'version' | 'kernels'>,
): Promise<EdgeNode> {
  const { ledger, membership } = host;
  const peering = await createPeering({
    environment,
    setup,
    membership,
    sealers: () => ledger.sealers(),
    nodeOf: (account) => nodeOfAccount(host.roster(), account),
  });
  const client = createLedgerClient({
    rpc: createLocalRpc(host.rpc),
    key: setup.key,
    environment,
    chainId: setup.genesis.chainId,
  });
  const signers = host.treadle.signers;
  const treadle = createTreadlePort({
    environment,
    setup,
    ledger,
    membership,
    directory: peering.directory,
    version,
    client: () => client,
    signers,
  });
  return createEdge(environment, setup, servicesOf(setup, kernels), {
    full: host,
    peering,
    client,
    treadle,
    start: () => peering.start(),
    stop: () => peering.stop(),
  });
}

/** What an edge node stands on: its view of the chain and its place in the network. */
interface Ground {
  readonly full: FullNode;
  readonly peering: Peering;
  readonly client: LedgerClient;
  readonly treadle: TreadlePort;
  start(): Promise<void>;
  stop(): Promise<void>;
}

async function createEdge(
  environment: Environment,
  setup: NodeSetup,
  offered: readonly Service[],
  ground: Ground,
): Promise<EdgeNode> {
  const { file, key } = setup;
  if (file.role !== 'edge') throw new TreadleError('NODE_MISCONFIGURED', { detail: `"role" is ${file.role}, not edge` });
  const services = createServiceRegistry(file.edge.services.map((name) => serviceOf(offered, name)));
  const { full, peering, client, treadle } = ground;
  const feed = headFeed(full.ledger);
  const matchChain = createMatchChain({ client, feed });
  const channelChain = createChannelChain({ client, feed });
  const matches = createMatchReader(environment.clock, matchChain);
  const credit = await openCreditLedger(environment.disk);
  const completions = createCompletions(environment, matchChain);
  // Slots of devices that never came with their task are given back when the lease ends.
  const leases = createLeaseKeeper(environment, matchChain);
  const server = createTaskServer(
    { runningMax: file.edge.capacity },
    { environment, key, services, chain: matchChain, matches, credit, completions },
  );
  let vouchers = 0;
  const payee = await createEdgePayee(
    { claimThresholdWei: CLAIM_TASKS * BigInt(file.edge.priceWei) },
    {
      environment,
      key,
      chain: channelChain,
      matches,
      paid: (payment) => {
        vouchers += 1;
        server.paid(payment.taskId);
      },
    },
  );
  const state = { stopping: false, listed: false };
  return {
    ...identity(setup),
    full,
    peering,
    treadle,
    payee,
    get listed() {
      return state.listed;
    },
    async start() {
      await ground.start();
      await payee.payee.resume();
      void list(state, offerOf(file.edge));
    },
    async stop() {
      state.stopping = true;
      // Best effort: without a chain that answers, the leases end by themselves.
      await withDeadline(environment, completions.flush(), STOP_MICROS, 'report of completed tasks').catch(() => undefined);
      completions.stop();
      leases.stop();
      await payee.stop();
      matches.close();
      await credit.close();
      await ground.stop();
    },
    renewCertificate: (certificate) => renewRegistration({ peering, client, setup }, certificate),
    work: () => ({ requested: 0, completed: environment.metrics.snapshot().tasks_done_total ?? 0, failed: 0, vouchers }),
  };

  /** On the ledger first, then into the registry through the company. */
  async function list(progress: { stopping: boolean; listed: boolean }, offer: Offer): Promise<void> {
    const company = setup.file.company;
    await persist(environment, 'registration on the ledger', progress, () => registerObserver(client, peering.certificate()));
    await persist(environment, 'listing by the company', progress, async () => {
      const node = nodeOfAccount(full.roster(), company);
      await peering.reach(node);
      return sendOffer(environment, node, offer);
    });
    progress.listed = !progress.stopping;
    if (progress.listed) environment.log.info('edge.listed', { company });
  }
}

/** What this node can run: what every edge node can, and what its models make possible. */
function servicesOf({ models }: NodeSetup, kernels: KernelBytes | undefined): readonly Service[] {
  return models === undefined ? SERVICES : [...SERVICES, ...modelServices(models, kernels)];
}

function serviceOf(offered: readonly Service[], name: string): Service {
  const service = offered.find((candidate) => candidate.name === name);
  if (service === undefined) {
    const known = offered.map((candidate) => candidate.name).join(', ');
    throw new TreadleError('NODE_MISCONFIGURED', {
      detail: `"edge.services" names "${name}"; this node can run ${known}; services that run a model need one in "edge.models"`,
    });
  }
  return service;
}

function offerOf(edge: {
  readonly latitude: number;
  readonly longitude: number;
  readonly capacity: number;
  readonly priceWei: string;
  readonly services: readonly string[];
}): Offer {
  return {
    latitudeE6: Math.round(edge.latitude * 1e6),
    longitudeE6: Math.round(edge.longitude * 1e6),
    capacity: edge.capacity,
    priceWei: edge.priceWei,
    services: [...edge.services],
  };
}
