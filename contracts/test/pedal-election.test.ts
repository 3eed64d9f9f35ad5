import { describe, expect, it } from 'vitest';
import { fromHex, type Hex, keccak256, proveVrf, toHex, vrfOutput, vrfThreshold } from '../../src/crypto/index.ts';
import { expectRefusal } from './expect-refusal.ts';
import { addressFor } from './harness.ts';
import {
  createOracle,
  ELECT_BLOCKS,
  type Oracle,
  type OracleNode,
  placeOracle,
  signatureOf,
  TERM_BLOCKS,
} from './pedal-fixture.ts';

const outputOf = (node: OracleNode, alpha: Hex) => BigInt(toHex(vrfOutput(proveVrf(node.key, fromHex(alpha)))));

/** Goes on until a term has so many winners. */
async function termWith(oracle: Oracle, wanted: (winners: number) => boolean, expectedWinners = 1): Promise<Hex> {
  for (let count = 0; count < 40; count++) {
    const alpha = await oracle.pedal.read('alphaOf', [oracle.term()]);
    const threshold = vrfThreshold(expectedWinners, oracle.nodes.length);
    if (wanted(oracle.nodes.filter((node) => outputOf(node, alpha) < threshold).length)) return alpha;
    oracle.toNextTerm();
  }
  throw new Error('no such term in forty');
}

/** The permutation as the contract's comment has it, done again with plain numbers. */
function permutation(set: readonly number[], seed: Hex): readonly number[] {
  const list = [...set];
  for (let index = 0; index < list.length; index++) {
    const word = BigInt(toHex(keccak256(fromHex(`${seed}${index.toString(16).padStart(64, '0')}`))));
    const other = index + Number(word % BigInt(list.length - index));
    [list[index], list[other]] = [list[other] as number, list[index] as number];
  }
  return list;
}

