import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Abi } from 'viem';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileSources } from '../../scripts/build-contracts.ts';
import { commitDigest } from '../../src/consensus/index.ts';
import { encodeCall } from '../../src/contracts/abi-lookup.ts';
import {
  commitEvidence,
  crossLedgerContracts,
  isPlacedUnder,
  LaneRecord,
  LaneTree,
  laneHeadSlot,
  laneStateProof,
  OUTBOX_ADDRESS,
  OUTBOX_CHAIN_SLOT,
  outboxArtifact,
  requireSameLane,
} from '../../src/contracts/index.ts';
import { type Address, fromHex, type Hex, keccak256, toHex } from '../../src/crypto/index.ts';
import { genesisDomain } from '../../src/ledger/index.ts';
import { TestConsortium } from '../../src/ledger/testing/consortium.ts';
import {
  CHAIN_ID,
  certify,
  GENESIS_TIME_MS,
  present,
  signedBy,
  testGenesis,
  testKey,
} from '../../src/ledger/testing/fixtures.ts';
import { verifyTrieProof } from '../../src/ledger/trie/trie-proof.ts';
import { HeaderChain, LANE, placeCrossLedger, SOUTH, sealersOf, write } from './cross-ledger-fixture.ts';
import { addressFor, createChain, placeContract, type TestContract } from './harness.ts';
import { hashedTrie } from './state-trie.ts';
import { createWorld } from './world.ts';

const HARNESS: Address = '0x00000000000000000000000000000000000c0005';
const nobody = addressFor('nobody');
let harness: TestContract<Abi>;

beforeAll(async () => {
  const source = readFileSync(join(import.meta.dirname, 'fixtures/TrieHarness.sol'), 'utf8');
  const contract = compileSources({ 'TrieHarness.sol': source }).get('TrieHarness') ?? expect.fail();
  const artifact = { abi: contract.abi as Abi, bytecode: contract.bytecode };
  harness = await placeContract(await createChain(), HARNESS, artifact, []);
}, 120_000);

describe('Merkle-Patricia proofs in Solidity', () => {
  const entries = fc.uniqueArray(
    fc.record({ key: fc.uint8Array({ minLength: 32, maxLength: 32 }), value: fc.uint8Array({ minLength: 1, maxLength: 80 }) }),
    { minLength: 1, maxLength: 60, selector: ({ key }) => toHex(key) },
  );
  const find = async (root: Hex, key: Uint8Array, proof: readonly Hex[]): Promise<Hex | undefined> => {
    const answer = await harness.read('find', [root, toHex(keccak256(key)), proof]).catch(() => [false, '0x']);
    const [found, value] = answer as readonly [boolean, Hex];
    return found ? value : undefined;
  };
  const ours = (root: Hex, key: Uint8Array, proof: readonly Hex[]): Uint8Array | undefined => {
    try {
      return verifyTrieProof(root, keccak256(key), proof.map(fromHex));
    } catch {
      return undefined;
    }
  };

  it('find what the ledger proves, and nothing that it does not', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(entries, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), async (list, draw, place, flip) => {
        const trie = hashedTrie(list);
        const { key, value } = list[draw % list.length] ?? expect.fail();
        const proof = await trie.prove(key);
        expect(await find(trie.root, key, proof)).toBe(toHex(value));
        const absent = keccak256(key);
        expect(await find(trie.root, absent, await trie.prove(absent))).toBeUndefined();
        const bent = proof.map(fromHex);
        const node = bent[place % bent.length] ?? expect.fail();
        const at = place % node.length;
        node[at] = (node[at] as number) ^ flip;
        const told = bent.map(toHex);
        expect(await find(trie.root, key, told)).toBe(optionalHex(ours(trie.root, key, told)));
        expect(await find(trie.root, key, proof.slice(0, -1))).toBeUndefined();
        expect(await find(trie.root, key, [...proof, proof.at(-1) ?? '0x'])).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });
});

