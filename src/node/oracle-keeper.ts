import {
  type LedgerClient,
  ORACLE_REGISTRY_ADDRESS,
  type OracleNodeRecord,
  oracleRegistryClient,
  pedalClient,
} from '../contracts/index.ts';
import { type BlsKey, blsKeyOfNode, type NodeKey, provePossession, toEip2537G1, toEip2537G2, toHex } from '../crypto/index.ts';
import type { Environment } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import type { Ledger } from '../ledger/index.ts';
import { ORACLE_LOOK_BLOCKS, ORACLE_RETRY_BLOCKS } from '../limits.ts';

/** A node's place among those that work for the oracle. */
export interface OracleSeat {
  readonly record: OracleNodeRecord;
  /** The key that is registered. */
  readonly key: BlsKey;
}

/** Keeps a node registered for the oracle, with its stake. */
export interface OracleKeeper {
  /** As of the last look; undefined before the first, and for a node that is not registered. */
  readonly seat: OracleSeat | undefined;
  /** True once a node that is to retire has its stake back. */
  readonly retired: boolean;
  start(): void;
  stop(): void;
}

export interface OracleKeeperOptions {
  readonly key: NodeKey;
  /** What the node puts down, and keeps at; the least that the registry takes when absent. */
  readonly stakeWei?: bigint;
  /** Leave for good, and take the stake back. */
  readonly retire: boolean;
}

interface Dependencies {
  readonly environment: Environment;
  readonly ledger: Pick<Ledger, 'head' | 'onHead'>;
  /** Acts with the node's own key. */
  readonly client: LedgerClient;
}

/**
 * Sees to it that the node is in the registry as its operator wants it: registers it, puts back what was slashed, and after an
 * eviction (a certificate that ended) takes the stake when it may and registers anew with the next key, since the
 * registry takes none twice. It looks when a block says something of the registry, and now and then in case one was missed.
 * Once a term, one node of the set in turn makes those leave whose certificate or membership ended.
 */
