import {
  agreedVersion,
  createDirectory,
  type Directory,
  decodeHello,
  encodeHello,
  genesisHash,
  type Hello,
  isSealer,
  type Membership,
  type ObserverCertificate,
  type SignedContact,
  WIRE_VERSIONS,
  type WireVersions,
} from '../consortium/index.ts';
import type { Address } from '../crypto/index.ts';
import type { Contact, Environment, NodeId } from '../environment/index.ts';
import { hasCode, TreadleError } from '../errors.ts';
import { createCertificateWatch } from './certificate-watch.ts';
import { ContactSeeker } from './contact-seeker.ts';
import { createDirectoryExchanges } from './directory-exchanges.ts';
import { createLinks, type LinkPlan } from './links.ts';
import { createPeerReview } from './peer-review.ts';
import type { NodeSetup } from './setup.ts';

/** A node's place among the others: who it says it is, whom it lets in, whom it keeps connected to. */
export interface Peering {
  readonly directory: Directory;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Where a node can be dialled; undefined when it is connected already or nobody connected knows. */
  contactOf(node: NodeId): Promise<Contact | undefined>;
  /** Connects to a node that somebody knows. @throws TreadleError NETWORK_* | NODE_UNKNOWN_PEER */
  reach(node: NodeId): Promise<void>;
  /** Shows this certificate from now on, to those that are connected as well: no connection is lost by it. */
  renew(certificate: ObserverCertificate): void;
  /** The certificate that this node shows; undefined for a sealer. */
  certificate(): ObserverCertificate | undefined;
  /** The wire version that is spoken with a connected peer. */
  wireVersion(peer: NodeId): number;
}

interface Options {
  readonly environment: Environment;
  readonly setup: NodeSetup;
  readonly membership: Pick<Membership, 'admitPeer' | 'judgeContact'>;
  /** Who seals the next height, as far as this node knows. */
  readonly sealers: () => readonly Address[];
  /** The node that runs for a member's account. */
  readonly nodeOf: (account: Address) => NodeId;
}

const TURN_MICROS = 1_000_000;
/** Full nodes that an observer keeps connected: its own company's, and others in case that one is down. */
const OBSERVER_UPSTREAMS = 2;

export async function createPeering(options: Options): Promise<Peering> {
  const { environment, setup } = options;
  const { file, key } = setup;
  const chain = { chainId: setup.genesis.chainId, genesisHash: genesisHash(setup.genesis) };
  const wireVersions = setup.wireVersions ?? WIRE_VERSIONS;
  /** What the connected peers said of themselves. */
  const greetings = new Map<NodeId, Hello>();
  const wireVersion = (peer: NodeId): number => {
    const theirs = greetings.get(peer)?.wireVersions;
    return (theirs === undefined ? undefined : agreedVersion(wireVersions, theirs)) ?? wireVersions.lowest;
  };
  const directory = await createDirectory({
    environment,
    key,
    self: {
      role: file.role,
      company: file.company,
      name: file.name,
      addresses: [],
      ...(setup.certificate !== undefined && { certificate: setup.certificate }),
    },
    judge: (contact) => options.membership.judgeContact(contact),
    wireVersion,
  });
  const plan = (): LinkPlan => planLinks(setup, options.sealers(), options.nodeOf(file.company));
  const seeker = new ContactSeeker({
    environment,
    ask: (enough) => askPeers(environment, directory, enough),
    lacks: () => {
      const here = new Set([environment.node, ...environment.network.peers()]);
      return !knowsAll(
        directory,
        plan().every.filter((node) => !here.has(node)),
      );
    },
  });
  const links = createLinks(TURN_MICROS, {
    environment,
    lookup: (node) => directory.lookup(node),
    plan,
    // A device asks when it needs to.
    ...(file.role !== 'device' && { unknown: () => seeker.seek() }),
    bootstrap: file.contacts,
    // Others hear of everybody with each new connection; a device asks when it needs to.
    ...(file.role === 'device' && { lost: (contact: Contact) => void ifMoved(environment, directory, contact) }),
  });
  const review = createPeerReview({
    environment,
    contactOf: (peer) => newest(directory.lookup(peer), greetings.get(peer)?.contact),
    judge: (contact) => options.membership.judgeContact(contact),
  });
  const exchanges = createDirectoryExchanges({
    environment,
    directory,
    isNeeded: () => file.role !== 'device' || !knowsAll(directory, options.sealers()),
  });
  const certificate = (): ObserverCertificate | undefined => directory.self().certificate;
  const watch = createCertificateWatch(environment, certificate);
  environment.network.onPeer((event) => {
    if (event.type === 'disconnected') {
      greetings.delete(event.peer);
      exchanges.end(event.peer);
    }
    if (event.type !== 'connected') return;
    const hello = readHello(event.hello, wireVersions);
    if (hello !== undefined) {
      greetings.set(event.peer, hello);
      directory.seed([hello.contact]);
    }
    // Devices need few and know few: one asks until it knows the sealers, later when it needs somebody, and is not asked.
    if (file.role === 'device' && knowsAll(directory, options.sealers())) directory.announceTo(event.peer);
    else if (hello?.contact.role !== 'device') exchanges.begin(event.peer);
    links.refresh();
  });
  directory.onContact(() => links.refresh());

  return {
    directory,
    async start() {
      await environment.network.start({
        hello: () => encodeHello({ wireVersions, ...chain, contact: directory.self() }),
        admit: (peer, hello) => options.membership.admitPeer(peer, hello),
      });
      directory.describe({ addresses: file.advertise ?? environment.network.addresses() });
      links.start();
      review.start();
      watch.start();
    },
    async stop() {
      links.stop();
      seeker.stop();
      review.stop();
      watch.stop();
      exchanges.stop();
      await environment.network.stop();
      await directory.flush();
    },
    contactOf: (node) => locate(environment, directory, node),
    reach: (node) => reach(environment, directory, node),
    renew(later) {
      directory.describe({ certificate: later });
      for (const peer of environment.network.peers()) directory.announceTo(peer);
      watch.stop();
      watch.start();
    },
    certificate,
    wireVersion,
  };
}

