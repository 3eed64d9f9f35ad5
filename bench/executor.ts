/**
 * Execution of blocks of 200 transactions that each write a storage slot and log: the ledger's executor against
 * @ethereumjs' own state manager, in turn, on the same transactions. Prints transactions per second of processor time
 * for both and the ratio of the medians. Then blocks of 1,500 records, on the short way and on the general one.
 *
 *   node bench/executor.ts [--json]
 */
import { keccak256, keyFrom, toHex } from '../src/crypto/index.ts';
import {
  createMemoryStateStore,
  decodeTransaction,
  EvmExecutor,
  type Genesis,
  genesisHeader,
  type Header,
  RECORDS_ADDRESS,
} from '../src/ledger/index.ts';
import { CHAIN_ID, callData, GOVERNANCE, signedBy, testGenesis, testKey, WORKBENCH } from '../src/ledger/testing/fixtures.ts';
import { openLibraryExecutor } from '../src/ledger/testing/library-executor.ts';
import { type Account, accountsOf, sign } from './ledger/sign.ts';

const BLOCKS = 12;
const TRANSACTIONS = 200;
const RECORD_BLOCKS = 12;
const RECORDS = 1_500;
const json = process.argv.includes('--json');
const genesis: Genesis = testGenesis();
const proposer = keyFrom(testKey(1000).privateKey).address;

const ours = await openOurs(genesis);
const theirs = await openLibraryExecutor(genesis, proposer);
const rates: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
for (let height = 1; height <= BLOCKS; height++) {
  const raws = transactionsOf(height);
  // In turn, so that a slow moment of the machine meets both.
  rates.ours.push(await rate(() => ours(raws)));
  rates.theirs.push(await rate(() => theirs(raws, height)));
}
const records = await measureRecords();
const result = {
  records,
  ours: median(rates.ours),
  merkleStateManager: median(rates.theirs),
  ratio: median(rates.ours) / median(rates.theirs),
};
if (json) console.log(JSON.stringify({ executor: result }));
else {
  console.log(`ours                ${result.ours.toFixed(0).padStart(6)} transactions per CPU second`);
  console.log(`MerkleStateManager  ${result.merkleStateManager.toFixed(0).padStart(6)} transactions per CPU second`);
  console.log(`ratio               ${result.ratio.toFixed(1).padStart(6)}`);
  console.log(`records, short way  ${records.shortWay.toFixed(0).padStart(6)} transactions per CPU second, decoded already`);
  console.log(`records, general    ${records.generalWay.toFixed(0).padStart(6)}`);
  console.log(
    `decoding            ${records.decoding.toFixed(0).padStart(6)} transactions per CPU second, their senders recovered`,
  );
}

function transactionsOf(height: number): readonly Uint8Array[] {
  return Array.from({ length: TRANSACTIONS }, (_, at) => {
    const sender = at % 10;
    const nonce = (height - 1) * (TRANSACTIONS / 10) + Math.floor(at / 10);
    const data = callData('set(uint256,uint256)', height * TRANSACTIONS + at, at + 1);
    return signedBy(testKey(sender), { nonce, to: WORKBENCH, data });
  });
}

async function openOurs(
  genesis: Genesis,
  options: { readonly shortWay?: boolean } = {},
): Promise<(raws: readonly Uint8Array[]) => Promise<void>> {
  const store = createMemoryStateStore();
  const executor = new EvmExecutor({ chainId: CHAIN_ID, governance: GOVERNANCE, store, ...options });
  const { stateRoot, nodes } = await executor.genesis(genesis);
  store.stage(nodes);
  let parent: Header = genesisHeader(genesis, stateRoot);
  return async (raws) => {
    const transactions = raws.map((raw) => decodeTransaction(raw, CHAIN_ID));
    const timestampMs = parent.timestampMs + 500;
    const execution = await executor.execute({
      parent,
      proposer,
      timestampMs,
      transactions,
      mode: 'exact',
      ancestorHash: async () => undefined,
    });
    if (execution.outcomes.some(({ status }) => status !== 1)) throw new Error('a transaction of the benchmark failed');
    store.stage(execution.nodes);
    parent = { ...parent, stateRoot: execution.stateRoot, number: parent.number + 1, timestampMs };
  };
}

async function rate(work: () => unknown, transactions = TRANSACTIONS): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (transactions * 1e6) / (user + system);
}

async function measureRecords(): Promise<{ readonly shortWay: number; readonly generalWay: number; readonly decoding: number }> {
  const accounts = accountsOf('executor', 100);
  const [short, general] = [await openOurs(genesis), await openOurs(genesis, { shortWay: false })];
  const samples: { short: number[]; general: number[]; decoding: number[] } = { short: [], general: [], decoding: [] };
  for (let block = 0; block < RECORD_BLOCKS; block++) {
    const raws = Array.from({ length: RECORDS }, (_, at) => {
      const digest = keccak256(new TextEncoder().encode(`record ${block} ${at}`));
      const data = callData('anchor(bytes32)', toHex(digest));
      return sign(accounts[at % accounts.length] as Account, { to: RECORDS_ADDRESS, data, gas: 60_000 }, CHAIN_ID);
    });
    samples.decoding.push(await rate(() => raws.map((raw) => decodeTransaction(raw, CHAIN_ID)), RECORDS));
    samples.short.push(await rate(() => short(raws), RECORDS));
    samples.general.push(await rate(() => general(raws), RECORDS));
  }
  return { shortWay: median(samples.short), generalWay: median(samples.general), decoding: median(samples.decoding) };
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] as number;
}
