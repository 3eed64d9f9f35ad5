import { signTransaction } from '../contracts/index.ts';
import { fromHex, type Hex, keccak256, toHex } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import { DEFAULT_TIMING, type Ledger, RECORDS_ADDRESS } from '../ledger/index.ts';
import { FAULT_ACCOUNTS } from '../limits.ts';
import { FaultCluster } from './faults/fault-cluster.ts';
import { accountKey } from './faults/layout.ts';
import { percentiles } from './percentiles.ts';
import type { Calibration } from './scenario/index.ts';

export interface SteadyLoadOptions {
  readonly nodes: number;
  readonly ratePerSecond: number;
  readonly seconds: number;
  readonly seed: number;
  /** What the machine takes for what nodes charge. */
  readonly calibration: Calibration;
  /** Speed of a node's one thread, as a share of a core of that machine: several nodes share it. */
  readonly cpuShare: number;
  /** From process to process. */
  readonly latencyMicros: number;
}

export interface SteadyLoadResult {
  readonly throughputPerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly blocks: number;
  readonly traceHash: string;
}

const RECORD_GAS = 60_000n;
const WARM_UP_SHARE = 0.3;
const DRAIN_MICROS = 8_000_000;
const TICK_MICROS = 25_000;
const STARTS_WITHIN_MICROS = 60_000_000;

/**
 * Sealers in the simulator under a constant load of records, as `bench/ledger.ts` offers it to real ones: the same nodes, the
 * same transactions, times charged as this machine was measured to take them. What it says beside what a real run says is the
 * simulator's error.
 */
export async function simulateSteadyLoad(options: SteadyLoadOptions): Promise<SteadyLoadResult> {
  const { nodes, ratePerSecond, seconds, calibration } = options;
  const failures: unknown[] = [];
  const { blockIntervalMs, heartbeatMs, baseTimeoutMs } = DEFAULT_TIMING;
  const cluster = new FaultCluster({
    nodes,
    seed: `steady load ${options.seed}`,
    pace: {
      blockIntervalMicros: 1000 * blockIntervalMs,
      heartbeatMicros: 1000 * heartbeatMs,
      baseTimeoutMicros: 1000 * baseTimeoutMs,
    },
    links: { latency: options.latencyMicros },
    bandwidthBitsPerSecond: 10e9,
    cores: 1,
    costs: calibration.costMicros,
    syncMicros: calibration.syncMicros,
    onLog: () => undefined,
    between: (environment) => [environment],
    onNode: () => undefined,
    onFailure: (_seat, error) => failures.push(error),
  });
  const { world } = cluster;
  await cluster.start();
  const sealers = cluster.seats.filter(({ kind }) => kind === 'sealer');
  for (const { id } of sealers) world.setCpuSpeed(id, options.cpuShare);
  const ledgers = (): readonly Ledger[] => sealers.flatMap(({ node }) => (node === undefined ? [] : [node.full.ledger]));
  await world.runUntil(() => ledgers().length === nodes && ledgers().every(({ head }) => head.number >= 1), STARTS_WITHIN_MICROS);
  const sentAt = new Map<Hex, number>();
  const finalAt = new Map<Hex, number>();
  let blocks = 0;
  ledgers()[0]?.onHead((block) => {
    blocks += 1;
    for (const { hash } of block.encoded ?? []) finalAt.set(hash, world.now);
  });
  const startedAt = world.now;
  const { chainId } = cluster.genesis;
  let sent = 0;
  const nonces = new Map<number, bigint>();
  while (world.now < startedAt + seconds * 1e6) {
    const due = Math.floor((ratePerSecond * (world.now - startedAt)) / 1e6);
    for (; sent < due; sent++) {
      const account = sent % FAULT_ACCOUNTS;
      const nonce = nonces.get(account) ?? 0n;
      nonces.set(account, nonce + 1n);
      const data = toHex(Uint8Array.from([...ANCHOR, ...keccak256(new TextEncoder().encode(`steady ${sent}`))]));
      const fields = { chainId, nonce, gas: RECORD_GAS, to: RECORDS_ADDRESS, value: 0n, data };
      const { raw, hash } = signTransaction(fields, accountKey(account));
      sentAt.set(hash, world.now);
      // An account always sends to the same sealer, so that its nonces arrive in order.
      void ledgers()
        [account % nodes]?.submitMany([{ raw: fromHex(raw) }])
        .then(([answer]) => {
          if (answer instanceof TreadleError) sentAt.delete(hash);
        });
    }
    await world.runFor(TICK_MICROS);
  }
  const endedAt = world.now;
  await world.runFor(DRAIN_MICROS);
  if (failures[0] !== undefined) throw failures[0];
  const from = startedAt + WARM_UP_SHARE * seconds * 1e6;
  const inWindow = [...finalAt.values()].filter((at) => at >= from && at < endedAt).length;
  const latencies = [...sentAt].flatMap(([hash, at]) => {
    const final = finalAt.get(hash);
    return at >= from && final !== undefined ? [(final - at) / 1000] : [];
  });
  const { p50, p95 } = percentiles(latencies);
  return {
    throughputPerSecond: inWindow / ((endedAt - from) / 1e6),
    p50Ms: p50,
    p95Ms: p95,
    blocks,
    traceHash: world.traceHash(),
  };
}

const ANCHOR = keccak256(new TextEncoder().encode('anchor(bytes32)')).subarray(0, 4);
