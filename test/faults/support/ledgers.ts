import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { compileApps } from '../../../contracts/test/cross-ledger-fixture.ts';
import { inboxClient, type LaneMessage, outboxClient, signCreation } from '../../../src/contracts/index.ts';
import { type Address, encodeRlp, fromHex, type Hex, keccak256, keyFrom, sha256, toHex } from '../../../src/crypto/index.ts';
import { createLedgersCluster, type LedgersCluster, type LedgersOptions, loadScenario } from '../../../src/experiments/index.ts';

const text = (heartbeat: string) => `
scenario: ledgers
duration: 60 s
ledger: { companies: 3, blockInterval: 500 ms, heartbeat: ${heartbeat}, baseTimeout: 2 s }
edge: { count: 1 }
devices: { count: 0 }
oracle: { nodes: 5, termBlocks: 60, electBlocks: 6, minStake: 10 ether, jobs: { data: { groupSize: 4, fee: 7 wei } } }
`;

export const MINUTE_MICROS = 60_000_000;
export const DEPOSIT_WEI = 10n ** 13n;
export const ORACLES = ['oracle-1', 'oracle-2', 'oracle-3', 'oracle-4', 'oracle-5'] as const;
/** Nobody is there who could take a message. */
const NOBODY: Address = '0x00000000000000000000000000000000000000aa';

/** One ledger as its proxy sees it. */
export type Part = ReturnType<typeof partOf>;

/** A federal ledger and two local ones of the same proxy, three companies and five oracle nodes. */
export async function startLedgers({
  heartbeat = '1 s',
  ...options
}: Omit<LedgersOptions, 'ledgers'> & { readonly heartbeat?: string }) {
  const scenario = loadScenario(text(heartbeat), { file: 'ledgers.yaml', readFile: (path) => readFileSync(path, 'utf8') });
  const cluster = createLedgersCluster(scenario, 1, { ledgers: ['fbc', 'north', 'south'], ...options });
  await cluster.start();
  const [fbc, north, south] = [partOf(cluster, 'fbc'), partOf(cluster, 'north'), partOf(cluster, 'south')];
  return { cluster, fbc, north, south };
}

function partOf(cluster: LedgersCluster, name: string) {
  const ledger = cluster.ledger(name);
  const { client, ledger: chain } = ledger.running('proxy')[0]?.full ?? expect.fail('there is no proxy');
  return { ledger, client, chain, id: BigInt(ledger.genesis.chainId), outbox: outboxClient(client), inbox: inboxClient(client) };
}

/** Sends a message that nobody takes: what comes back is that it failed. */
export function send(from: Part, to: Part, seconds = 3_600): Promise<LaneMessage> {
  const expiresAt = BigInt(Math.floor(from.chain.head.timestampMs / 1000) + seconds);
  const wish = { destination: to.id, target: NOBODY, data: '0x1234', expiresAt, gas: 30_000, depositWei: DEPOSIT_WEI } as const;
  return from.outbox.send(wish);
}

/** Runs until a question about a ledger is answered with yes. */
export async function until(
  { world }: LedgersCluster,
  question: () => Promise<boolean>,
  micros = 5 * MINUTE_MICROS,
): Promise<void> {
  for (let passed = 0; passed < micros; passed += 1_000_000) {
    if (await world.run(question())) return;
    await world.runFor(1_000_000);
  }
  expect.fail('it did not come to that in time');
}

/** The compiled contracts of somebody outside. */
export const apps = compileApps();

/** Somebody who has a key and no money, puts one contract on each ledger, and knows its address before. */
export function outsider(name: string) {
  const key = keyFrom(sha256(new TextEncoder().encode(name)));
  const address = toHex(keccak256(encodeRlp([fromHex(key.address), 0n])).subarray(12)) as Address;
  const place = async (part: Part, code: Hex): Promise<void> => {
    const { raw } = signCreation({ chainId: Number(part.id), nonce: 0n, gas: 6_000_000n, value: 0n, data: code }, key);
    await part.chain.submit(fromHex(raw));
  };
  return { address, place };
}