export function createOracleKeeper(options: OracleKeeperOptions, { environment, ledger, client }: Dependencies): OracleKeeper {
  const { log, metrics } = environment;
  const registry = oracleRegistryClient(client);
  const pedal = pedalClient(client);
  const account = options.key.address;
  let seat: OracleSeat | undefined;
  let settings: Awaited<ReturnType<typeof registry.settings>> | undefined;
  let retired = false;
  let looking = false;
  let again = false;
  let nextLook = 0;
  let sweptTerm = 0n;
  let told = '';
  let unsubscribe = (): void => undefined;

  async function look(): Promise<void> {
    settings ??= await registry.settings();
    const id = await registry.idOf(account);
    seat = id === 0 ? undefined : await seatOf(id);
    metrics.gauge('oracle_in_set', seat?.record.inSet === true ? 1 : 0);
    if (seat === undefined) {
      retired = options.retire;
      if (!retired) await register(settings.minStakeWei);
    } else if (seat.record.state === 'leaving') await takeBack(seat.record);
    else if (options.retire) await retire(seat.record);
    else await keepStake(seat.record, settings.minStakeWei);
    if (seat?.record.inSet === true) await sweep(seat.record.id, settings.termBlocks);
  }

  async function seatOf(id: number): Promise<OracleSeat> {
    const record = await registry.node(id);
    if (seat !== undefined && seat.record.publicKey === record.publicKey) return { record, key: seat.key };
    const key = blsKeyOfNode(options.key, await earlierNodes(id));
    if (publicKeyOf(key) !== record.publicKey) {
      throw new TreadleError('NODE_MISCONFIGURED', {
        detail: `oracle node ${id} of ${account} is registered with a key that is not derived from this node's key file`,
      });
    }
    return { record, key };
  }

  /** How many nodes this account had before one, or altogether: as many keys are used up. */
  async function earlierNodes(before?: number): Promise<number> {
    const last = before === undefined ? Number(await registry.nodeCount()) : before - 1;
    let count = 0;
    for (let id = 1; id <= last; id++) if ((await registry.node(id)).account === account) count++;
    return count;
  }

  async function register(minStakeWei: bigint): Promise<void> {
    const stakeWei = largest(options.stakeWei ?? 0n, minStakeWei);
    if (!(await canPay(stakeWei))) return;
    const key = blsKeyOfNode(options.key, await earlierNodes());
    const possession = provePossession(key, { chainId: client.chainId, registry: ORACLE_REGISTRY_ADDRESS, node: account });
    const { id } = await registry.register({
      publicKey: publicKeyOf(key),
      possession: toHex(toEip2537G2(possession)),
      stakeWei,
    });
    seat = { record: await registry.node(id), key };
    log.info('oracle.registered', { id, stakeWei, member: seat.record.member });
  }

  async function retire({ id }: OracleNodeRecord): Promise<void> {
    await registry.resign();
    log.info('oracle.resigned', { id });
    again = true;
  }

  async function takeBack({ id, withdrawableFrom, stakeWei }: OracleNodeRecord): Promise<void> {
    if (BigInt(ledger.head.number) < withdrawableFrom) {
      nextLook = Math.min(nextLook, Number(withdrawableFrom));
      return;
    }
    await registry.withdraw();
    seat = undefined;
    log.info('oracle.stake-withdrawn', { id, stakeWei });
    again = true;
  }

  async function keepStake({ id, inSet, stakeWei }: OracleNodeRecord, minStakeWei: bigint): Promise<void> {
    const missing = largest(options.stakeWei ?? 0n, minStakeWei) - stakeWei;
    if (missing <= 0n && inSet) return;
    const addWei = largest(missing, 0n);
    if (!(await canPay(addWei))) return;
    await registry.topUp(addWei);
    log.info('oracle.stake-added', { id, addWei, wasInSet: inSet });
    again = true;
  }

  /** Whether the account has so much; what the contracts owe it is fetched before it is found too poor. */
  async function canPay(wei: bigint): Promise<boolean> {
    if ((await client.balance(account)) >= wei) return true;
    for (const contract of [pedal, registry]) if ((await contract.owedTo(account)) > 0n) await contract.collect();
    const balanceWei = await client.balance(account);
    if (balanceWei >= wei) return true;
    tell('oracle.too-poor', `the stake takes ${wei} wei, ${account} has ${balanceWei}: send it some`);
    return false;
  }

  async function sweep(id: number, termBlocks: bigint): Promise<void> {
    const term = BigInt(ledger.head.number) / termBlocks;
    if (term <= sweptTerm) return;
    sweptTerm = term;
    const set = await registry.setOf(term);
    if (set[Number(term % BigInt(set.length || 1))] !== id) return;
    for (const record of await registry.nodes()) {
      if (record.state !== 'active' || (await registry.memberOf(record.account)) === record.member) continue;
      await registry.evict(record.id);
      log.info('oracle.evicted', { id: record.id, account: record.account, member: record.member });
    }
  }

  /** Once for each reason: the node looks again and again. */
  function tell(event: string, reason: string): void {
    if (told !== reason) log.warn(event, { reason });
    told = reason;
  }

  function lookSoon(): void {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    again = false;
    nextLook = ledger.head.number + ORACLE_LOOK_BLOCKS;
    look()
      .then(() => {
        told = '';
      })
      .catch((error: unknown) => {
        nextLook = ledger.head.number + ORACLE_RETRY_BLOCKS;
        tell('oracle.waiting', error instanceof TreadleError ? `${error.code}: ${error.detail}` : String(error));
      })
      .finally(() => {
        looking = false;
        if (again && !stopped) lookSoon();
      });
  }
  let stopped = false;

  return {
    get seat() {
      return seat;
    },
    get retired() {
      return retired;
    },
    start() {
      unsubscribe = ledger.onHead(({ header }, receipts) => {
        const speaks = receipts.some(({ logs }) => logs.some(({ address }) => address === ORACLE_REGISTRY_ADDRESS));
        const newTerm = settings !== undefined && BigInt(header.number) / settings.termBlocks > sweptTerm;
        if (speaks || newTerm || header.number >= nextLook) lookSoon();
      });
      lookSoon();
    },
    stop() {
      stopped = true;
      unsubscribe();
    },
  };
}

function publicKeyOf(key: BlsKey) {
  return toHex(toEip2537G1(key.publicKey));
}

function largest(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}
