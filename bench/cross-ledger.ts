/**
 * Messages between two ledgers of one consortium, in the simulator with real code and real signatures: what one message and its receipt cost by each
 * way of trust, and how a long queue drains after every relay was away.
 *
 *   node bench/cross-ledger.ts [group] [certificate] [both] [drain] [--messages 6000] [--seed 1] [--json]
 *
 * Latency is virtual time, from the block of the message to the block in which its sender has the receipt, as the median of several messages that are
 * sent one after the other on otherwise quiet ledgers. Gas and bytes are those of all transactions of relays and of the oracle that carried it, on both
 * ledgers, refused ones included.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Abi, encodeFunctionData } from 'viem';
import { compileSources } from '../scripts/build-contracts.ts';
import { INBOX_ADDRESS, OUTBOX_ADDRESS, outboxClient, SOURCE_HEADERS_ADDRESS, signCreation } from '../src/contracts/index.ts';
import {
  type Address,
  encodeRlp,
  fromHex,
  type Hex,
  keccak256,
  keyFrom,
  lendBlsCurve,
  sha256,
  toHex,
} from '../src/crypto/index.ts';
import { nativeBlsCurve } from '../src/environment/host/index.ts';
import { createLedgersCluster, type LedgersCluster, type LedgersOptions, loadScenario } from '../src/experiments/index.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    messages: { type: 'string', default: '6000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const messages = Number(values.messages);
const seed = Number(values.seed);
const say = (line: string): void => void (values.json || console.log(line));

const SECOND = 1_000_000;
const WAIT_SECONDS = 3_600;
/** The first message also introduces the ledgers to one another: it is not counted. */
const COUNTED = 5;
const MESSAGES_PER_TRANSACTION = 50;
const ORACLES = [1, 2, 3, 4, 5].map((number) => `oracle-${number}`);
const NOBODY: Address = '0x00000000000000000000000000000000000000aa';
const TEXT = `
scenario: cross-ledger
duration: 60 s
ledger: { companies: 3, blockInterval: 500 ms, heartbeat: 1 s, baseTimeout: 2 s }
edge: { count: 1 }
devices: { count: 0 }
oracle: { nodes: ${ORACLES.length}, termBlocks: 60, electBlocks: 6, minStake: 10 ether }
`;
const scenario = loadScenario(TEXT, { file: 'cross-ledger.yaml', readFile: (name) => readFileSync(name, 'utf8') });
const FIXTURE = path.resolve(import.meta.dirname, '../contracts/test/fixtures/CrossLedgerApps.sol');

lendBlsCurve(nativeBlsCurve);
const PARTS = ['group', 'certificate', 'both', 'drain'] as const;
const asked = PARTS.filter((part) => positionals.includes(part));
const results: Partial<Record<(typeof PARTS)[number], unknown>> = {};
for (const part of asked.length > 0 ? asked : PARTS) {
  results[part] = part === 'drain' ? await drained(messages) : await oneByOne(part);
}
if (values.json) console.log(JSON.stringify(results));

/** What a message and its receipt cost. */
async function oneByOne(trust: NonNullable<LedgersOptions['trust']>) {
  const { cluster, north, south } = await started({ trust });
  const { world } = cluster;
  const latencies: number[] = [];
  let carried = { gas: 0, bytes: 0, transactions: 0 };
  for (let number = 0; number <= COUNTED; number++) {
    const from = { north: north.chain.head.number + 1, south: south.chain.head.number + 1 };
    const expiresAt = BigInt(Math.floor(north.chain.head.timestampMs / 1000) + WAIT_SECONDS);
    const wish = {
      destination: south.id,
      target: NOBODY,
      data: '0x1234',
      expiresAt,
      gas: 30_000,
      depositWei: 10n ** 13n,
    } as const;
    const sent = await world.run(north.outbox.send(wish));
    await until(cluster, async () => (await north.outbox.lane(south.id)).open === 0n);
    const { blockNumber, transactionHash } = sent.transaction;
    const settledIn = await lastTouched(north);
    if (number === 0) continue;
    latencies.push(settledIn.timestampMs - ((await north.chain.header(blockNumber))?.timestampMs ?? 0));
    const there = await carriedIn(north, { from: from.north, to: settledIn.number, except: transactionHash });
    carried = sum(carried, sum(there, await carriedIn(south, { from: from.south, to: south.chain.head.number })));
  }
  const ascending = latencies.sort((left, right) => left - right);
  const latencyMs = ascending[Math.floor(COUNTED / 2)] ?? 0;
  const result = {
    latencyMs,
    slowestMs: ascending.at(-1) ?? 0,
    gas: Math.round(carried.gas / COUNTED),
    bytes: Math.round(carried.bytes / COUNTED),
    transactions: carried.transactions / COUNTED,
  };
  say(
    `${trust.padEnd(12)} ${(latencyMs / 1000).toFixed(1).padStart(6)} s  ${String(result.gas).padStart(9)} gas ${String(result.bytes).padStart(7)} bytes  ${result.transactions.toFixed(1)} transactions`,
  );
  return result;
}