/** The later one of what a peer said of itself: a certificate is renewed without a new connection. */
function newest(heard: SignedContact | undefined, greeted: SignedContact | undefined): SignedContact | undefined {
  if (heard === undefined || greeted === undefined) return heard ?? greeted;
  return heard.sequence >= greeted.sequence ? heard : greeted;
}

/** Sealers hold a full mesh and tell the centre of it; observers hold the proxy's or their company's line and one more. */
function planLinks(setup: NodeSetup, sealers: readonly Address[], company: NodeId): LinkPlan {
  if (isSealer(setup.file.role) || setup.file.role === 'centre') return { every: sealers, keepsBootstrap: true };
  const own = sealers.filter((sealer) => sealer === company);
  return { every: own, some: { of: sealers, count: OBSERVER_UPSTREAMS } };
}

function knowsAll(directory: Directory, nodes: readonly NodeId[]): boolean {
  return nodes.every((node) => (directory.lookup(node)?.addresses.length ?? 0) > 0);
}

function readHello(bytes: Uint8Array, wireVersions: WireVersions): Hello | undefined {
  try {
    return decodeHello(bytes, wireVersions);
  } catch {
    return undefined;
  }
}

async function exchange(environment: Environment, directory: Directory, peer: NodeId): Promise<void> {
  try {
    await directory.exchangeWith(peer);
  } catch (error) {
    // The peer may be gone again; its contacts come with the next one.
    environment.log.debug('directory.exchange-failed', { peer, reason: error instanceof Error ? error.message : String(error) });
  }
}

async function find(environment: Environment, directory: Directory, node: NodeId): Promise<Contact | undefined> {
  if (environment.network.peers().includes(node)) return undefined;
  const known = directory.lookup(node);
  if (known !== undefined && known.addresses.length > 0) return known;
  await askPeers(environment, directory, () => (directory.lookup(node)?.addresses.length ?? 0) > 0);
  return directory.lookup(node);
}

async function reach(environment: Environment, directory: Directory, node: NodeId): Promise<void> {
  if (environment.network.peers().includes(node)) return;
  const contact = await find(environment, directory, node);
  if (contact === undefined) {
    throw new TreadleError('NODE_UNKNOWN_PEER', { detail: `nobody connected knows where ${node} is`, data: { node } });
  }
  try {
    await environment.network.connect(contact);
  } catch (error) {
    if (!isElsewhere(error)) throw error;
    const fresh = await ifMoved(environment, directory, contact);
    if (fresh === undefined) throw error;
    await environment.network.connect(fresh);
  }
}

/** Where a node is now: an address that nobody answers at any more is asked for again, lest the node be blamed for having moved. */
async function locate(environment: Environment, directory: Directory, node: NodeId): Promise<Contact | undefined> {
  const contact = await find(environment, directory, node);
  if (contact === undefined) return undefined;
  try {
    await environment.network.connect(contact);
    return contact;
  } catch (error) {
    if (!isElsewhere(error)) throw error;
    return ifMoved(environment, directory, contact);
  }
}

/** Nobody answers at the address, or somebody else does. */
function isElsewhere(error: unknown): boolean {
  return hasCode(error, 'NETWORK_UNREACHABLE') || hasCode(error, 'NETWORK_WRONG_PEER');
}

/** Asks the peers where a node is whose address was of no use; undefined when they know no other. */
async function ifMoved(environment: Environment, directory: Directory, stale: Contact): Promise<Contact | undefined> {
  const moved = (): Contact | undefined => {
    const now = directory.lookup(stale.node);
    return now?.addresses.join() === stale.addresses.join() ? undefined : now;
  };
  await askPeers(environment, directory, () => moved() !== undefined);
  return moved();
}

/** Reads what the connected peers know, one after the other, until something of it is enough. */
async function askPeers(environment: Environment, directory: Directory, enough: () => boolean): Promise<void> {
  for (const peer of environment.network.peers()) {
    await exchange(environment, directory, peer);
    if (enough()) return;
  }
}
