import {
  type ChainFeed,
  decodeEvent,
  type LedgerClient,
  oracleRegistryClient,
  TRAINING_TASKS_ADDRESS,
  type TrainingClient,
  type TrainingTask,
  type TrainingTasksClient,
  trainingTasksClient,
} from '../../contracts/index.ts';
import type { Address, Hex } from '../../crypto/index.ts';
import type { Environment, NodeId } from '../../environment/index.ts';
import { hasCode } from '../../errors.ts';
import { TRAINING_TASKS_FOLLOWED_MAX } from '../../limits.ts';

interface Options {
  readonly environment: Environment;
  readonly client: LedgerClient;
  readonly feed: ChainFeed;
  /** The node that runs for an account. */
  readonly nodeOf: (account: Address) => NodeId;
}

/** A task with its clients, as the ledger has them now. */
export interface TaskFacts {
  readonly task: TrainingTask;
  readonly clients: readonly (TrainingClient & { readonly node: NodeId })[];
}

const OVER = new Set(['finished', 'failed', 'expired', 'cancelled']);

/** The tasks of learning as this node's ledger has them, and who may lead their rounds. */
export class TrainingBook {
  readonly contract: TrainingTasksClient;
  readonly #options: Options;
  readonly #facts = new Map<bigint, TaskFacts>();
  readonly #clientNodes = new Map<string, ReadonlySet<NodeId>>();
  readonly #digests = new Map<string, Hex>();
  readonly #stale = new Set<bigint>();
  /** Nodes of the oracle by term: of the present one and the one before. */
  readonly #oracles = new Map<bigint, ReadonlySet<NodeId>>();
  #listeners: (() => void)[] = [];
  #unsubscribe: () => void = () => {};
  #busy = false;
  #again = false;
  #stopped = false;

  constructor(options: Options) {
    this.#options = options;
    this.contract = trainingTasksClient(options.client);
  }

  /** Calls `onChange` after each block that was taken in. */
  start(onChange: () => void): void {
    this.#listeners.push(onChange);
    if (this.#listeners.length > 1) return;
    this.#unsubscribe = this.#options.feed.onBlock(({ logs }) => {
      for (const log of logs) {
        if (log.address !== TRAINING_TASKS_ADDRESS) continue;
        const id = decodeEvent(log)?.args['task'];
        if (typeof id === 'bigint') this.#stale.add(id);
      }
      void this.#refresh();
    });
    void this.#readAll();
  }

  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
    this.#listeners = [];
  }

  get client(): LedgerClient {
    return this.#options.client;
  }

  /** Tasks that are not over. */
  get open(): readonly TaskFacts[] {
    return [...this.#facts.values()].filter(({ task }) => !OVER.has(task.state));
  }

  training(id: bigint): string {
    return `${this.#options.client.chainId}:${id}`;
  }

  /** The task of a training; undefined for a name that is none. */
  idOf(training: string): bigint | undefined {
    const [chain, id, more] = training.split(':');
    if (more !== undefined || chain !== String(this.#options.client.chainId) || !/^[1-9][0-9]{0,15}$/.test(id ?? ''))
      return undefined;
    return BigInt(id as string);
  }

  /** As the ledger has it now. @throws TreadleError CONTRACT_REVERTED when there is none */
  async read(id: bigint): Promise<TaskFacts> {
    const [task, clients] = await Promise.all([this.contract.task(id), this.contract.clients(id)]);
    const facts = { task, clients: clients.map((client) => ({ ...client, node: this.#options.nodeOf(client.account) })) };
    if (OVER.has(task.state) && this.#facts.size >= TRAINING_TASKS_FOLLOWED_MAX) this.#facts.delete(id);
    else this.#facts.set(id, facts);
    this.#clientNodes.set(this.training(id), new Set(facts.clients.map(({ node }) => node)));
    for (const old of this.#clientNodes.keys())
      if (this.#clientNodes.size > TRAINING_TASKS_FOLLOWED_MAX) this.#clientNodes.delete(old);
    return facts;
  }

  /** The digest of the global model after a round; undefined while the round is not on the ledger. */
  async digestOf(id: bigint, round: number): Promise<Hex | undefined> {
    const key = `${id}:${round}`;
    const known = this.#digests.get(key);
    if (known !== undefined) return known;
    try {
      const digest = await this.contract.digestOf(id, round);
      this.#digests.set(key, digest);
      for (const old of this.#digests.keys()) if (this.#digests.size > TRAINING_TASKS_FOLLOWED_MAX) this.#digests.delete(old);
      return digest;
    } catch (error) {
      if (hasCode(error, 'CONTRACT_REVERTED')) return undefined;
      throw error;
    }
  }

  /** Whether a node works for the oracle, in this term or the one before. */
  isOracle(node: NodeId): boolean {
    return [...this.#oracles.values()].some((nodes) => nodes.has(node));
  }

  get oracles(): readonly NodeId[] {
    return [...new Set([...this.#oracles.values()].flatMap((nodes) => [...nodes]))];
  }

  isClient(training: string, node: NodeId): boolean {
    return this.#clientNodes.get(training)?.has(node) === true;
  }

  async #readAll(): Promise<void> {
    try {
      const count = await this.contract.count();
      const first = count > BigInt(TRAINING_TASKS_FOLLOWED_MAX) ? count - BigInt(TRAINING_TASKS_FOLLOWED_MAX) : 0n;
      for (let id = first + 1n; id <= count; id++) this.#stale.add(id);
      await this.#refresh();
    } catch (error) {
      this.#trouble(error);
    }
  }

  /** One at a time; what comes meanwhile is read right after. */
  async #refresh(): Promise<void> {
    this.#again = true;
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false;
        await this.#readOracles();
        for (const id of [...this.#stale]) {
          this.#stale.delete(id);
          await this.read(id);
        }
        for (const listener of this.#listeners) listener();
      }
    } catch (error) {
      this.#trouble(error);
    } finally {
      this.#busy = false;
    }
  }

  async #readOracles(): Promise<void> {
    const registry = oracleRegistryClient(this.#options.client);
    const term = await registry.currentTerm();
    if (this.#oracles.has(term)) return;
    const ids = await registry.setOf(term);
    const records = await Promise.all(ids.map((id) => registry.node(id)));
    this.#oracles.set(term, new Set(records.map(({ account }) => this.#options.nodeOf(account))));
    for (const old of this.#oracles.keys()) if (old + 1n < term) this.#oracles.delete(old);
  }

  /** What fails for now is read again with the next block. */
  #trouble(error: unknown): void {
    if (!this.#stopped) this.#options.environment.log.warn('training.not-read', { error: String(error) });
  }
}