describe('lane trees in Solidity', () => {
  it('are those of the relayers, and believe the same proofs', { timeout: 60_000 }, async () => {
    const leaf = (index: number): Hex => toHex(keccak256(Uint8Array.of(index >> 8, index & 255)));
    const tree = new LaneTree();
    for (let from = 0; from < 300; from += 25) {
      const leaves = Array.from({ length: 25 }, (_, offset) => leaf(from + offset));
      for (const each of leaves) tree.append(each);
      expect((await harness.write(nobody, 'append', [leaves])).returnData).toBe(tree.root());
    }
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 300 }),
        fc.nat(),
        fc.nat(300),
        fc.constantFrom('size', 'index', 'proof', 'none'),
        async (size, draw, other, bend) => {
          const index = draw % size;
          const good = tree.place(index, size);
          const place = {
            size: bend === 'size' ? BigInt(other) : good.size,
            index: bend === 'index' ? BigInt(other) : good.index,
            proof: bend === 'proof' ? good.proof.slice(1) : good.proof,
          };
          const expected = isPlacedUnder(tree.root(size), leaf(index), place);
          if (bend === 'none') expect(expected).toBe(true);
          const args = [tree.root(size), place.size, place.index, leaf(index), place.proof];
          expect(await harness.read('contains', args)).toBe(expected);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('a lane of a real ledger', () => {
  it('is proven to another by header, signatures and state', { timeout: 60_000 }, async () => {
    const lanes = [{ peer: BigInt(SOUTH), lane: LANE }];
    const plain = testGenesis();
    const genesis = { ...plain, contracts: [...plain.contracts, ...crossLedgerContracts({ lanes, sources: [] })] };
    const consortium = new TestConsortium({ genesis });
    const [{ ledger }] = await consortium.addSealers();
    const record = new LaneRecord(BigInt(SOUTH));
    const headers: Uint8Array[] = [];
    for (let nonce = 0; nonce < 3; nonce++) {
      const expiresAt = BigInt(Math.floor(GENESIS_TIME_MS / 1000) + 600);
      const args = [BigInt(SOUTH), nobody, '0x1234', expiresAt, 100_000, 0];
      const data = fromHex(encodeCall(outboxArtifact.abi, 'send', args));
      const transaction = signedBy(testKey(0), { nonce, to: OUTBOX_ADDRESS, data, value: LANE.depositWei });
      const hash = await consortium.world.run(ledger.submit(transaction));
      const proposer = present(ledger.sealers()[0]);
      const proposal = await consortium.world.run(
        ledger.propose({ proposer, timestampMs: GENESIS_TIME_MS + 1000 * (nonce + 1) }),
      );
      const certificate = certify(consortium.keys, { number: nonce + 1, hash: proposal.digest });
      const block = await consortium.world.run(ledger.commit({ ...proposal, certificate }));
      headers.push(block.header.rlp);
      const receipt = present(await ledger.receipt(hash));
      expect(receipt.status).toBe(1);
      for (const log of receipt.logs) record.take(log);
    }
    expect(record.messages.size).toBe(3);

    const domain = genesisDomain(genesis);
    const world = await createWorld(SOUTH);
    world.chain.advance(Math.floor(GENESIS_TIME_MS / 1000) - world.chain.now());
    const south = await placeCrossLedger(world, {
      sealing: new HeaderChain('south', sealersOf('south', 4)),
      peerSealing: new HeaderChain('real', consortium.keys),
      peer: CHAIN_ID,
      domain: toHex(domain),
    });
    const header = present(headers[2]);
    const digest = toHex(keccak256(header));
    const signed = commitDigest(domain, { height: 3, round: 1, digest });
    const evidence = commitEvidence({
      header,
      parent: present(headers[1]),
      trusted: genesis.sealers,
      certificate: { round: 1, signatures: consortium.keys.slice(0, 3).map((key) => key.sign(signed)) },
    });
    const state = await ledger.proof(OUTBOX_ADDRESS, [laneHeadSlot(BigInt(SOUTH)), OUTBOX_CHAIN_SLOT].map(fromHex), 3);
    const lane = { size: 3n, root: record.tree.root() };
    requireSameLane(record, lane);
    await write(south, south.inbox, 'commitByCertificate', [BigInt(CHAIN_ID), evidence, laneStateProof(lane, state)]);
    const { envelope, data, place } = record.delivery(2n);
    await write(south, south.inbox, 'execute', [envelope, data, place]);
    expect(await south.inbox.read('isDone', [BigInt(CHAIN_ID), 2n])).toBe(true);
    expect(toHex(present(state.storageProof[1]).value)).toBe(`0x${CHAIN_ID.toString(16).padStart(64, '0')}`);
  });
});

function optionalHex(bytes: Uint8Array | undefined): Hex | undefined {
  return bytes && toHex(bytes);
}
