import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createHostEnvironment } from '../../environment/host/index.ts';
import { sleep } from '../../environment/index.ts';
import { openLedger } from '../open-ledger.ts';
import {
  certify,
  present,
  sealerKeys,
  signedBy,
  testGenesis,
  testKey,
  verifyTestCertificate,
  WORKBENCH,
} from '../testing/fixtures.ts';

const LIMIT_BYTES = 24_000_000;
const CALLDATA_BYTES = 60_000;

let folder = '';
afterEach(() => rm(folder, { recursive: true, force: true }));

it('keeps a real data folder below its limit, whatever the database does in it', async () => {
  folder = await mkdtemp(join(tmpdir(), 'treadle-pruning-'));
  const keys = sealerKeys(1);
  const open = () => createHostEnvironment({ key: present(keys[0]), dataFolder: folder, logLevel: 'silent' });
  const options = {
    verifyCertificate: verifyTestCertificate,
    storage: { limitBytes: LIMIT_BYTES, statesKept: 8, blocksKept: 8 },
  };
  const environment = await open();
  const ledger = await openLedger(environment, testGenesis({ sealers: 1 }), options);
  ledger.start();
  let most = 0;
  for (let nonce = 0; nonce < 130; nonce++) {
    // Calldata that LevelDB cannot compress: 300 KB a block, about 39 MB altogether.
    for (let sender = 0; sender < 5; sender++) {
      const data = environment.random.stream('calldata').bytes(CALLDATA_BYTES);
      await ledger.submit(signedBy(testKey(sender), { nonce, to: WORKBENCH, data, gas: 10_000_000n }));
    }
    const proposal = await ledger.propose({ proposer: keys[0]?.address ?? '0x', timestampMs: 1_800_000_000_000 });
    const certificate = certify(keys, { number: ledger.head.number + 1, hash: proposal.digest });
    const block = await ledger.commit({ ...proposal, certificate });
    expect(block.transactions).toHaveLength(5);
    most = Math.max(most, await environment.disk.usedBytes());
    // A block is not made more often than twice a second; pruning gets a little of that time here.
    await sleep(environment, 15_000, 'the next block');
  }
  expect(most).toBeLessThan(LIMIT_BYTES);
  expect(ledger.firstBlock()).toBeGreaterThan(40);
  const head = ledger.head.hash;
  await ledger.close();
  await environment.close();
  const again = await open();
  const reopened = await openLedger(again, testGenesis({ sealers: 1 }), options);
  expect(reopened.head.hash).toBe(head);
  expect((await reopened.block(reopened.head.number - 5))?.transactions).toHaveLength(5);
  await reopened.close();
  await again.close();
}, 60_000);