/** How long a queue takes that waits when relays come back. */
async function drained(count: number) {
  const lane = {
    depositWei: 0n,
    openMessages: 20_000,
    openPerSender: 20_000,
    messagesPerPeriod: 20_000,
    bytesPerPeriod: 20_000_000,
  };
  const { cluster, north, south } = await started({ trust: 'certificate', lane });
  const { world } = cluster;
  for (const seat of ORACLES) cluster.crash(seat);
  const flood = await placeFlood(north, cluster);
  const expiresAt = BigInt(Math.floor(north.chain.head.timestampMs / 1000) + 10 * WAIT_SECONDS);
  for (let sent = 0; sent < count; sent += MESSAGES_PER_TRANSACTION) {
    const args = [OUTBOX_ADDRESS, south.id, BigInt(Math.min(MESSAGES_PER_TRANSACTION, count - sent)), expiresAt, 0n];
    const data = encodeFunctionData({ abi: flood.abi, functionName: 'sendMany', args });
    await world.run(north.client.transact({ to: flood.to, data, gas: 20_000_000n }));
  }
  const [began, cpu] = [world.now, process.cpuUsage()];
  for (const seat of ORACLES) cluster.restart(seat);
  await until(cluster, async () => (await north.outbox.lane(south.id)).open === 0n);
  const { user, system } = process.cpuUsage(cpu);
  const [seconds, cpuSeconds] = [(world.now - began) / SECOND, (user + system) / SECOND];
  say(
    `${count} messages waited: ${seconds.toFixed(0)} s until the last had its receipt, ${cpuSeconds.toFixed(0)} s of processor for ${cluster.ledgers.size} ledgers`,
  );
  return { messages: count, seconds, cpuSeconds };
}

async function started(options: Omit<LedgersOptions, 'ledgers'>) {
  const cluster = createLedgersCluster(scenario, seed, { ledgers: ['fbc', 'north', 'south'], ...options });
  await cluster.start();
  return { cluster, north: partOf(cluster, 'north'), south: partOf(cluster, 'south') };
}

function partOf(cluster: LedgersCluster, name: string) {
  const ledger = cluster.ledger(name);
  const full = ledger.running('proxy')[0]?.full;
  if (full === undefined) throw new Error(`${name} has no proxy`);
  const { client, ledger: chain } = full;
  return { client, chain, id: BigInt(ledger.genesis.chainId), outbox: outboxClient(client) };
}
type Part = ReturnType<typeof partOf>;

async function until(cluster: LedgersCluster, question: () => Promise<boolean>): Promise<void> {
  for (let seconds = 0; seconds < WAIT_SECONDS; seconds++) {
    if (await cluster.world.run(question())) return;
    await cluster.world.runFor(SECOND);
  }
  throw new Error('it did not come to that in time');
}

/** The newest block with an event of the Outbox. */
async function lastTouched({ chain }: Part) {
  for (let height = chain.head.number; height > 0; height--) {
    const receipts = (await chain.receipts(height)) ?? [];
    const header = await chain.header(height);
    if (header !== undefined && receipts.some(({ logs }) => logs.some(({ address }) => address === OUTBOX_ADDRESS)))
      return header;
  }
  throw new Error('nothing was ever settled');
}

/** Transactions that have to do with messages, whoever sent them. */
async function carriedIn({ chain }: Part, range: { readonly from: number; readonly to: number; readonly except?: Hex }) {
  const ends: readonly unknown[] = [INBOX_ADDRESS, OUTBOX_ADDRESS, SOURCE_HEADERS_ADDRESS];
  let all = { gas: 0, bytes: 0, transactions: 0 };
  for (let height = range.from; height <= range.to; height++) {
    const block = await chain.block(height);
    for (const { to, logs, gasUsed, transactionHash, transactionIndex } of (await chain.receipts(height)) ?? []) {
      if (transactionHash === range.except || !(ends.includes(to) || logs.some(({ address }) => ends.includes(address))))
        continue;
      const bytes = block?.transactions[transactionIndex]?.serialize().length ?? 0;
      all = sum(all, { gas: Number(gasUsed), bytes, transactions: 1 });
    }
  }
  return all;
}

interface Carried {
  readonly gas: number;
  readonly bytes: number;
  readonly transactions: number;
}

function sum(one: Carried, other: Carried): Carried {
  return {
    gas: one.gas + other.gas,
    bytes: one.bytes + other.bytes,
    transactions: one.transactions + other.transactions,
  };
}

/** Puts a contract on a ledger that sends many messages in one transaction. */
async function placeFlood(part: Part, cluster: LedgersCluster) {
  const flood = compileSources({ 'CrossLedgerApps.sol': readFileSync(FIXTURE, 'utf8') }).get('Flood');
  if (flood === undefined) throw new Error('there is no contract Flood');
  const key = keyFrom(sha256(new TextEncoder().encode('flood')));
  const fields = { chainId: Number(part.id), nonce: 0n, gas: 6_000_000n, value: 0n, data: flood.bytecode };
  await cluster.world.run(part.chain.submit(fromHex(signCreation(fields, key).raw)));
  const to = toHex(keccak256(encodeRlp([fromHex(key.address), 0n])).subarray(12)) as Address;
  await until(cluster, async () => (await part.chain.code(to, 'latest')).length > 0);
  return { to, abi: flood.abi as Abi };
}