describe('election', () => {
  it('makes the threshold that nodes compute', async () => {
    for (const [nodes, winners] of [
      [4, 1],
      [9, 2],
      [5, 5],
      [5, 9],
    ] as const) {
      const { pedal, term } = await createOracle({ nodes, expectedWinners: winners, groupSize: 4 });
      expect(await pedal.read('thresholdOf', [term()])).toBe(vrfThreshold(winners, nodes));
    }
  });

  it('takes the smallest of several, whatever the order in which they come', async () => {
    const oracle = await createOracle({ nodes: 7, expectedWinners: 3 });
    const alpha = await termWith(oracle, (winners) => winners >= 3, 3);
    const winners = await oracle.elect();
    const numbers = winners.map((node) => outputOf(node, alpha));
    expect(numbers).toEqual(numbers.toSorted((left, right) => (left < right ? -1 : 1)));
    expect(await oracle.master()).toBe(winners[0]);
    const kept = await oracle.pedal.read('candidatesOf', [oracle.term()]);
    expect(kept.map(({ id }) => id)).toEqual(winners.map(({ id }) => id));
    expect(BigInt(await oracle.pedal.read('seedOf', [oracle.term()]))).toBe(numbers[0]);
    expect(BigInt(await oracle.pedal.read('groupSeedOf', [oracle.term()]))).toBe(numbers[0]);
  });

  it('takes whose turn it is when nobody comes forward', async () => {
    const oracle = await createOracle();
    const { pedal, registry, term, nodes } = oracle;
    for (let count = 0; count < 3; count++) {
      oracle.passElection();
      const set = await registry.read('setOf', [term()]);
      expect((await oracle.master()).id).toBe(set[Number(term()) % nodes.length]);
      expect(await pedal.read('seedOf', [term()])).toBe(await pedal.read('groupSeedOf', [term()]));
      oracle.toNextTerm();
    }
  });

  it('has no master while it runs', async () => {
    const oracle = await createOracle({ expectedWinners: 9 });
    expect(BigInt(await oracle.pedal.read('masterOf', [oracle.term()]))).toBe(0n);
    await oracle.elect();
    expect(BigInt(await oracle.pedal.read('masterOf', [oracle.term()]))).not.toBe(0n);
    expect(BigInt(await oracle.pedal.read('masterOf', [oracle.term() + 1n]))).toBe(0n);
  });

  it('draws the group as the front of the permutation, without the master', async () => {
    for (const nodes of [5, 8, 12]) {
      const oracle = await createOracle({ nodes, expectedWinners: 2 });
      for (let count = 0; count < 3; count++) {
        await oracle.elect();
        const set = await oracle.registry.read('setOf', [oracle.term()]);
        const seed = await oracle.pedal.read('groupSeedOf', [oracle.term()]);
        const master = await oracle.master();
        const expected = permutation(set, seed).filter((id) => id !== master.id);
        expect((await oracle.group()).map(({ id }) => id)).toEqual(expected.slice(0, 4));
        oracle.toNextTerm();
      }
    }
  });

  it('refuses numbers above the threshold, false ones, strangers, and what comes twice or late', async () => {
    const oracle = await createOracle();
    const { pedal, term, nodes } = oracle;
    const alpha = await termWith(oracle, (winners) => winners === 1);
    const threshold = vrfThreshold(1, nodes.length);
    const winner = nodes.find((node) => outputOf(node, alpha) < threshold) as OracleNode;
    const loser = nodes.find((node) => node !== winner) as OracleNode;
    await expectRefusal(pedal.write(loser.account, 'elect', [term(), oracle.proofOf(loser, alpha)]), 'AboveThreshold');
    // A pretended master: it shows the winner's proof, or bytes that hash to a small number.
    await expectRefusal(pedal.write(loser.account, 'elect', [term(), oracle.proofOf(winner, alpha)]), 'NoVrfProof', [loser.id]);
    await expectRefusal(pedal.write(loser.account, 'elect', [term(), smallHash(threshold)]), 'NoVrfProof', [loser.id]);
    const stranger = addressFor('stranger');
    await expectRefusal(pedal.write(stranger, 'elect', [term(), oracle.proofOf(winner, alpha)]), 'NotInSet', [stranger, term()]);
    await expectRefusal(pedal.write(winner.account, 'elect', [term() + 1n, oracle.proofOf(winner, alpha)]), 'NotThisTerm');
    await pedal.write(winner.account, 'elect', [term(), oracle.proofOf(winner, alpha)]);
    await expectRefusal(pedal.write(winner.account, 'elect', [term(), oracle.proofOf(winner, alpha)]), 'AlreadyCandidate');
    oracle.passElection();
    await expectRefusal(pedal.write(winner.account, 'elect', [term(), oracle.proofOf(winner, alpha)]), 'ElectionOver', [term()]);
  });

  it('refuses a number that belongs to another term', async () => {
    const oracle = await createOracle({ expectedWinners: 9 });
    const { pedal, term, nodes } = oracle;
    const node = nodes[0] as OracleNode;
    const old = oracle.proofOf(node, await pedal.read('alphaOf', [term()]));
    oracle.toNextTerm();
    await expectRefusal(pedal.write(node.account, 'elect', [term(), old]), 'NoVrfProof', [node.id]);
  });

  it('does not let a node in that registered when the term had begun', async () => {
    const oracle = await createOracle({ expectedWinners: 9 });
    const { registerNode } = await import('./pedal-fixture.ts');
    const late = await registerNode(oracle, 'late');
    const proof = signatureOf(late.key, await oracle.pedal.read('alphaOf', [oracle.term()]));
    await expectRefusal(oracle.pedal.write(late.account, 'elect', [oracle.term(), proof]), 'NotInSet');
  });

  it('makes the next alpha of this seed and the hash of the last block', async () => {
    const oracle = await createOracle({ expectedWinners: 9 });
    const { pedal, chain } = oracle;
    const alphas = new Set<Hex>();
    for (let count = 0; count < 3; count++) {
      alphas.add(await pedal.read('alphaOf', [oracle.term()]));
      if (count !== 1) await oracle.elect();
      const seed = await pedal.read('seedOf', [oracle.term()]);
      const previous = oracle.term();
      oracle.toNextTerm();
      const alpha = await pedal.read('alphaOf', [oracle.term()]);
      await pedal.write(oracle.nodes[0]?.account as Hex, 'elect', [
        oracle.term(),
        oracle.proofOf(oracle.nodes[0] as OracleNode, alpha),
      ]);
      const opened = await pedal.read('termOf', [oracle.term()]);
      expect(opened.alpha).toBe(alpha);
      if (count !== 1) expect(opened.previous).toBe(previous);
      const parts = [await pedal.read('ALPHA_TAG', []), word(chain.chainId), word(pedal.address), word(oracle.term()), seed];
      const lastBlock = chain.hashOf(Number(oracle.term()) * TERM_BLOCKS - 1);
      if (count !== 1)
        expect(alpha).toBe(toHex(keccak256(fromHex(`0x${[...parts, lastBlock].map((part) => part.slice(2)).join('')}`))));
      oracle.toNextTerm();
    }
    expect(alphas.size).toBe(3);
  });

  it('falls back as often as chance says', async () => {
    // (1 - 1/6)^6 = 0.335 of the terms have no candidate: in 120 terms 40 +- 5.2, so 5 standard deviations are 14 to 66.
    const oracle = await createOracle();
    let none = 0;
    for (let count = 0; count < 120; count++) {
      const alpha = await oracle.pedal.read('alphaOf', [oracle.term()]);
      if (!oracle.nodes.some((node) => outputOf(node, alpha) < vrfThreshold(1, 6))) none++;
      oracle.toNextTerm();
    }
    expect(none).toBeGreaterThan(14);
    expect(none).toBeLessThan(66);
  });

  it('has neither master nor group where nobody is registered', async () => {
    const { pedal, chain } = await placeOracle();
    chain.mine(TERM_BLOCKS + ELECT_BLOCKS);
    expect(BigInt(await pedal.read('masterOf', [1n]))).toBe(0n);
    await expectRefusal(pedal.read('groupOf', [1n, 4n]), 'TooFewNodes', [0n, 5n]);
  });
});

/** 256 bytes whose hash is below the threshold. */
function smallHash(threshold: bigint): Hex {
  for (let count = 0; ; count++) {
    const bytes = toHex(new Uint8Array(256).fill(count % 256).fill(count >> 8, 0, 100));
    if (BigInt(toHex(keccak256(fromHex(bytes)))) < threshold) return bytes;
  }
}

function word(value: number | bigint | Hex): Hex {
  const hex = typeof value === 'string' ? value.slice(2) : value.toString(16);
  return `0x${hex.padStart(64, '0')}`;
}
