import { beforeEach, describe, it } from 'vitest';
import { expectRefusal } from './expect-refusal.ts';
import { addressFor } from './harness.ts';
import { createOracle, NO_PROOF, type Oracle, type OracleNode } from './pedal-fixture.ts';

const asker = addressFor('asker');
const GROUP = 7;
const DISHONEST = 2;
const QUORUM = 5;

describe('as many colluders as a group may have', () => {
  let oracle: Oracle;
  beforeEach(async () => {
    oracle = await createOracle({ nodes: 9, groupSize: GROUP, expectedWinners: 9 });
    await oracle.elect();
  });

  it('cannot bring a wrong result, with the master among them, however they put their signatures together', async () => {
    const { pedal } = oracle;
    const [id, term] = [await oracle.ask(asker), oracle.term()];
    const [master, group] = [await oracle.master(), await oracle.group()];
    const right = oracle.outcome(id);
    const wrong = { ...right, result: `0x${'66'.repeat(32)}` as const };
    const wrongDigest = await pedal.read('answerDigest', [term, wrong]);
    const rightDigest = await pedal.read('answerDigest', [term, right]);
    const colluders = group.slice(0, DISHONEST);
    const all = [...colluders, master];
    const told = (digest: `0x${string}`, signers: readonly OracleNode[]) => oracle.attest(digest, signers, group);
    const full = (1n << BigInt(QUORUM)) - 1n;

    // Their own signatures are too few, and the master does not count as a member.
    await expectRefusal(pedal.write(master.account, 'answer', [term, wrong, told(wrongDigest, colluders)]), 'NoQuorum', [
      BigInt(DISHONEST),
      BigInt(QUORUM),
    ]);
    const { signature } = oracle.attest(wrongDigest, all, all);
    const honest = told(rightDigest, group.slice(0, QUORUM));
    const forgeries = [
      // Signatures of the colluders, in the name of a quorum.
      { ...told(wrongDigest, colluders), signers: full },
      // The master's beside them.
      { signers: full, signature, proof: NO_PROOF },
      // What honest members signed for the right result.
      { ...honest, proof: NO_PROOF },
    ];
    for (const forged of forgeries) {
      await expectRefusal(pedal.write(master.account, 'answer', [term, wrong, forged]), 'NotSigned', []);
    }
    await pedal.write(master.account, 'answer', [term, right, honest]);
  });
});
