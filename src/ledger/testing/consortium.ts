import type { Address, NodeKey } from '../../crypto/index.ts';
import type { Environment, Handshake, NodeId } from '../../environment/index.ts';
import { createWorld, type World } from '../../environment/sim/index.ts';
import { EvmExecutor } from '../execution/evm-executor.ts';
import { SharedExecutor } from '../execution/shared-executor.ts';
import { createMemoryStateStore } from '../execution/state-store.ts';
import type { Genesis } from '../genesis.ts';
import type { BlockRecord, Certificate, Ledger, Proposal } from '../ledger.ts';
import { type OpenLedgerOptions, openLedger } from '../open-ledger.ts';
import { certify, sealerKeys, testGenesis, verifyTestCertificate } from './fixtures.ts';

const EVERYBODY: Handshake = { hello: () => new Uint8Array(0), admit: () => ({ admitted: true }) };

/** A node of a simulated world with its ledger open. */
export interface TestNode {
  readonly id: NodeId;
  readonly environment: Environment;
  readonly ledger: Ledger;
}

type FourOrMore = readonly [TestNode, TestNode, TestNode, TestNode, ...TestNode[]];

/** Simulated nodes with ledgers, and a script in the place of consensus. */
export class TestConsortium {
  readonly world: World;
  readonly genesis: Genesis;
  readonly keys: readonly NodeKey[];
  readonly shared: SharedExecutor;
  readonly nodes = new Map<NodeId, TestNode>();
  private readonly options: Partial<OpenLedgerOptions>;

  constructor(
    options: Partial<OpenLedgerOptions> & {
      readonly seed?: number;
      readonly genesis?: Genesis;
      readonly ownExecutors?: boolean;
    } = {},
  ) {
    this.world = createWorld({ seed: options.seed ?? 1 });
    this.genesis = options.genesis ?? testGenesis();
    this.keys = sealerKeys(this.genesis.sealers.length);
    const { chainId, governance } = this.genesis;
    this.shared = new SharedExecutor(new EvmExecutor({ chainId, governance, store: createMemoryStateStore() }));
    const { poolLimits, storage } = options;
    this.options = {
      ...(poolLimits && { poolLimits }),
      ...(storage && { storage }),
      ...(options.ownExecutors ? {} : { executor: this.shared }),
    };
  }

  get nowMs(): number {
    return Math.floor(this.world.now / 1000);
  }

  /** Opens the ledger of a node that is in the world, in its environment, and starts its network. */
  async open(environment: Environment): Promise<TestNode> {
    const ledger = await this.world.run(
      openLedger(environment, this.genesis, { verifyCertificate: verifyTestCertificate, ...this.options }),
    );
    ledger.start();
    await this.world.run(environment.network.start(EVERYBODY));
    const node = { id: environment.node, environment, ledger };
    this.nodes.set(node.id, node);
    return node;
  }

  add(id: NodeId): Promise<TestNode> {
    return this.open(this.world.addNode(id));
  }

  /** Adds a node for every sealer and connects them all. There are at least four in a test genesis. */
  async addSealers(): Promise<FourOrMore> {
    const nodes: TestNode[] = [];
    for (const { address } of this.keys) nodes.push(await this.add(address));
    for (const [index, node] of nodes.entries()) for (const other of nodes.slice(index + 1)) await this.connect(node, other);
    return nodes as readonly TestNode[] as FourOrMore;
  }

  async connect(from: TestNode, to: { readonly id: NodeId; readonly environment: Environment }): Promise<void> {
    await this.world.run(from.environment.network.connect({ node: to.id, addresses: to.environment.network.addresses() }));
  }

  node(address: Address): TestNode {
    return this.nodes.get(address) as TestNode;
  }

  certify(block: { readonly number: number; readonly hash: `0x${string}` }): Certificate {
    return certify(this.keys, block);
  }

  certifyBy(keys: readonly NodeKey[], block: { readonly number: number; readonly hash: `0x${string}` }): Certificate {
    return certify(keys, block);
  }

  /** Proposes at one node. */
  propose(node: TestNode, proposer: Address = node.id): Promise<Proposal> {
    return this.world.run(node.ledger.propose({ proposer, timestampMs: this.nowMs }));
  }

  /** What one node says of a proposal. */
  check(node: TestNode, proposal: Proposal, from: Address) {
    return this.world.run(node.ledger.check(proposal.proposal, { digest: proposal.digest, from, nowMs: this.nowMs }));
  }

  commit(node: TestNode, proposal: Proposal, height = node.ledger.head.number + 1): Promise<BlockRecord> {
    const certificate = this.certify({ number: height, hash: proposal.digest });
    return this.world.run(node.ledger.commit({ ...proposal, certificate }));
  }

  /** One block: proposed at the first node, checked and committed at all of them. */
  async decide(nodes: readonly TestNode[] = [...this.nodes.values()]): Promise<BlockRecord> {
    const [proposer] = nodes as [TestNode];
    const proposal = await this.propose(proposer);
    for (const node of nodes) {
      const verdict = await this.check(node, proposal, proposer.id);
      if (!verdict.valid) throw new Error(`${node.id} refuses: ${verdict.reason}`);
    }
    let block: BlockRecord | undefined;
    const height = proposer.ledger.head.number + 1;
    for (const node of nodes) block = await this.commit(node, proposal, height);
    return block as BlockRecord;
  }

  /** Lets everything that is under way arrive. */
  settle(micros = 50_000): Promise<void> {
    return this.world.runFor(micros);
  }
}
