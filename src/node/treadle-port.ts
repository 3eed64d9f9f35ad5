import type { ConsensusCore } from '../consensus/index.ts';
import { type Directory, genesisHash, type Membership } from '../consortium/index.ts';
import type { LedgerClient } from '../contracts/index.ts';
import type { Address } from '../crypto/index.ts';
import type { Environment, NodeId } from '../environment/index.ts';
import type {
  Certificate,
  ConsensusReport,
  Ledger,
  LightClient,
  MembershipReport,
  NodeReport,
  PeerReport,
  SyncReport,
  TreadlePort,
} from '../ledger/index.ts';
import { PEER_HISTORY_MAX } from '../limits.ts';
import { reportCertificate } from './certificate-watch.ts';
import { reportMembership } from './membership-report.ts';
import type { NodeSetup } from './setup.ts';
import type { Standing } from './standing.ts';

interface Parts {
  readonly environment: Environment;
  readonly setup: NodeSetup;
  readonly ledger: Ledger;
  readonly membership: Membership;
  readonly directory: Directory;
  readonly version: string;
  readonly signers: (certificate: Certificate) => readonly Address[];
  /** Reads contracts of the node's own ledger; there once JSON-RPC is. */
  readonly client: () => LedgerClient;
  /** Absent on nodes that never seal. */
  readonly consensus?: ConsensusCore;
  readonly standing?: Standing;
  /** What this node's key is to the consortium; for nodes that may seal. */
  readonly seat?: () => string | undefined;
  /** What the node is among several ledgers; for nodes that follow one in full. */
  readonly sewing?: () => readonly string[];
}

interface PeerParts {
  readonly environment: Environment;
  readonly directory: Directory;
  readonly ledger?: Ledger;
}

/** What `treadle_` methods report of this node: its consensus, peers, membership and itself. */
export function createTreadlePort(parts: Parts): TreadlePort {
  const { environment, setup, ledger, membership } = parts;
  const since = watchPeers(environment);
  const started = ledger.head.number;
  return {
    consensus: () => reportConsensus(parts),
    peers: () => reportPeers(parts, since),
    membership: () => reportMembership(membership, parts.client()),
    node: () => ({
      ...reportSelf(setup, parts.version),
      id: environment.node,
      height: ledger.head.number,
      syncing: reportSyncing(ledger, started),
      ...reportStanding(parts),
    }),
    signers: parts.signers,
  };
}

function reportConsensus({ ledger, consensus, standing }: Parts): ConsensusReport {
  const kept = standing?.status();
  const abstaining = kept && { abstaining: { why: kept.why, untilHeight: kept.untilHeight ?? null } };
  const head = { headHash: ledger.head.hash, headNumber: ledger.head.number, ...abstaining };
  const status = consensus?.status();
  if (status === undefined || status.sealers.length === 0) {
    const sealers = ledger.sealers();
    return { height: ledger.head.number + 1, round: 0, phase: 'idle', proposer: null, sealers, viewChanges: 0, ...head };
  }
  const { height, round, phase, proposer, sealers, viewChanges } = status;
  return { height, round, phase, proposer: proposer ?? null, sealers, viewChanges, ...head };
}

/** What a device reports: its peers and the chain by the headers that it keeps. */
export function createLightTreadlePort(parts: LightParts): TreadlePort {
  const { environment, setup, light } = parts;
  const since = watchPeers(environment);
  const sealers = (): readonly Address[] => light.head.nextSealers;
  return {
    consensus: () => {
      const { number, hash } = light.head;
      const round = { round: 0, phase: 'idle', proposer: null, viewChanges: 0 } as const;
      return { height: number + 1, sealers: sealers(), headHash: hash, headNumber: number, ...round };
    },
    peers: () => reportPeers(parts, since),
    membership: async () => ({ ...parts.roster(), sealers: sealers(), quarantined: [], evidence: [], proposals: [] }),
    node: () => ({
      ...reportSelf(setup, parts.version),
      id: environment.node,
      height: light.head.number,
      syncing: false,
      ...reportStanding(parts),
    }),
    signers: parts.signers,
  };
}

interface LightParts {
  readonly environment: Environment;
  readonly setup: NodeSetup;
  readonly light: LightClient;
  readonly directory: Directory;
  readonly roster: () => Pick<MembershipReport, 'proxy' | 'proxySealer' | 'companies'>;
  readonly version: string;
  readonly signers: (certificate: Certificate) => readonly Address[];
}

function reportSelf({ file, genesis }: NodeSetup, version: string): Omit<NodeReport, 'id' | 'height' | 'syncing'> {
  return {
    role: file.role,
    company: file.company,
    name: file.name,
    version,
    chainId: genesis.chainId,
    genesisHash: genesisHash(genesis),
  };
}

/** Whether a sealer's node seals, or how long an observer's certificate holds. */
function reportStanding({
  environment,
  directory,
  seat,
  sewing,
}: StandingParts): Pick<NodeReport, 'seat' | 'sewing' | 'certificate'> {
  const position = seat?.();
  const kinds = sewing?.() ?? [];
  const { certificate } = directory.self();
  const nowSeconds = Math.floor(environment.clock.now() / 1_000_000);
  return {
    ...(position !== undefined && { seat: position }),
    ...(kinds.length > 0 && { sewing: kinds }),
    ...(certificate !== undefined && { certificate: reportCertificate(certificate, nowSeconds) }),
  };
}

interface StandingParts {
  readonly environment: Environment;
  readonly directory: Directory;
  readonly seat?: () => string | undefined;
  readonly sewing?: () => readonly string[];
}

function reportPeers({ environment, ledger, directory }: PeerParts, since: ReadonlyMap<NodeId, number>): readonly PeerReport[] {
  const connected = new Set(environment.network.peers());
  const nowSeconds = Math.floor(environment.clock.now() / 1_000_000);
  const known = directory.all().filter((contact) => contact.node !== environment.node);
  const reports = known.map((contact) => reportOf(contact.node, contact));
  const strangers = [...connected].filter((peer) => directory.lookup(peer) === undefined);
  return [...reports, ...strangers.map((peer) => reportOf(peer, undefined))];

  function reportOf(node: NodeId, contact: ReturnType<Directory['lookup']>): PeerReport {
    const height = ledger?.peerHead(node);
    return {
      node,
      role: contact?.role ?? 'unknown',
      company: contact?.company ?? '',
      connected: connected.has(node),
      addresses: contact?.addresses ?? [],
      since: since.get(node) ?? 0,
      ...(height !== undefined && { height }),
      ...(contact?.certificate !== undefined && { certificate: reportCertificate(contact.certificate, nowSeconds) }),
    };
  }
}

function reportSyncing(ledger: Ledger, startingBlock: number): false | SyncReport {
  const currentBlock = ledger.head.number;
  const highestBlock = ledger.bestKnown();
  // One block behind is the ordinary course of things between an announcement and its block.
  return highestBlock > currentBlock + 1 ? { startingBlock, currentBlock, highestBlock, ...ledger.syncStatus() } : false;
}

/** When each peer was last connected or lost, in milliseconds since the Unix epoch; the oldest are forgotten first. */
function watchPeers(environment: Environment): ReadonlyMap<NodeId, number> {
  const since = new Map<NodeId, number>();
  environment.network.onPeer((event) => {
    if (event.type === 'refused') return;
    since.delete(event.peer);
    since.set(event.peer, Math.floor(environment.clock.now() / 1000));
    const oldest = since.keys().next();
    if (since.size > PEER_HISTORY_MAX && !oldest.done) since.delete(oldest.value);
  });
  return since;
}
