import { encodeFunctionData } from 'viem';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Address, fromHex, toEip2537G2, toHex } from '../../src/crypto/index.ts';
import { expectRefusal } from './expect-refusal.ts';
import { addressFor } from './harness.ts';
import {
  ANSWERED,
  createOracle,
  DATA_JOB,
  digestOf,
  EXPIRED,
  FAILED,
  FEE,
  FORFEIT,
  NO_PROOF,
  numberResult,
  type Oracle,
  type OracleNode,
  PEDAL,
  PENDING,
  REGISTRY,
  SILENCE_BLOCKS,
  SILENCE_SLASH,
  STAGE_BLOCKS,
  STAKE,
  signatureOf,
  TERM_BLOCKS,
} from './pedal-fixture.ts';

const asker = addressFor('asker');
const FIRST = 0;
const SOURCE_UNREACHABLE = 2;
const NO_QUORUM = 1;

async function ready(options: Parameters<typeof createOracle>[0] = {}): Promise<Oracle> {
  const oracle = await createOracle({ expectedWinners: 9, ...options });
  await oracle.elect();
  return oracle;
}

const send = async (oracle: Oracle, id: bigint, change: { from?: Address; term?: bigint } = {}) => {
  const term = change.term ?? oracle.term();
  const outcome = oracle.outcome(id);
  const from = change.from ?? (await oracle.master(term)).account;
  return oracle.pedal.write(from, 'answer', [term, outcome, await oracle.sign(term, outcome)]);
};

describe('asking', () => {
  it('puts a request in the queue, with its deposit', async () => {
    const { pedal, chain, ask } = await ready();
    const id = await ask(asker, { value: FEE + 7n });
    expect(await pedal.read('pending', [0n, 10n])).toEqual([id]);
    const kept = await pedal.read('requestOf', [id]);
    expect(kept).toMatchObject({ state: PENDING, depositWei: FEE + 7n, job: DATA_JOB, groupSize: 4 });
    expect(await chain.balance(PEDAL)).toBe(FEE + 7n);
  });

  it('refuses what costs nothing, lasts too short or long, is too large, or is no job', async () => {
    const { pedal, chain, ask, vote } = await ready();
    await expectRefusal(ask(asker, { value: FEE - 1n }), 'DepositTooSmall', [FEE - 1n, FEE]);
    await expectRefusal(ask(asker, { seconds: 4 }), 'ExpiryOutOfBounds');
    await expectRefusal(ask(asker, { seconds: 7 * 86_400 + 1 }), 'ExpiryOutOfBounds');
    await expectRefusal(ask(asker, { gas: 2_500_001 }), 'CallbackGasTooHigh');
    await expectRefusal(ask(asker, { spec: toHex(new Uint8Array(1_001)) }), 'SpecTooLong', [1_001n, 1_000n]);
    await expectRefusal(ask(asker, { job: digestOf('no job') }), 'UnknownJob');
    const job = { ...(await pedal.read('jobOf', [DATA_JOB])), enabled: false };
    await vote(PEDAL, encodeFunctionData({ abi: pedal.abi, functionName: 'setJob', args: [DATA_JOB, job] }));
    await expectRefusal(ask(asker), 'UnknownJob');
    expect(await chain.balance(PEDAL)).toBe(0n);
  });

  it('stops a flood at the limit of a requester, and of all', async () => {
    const oracle = await ready({ openRequests: 6, openPerRequester: 4 });
    for (let count = 0; count < 4; count++) await oracle.ask(asker);
    await expectRefusal(oracle.ask(asker), 'TooManyOpenOf', [asker, 4n]);
    const other = addressFor('other');
    await oracle.ask(other);
    await oracle.ask(other);
    await expectRefusal(oracle.ask(other), 'TooManyOpen', [6n]);
    await send(oracle, 1n);
    await oracle.ask(asker);
    expect(await oracle.pedal.read('pendingCount', [])).toBe(6n);
  });

  it('refuses a request that no group can be drawn for', async () => {
    const oracle = await createOracle({ nodes: 4 });
    await expectRefusal(oracle.ask(asker), 'TooFewNodes', [4n, 5n]);
  });
});

describe('answering', () => {
  let oracle: Oracle;

  beforeEach(async () => {
    oracle = await ready();
  });

  it('takes what a quorum signed, once, and pays who worked', async () => {
    const { pedal } = oracle;
    const id = await oracle.ask(asker);
    const { events } = await send(oracle, id);
    expect(events.map(({ name }) => name)).toEqual(['Answered', 'Accepted']);
    expect(await pedal.read('requestOf', [id])).toMatchObject({ state: ANSWERED, reason: 0, term: oracle.term() });
    expect(await pedal.read('resultOf', [id])).toBe(numberResult(21n));
    expect(await pedal.read('pendingCount', [])).toBe(0n);
    const [master, group] = [await oracle.master(), await oracle.group()];
    const owed = await Promise.all([master, ...group].map(({ account }) => pedal.read('owedTo', [account])));
    expect(owed).toEqual([400n, 200n, 200n, 200n, 0n]);
    await pedal.write(master.account, 'collect', []);
    await expectRefusal(pedal.write(master.account, 'collect', []), 'NothingOwed');
    await expectRefusal(send(oracle, id), 'NotPending', [id, ANSWERED]);
  });

  it('needs floor(2s/3) + 1 signatures', async () => {
    for (const [size, quorum] of [
      [4, 3],
      [5, 4],
      [6, 5],
      [7, 5],
      [9, 7],
      [31, 21],
      [127, 85],
    ] as const) {
      expect(await oracle.pedal.read('quorumOf', [BigInt(size), false])).toBe(BigInt(quorum));
      expect(await oracle.pedal.read('quorumOf', [BigInt(size), true])).toBe(BigInt(size));
    }
    const [id, term] = [await oracle.ask(asker), oracle.term()];
    const outcome = oracle.outcome(id);
    const master = await oracle.master();
    const two = await oracle.sign(term, outcome, 2);
    await expectRefusal(oracle.pedal.write(master.account, 'answer', [term, outcome, two]), 'NoQuorum', [2n, 3n]);
    await oracle.pedal.write(master.account, 'answer', [term, outcome, await oracle.sign(term, outcome, 4)]);
  });

  it('refuses forged aggregates', async () => {
    const { pedal } = oracle;
    const [id, term] = [await oracle.ask(asker), oracle.term()];
    const outcome = oracle.outcome(id);
    const [master, group] = [await oracle.master(), await oracle.group()];
    const digest = await pedal.read('answerDigest', [term, outcome]);
    const good = await oracle.sign(term, outcome);
    const two = oracle.attest(digest, group.slice(0, 2), group);
    const infinity = `0x${'00'.repeat(256)}` as const;
    const outsider = oracle.nodes.find((node) => node !== master && !group.includes(node)) as OracleNode;
    const withOutsider = oracle.attest(digest, [...group.slice(0, 2), outsider], [...group.slice(0, 2), outsider]);
    const forged = [
      { ...two, signers: 0b111n },
      { ...good, signers: 0b1011n },
      { ...good, signers: 0b1111n },
      { ...good, signature: infinity },
      { ...good, signature: '0x' as const },
      { ...good, signature: toHex(toEip2537G2(master.key.sign(fromHex(digest)))) },
      withOutsider,
    ];
    for (const each of forged) {
      await expectRefusal(pedal.write(master.account, 'answer', [term, outcome, each]), 'NotSigned', []);
    }
    await expectRefusal(
      pedal.write(master.account, 'answer', [term, outcome, { ...good, signers: 0b10111n }]),
      'UnknownSigners',
      [0b10111n, 4n],
    );
    await pedal.write(master.account, 'answer', [term, outcome, good]);
  });

  it('refuses a result of the master instead of the one signed, and every other change', async () => {
    const { pedal } = oracle;
    const [id, other, term] = [await oracle.ask(asker), await oracle.ask(asker), oracle.term()];
    const outcome = oracle.outcome(id);
    const master = await oracle.master();
    const good = await oracle.sign(term, outcome);
    const changes = [
      { result: numberResult(22n) },
      { observedAt: outcome.observedAt + 1n },
      { id: other },
      { reason: SOURCE_UNREACHABLE, result: '0x' as const },
    ];
    for (const change of changes) {
      await expectRefusal(pedal.write(master.account, 'answer', [term, { ...outcome, ...change }, good]), 'NotSigned', []);
    }
  });

  it('refuses replays: in another term, of another request, under another contract', async () => {
    const { pedal } = oracle;
    const id = await oracle.ask(asker);
    const old = oracle.term();
    const outcome = oracle.outcome(id);
    const signed = await oracle.sign(old, outcome);
    oracle.toNextTerm();
    const [next] = [oracle.term()];
    await oracle.elect();
    const master = await oracle.master();
    await expectRefusal(pedal.write(master.account, 'answer', [next, outcome, signed]), 'NotSigned', []);
    // The group of the term before may still bring it.
    await pedal.write((await oracle.master(old)).account, 'answer', [old, outcome, signed]);
    const second = await oracle.ask(asker);
    await expectRefusal(pedal.write(master.account, 'answer', [next, { ...outcome, id: second }, signed]), 'NotSigned', []);
    oracle.toNextTerm();
    await expectRefusal(send(oracle, second, { term: old }), 'TermNotAnswerable', [old, old + 2n]);
  });

  it('refuses answers while the term has no master, and of terms to come', async () => {
    const { pedal } = oracle;
    const id = await oracle.ask(asker);
    oracle.toNextTerm();
    const outcome = oracle.outcome(id);
    const nothing = { signers: 7n, signature: NO_PROOF, proof: NO_PROOF };
    const anyone = oracle.nodes[0]?.account as Address;
    const term = oracle.term();
    await expectRefusal(pedal.write(anyone, 'answer', [term, outcome, nothing]), 'ElectionRuns');
    await expectRefusal(pedal.write(anyone, 'answer', [term + 1n, outcome, nothing]), 'TermNotAnswerable', [term + 1n, term]);
    await expectRefusal(pedal.write(anyone, 'answer', [term - 2n, outcome, nothing]), 'TermNotAnswerable', [term - 2n, term]);
  });

  it('refuses what was observed before it was asked, in the future, or after the end', async () => {
    const { pedal, chain } = oracle;
    const [id, term] = [await oracle.ask(asker, { seconds: 30 }), oracle.term()];
    const master = await oracle.master();
    const now = BigInt(chain.now());
    for (const observedAt of [now - 61n, now + 30n, now + 61n, 0n]) {
      const outcome = oracle.outcome(id, { observedAt });
      const signed = await oracle.sign(term, outcome);
      await expectRefusal(pedal.write(master.account, 'answer', [term, outcome, signed]), 'ObservedOutOfBounds');
    }
    const tooLong = oracle.outcome(id, { result: toHex(new Uint8Array(257)) });
    await expectRefusal(
      pedal.write(master.account, 'answer', [term, tooLong, await oracle.sign(term, tooLong)]),
      'ResultTooLong',
      [257n, 256n],
    );
  });

  it('lets the whole group decide where a job asks for that', async () => {
    const strict = await ready({ unanimous: true });
    const [id, term] = [await strict.ask(asker), strict.term()];
    const outcome = strict.outcome(id);
    const master = await strict.master();
    await expectRefusal(
      strict.pedal.write(master.account, 'answer', [term, outcome, await strict.sign(term, outcome, 3)]),
      'NoQuorum',
      [3n, 4n],
    );
    await send(strict, id);
  });

  it('ends with a reason that the group signed; the requester gets back all but what the job keeps', async () => {
    const { pedal } = oracle;
    const [id, term] = [await oracle.ask(asker), oracle.term()];
    const master = await oracle.master();
    const outcome = oracle.outcome(id, { reason: SOURCE_UNREACHABLE, result: '0x' });
    await pedal.write(master.account, 'answer', [term, outcome, await oracle.sign(term, outcome)]);
    expect(await pedal.read('requestOf', [id])).toMatchObject({ state: FAILED, reason: SOURCE_UNREACHABLE });
    expect(await pedal.read('owedTo', [asker])).toBe(FEE - (FEE * FORFEIT) / 10_000n);
    await expectRefusal(pedal.read('resultOf', [id]), 'UnknownRequest');
    const second = await oracle.ask(asker);
    for (const change of [{ reason: 1, result: '0x' as const }, { reason: SOURCE_UNREACHABLE }]) {
      const wrong = oracle.outcome(second, change);
      await expectRefusal(pedal.write(master.account, 'answer', [term, wrong, await oracle.sign(term, wrong)]), 'NotAnOutcome');
    }
  });

  it('expires, once, with its refund and a reason; nothing comes after', async () => {
    const { pedal, chain } = oracle;
    const id = await oracle.ask(asker, { seconds: 10 });
    await expectRefusal(pedal.write(addressFor('anyone'), 'expire', [id]), 'NotExpired');
    chain.advance(10);
    expect((await pedal.read('explain', [id])).why).toBe(1);
    const term = oracle.term();
    const late = oracle.outcome(id);
    const master = await oracle.master();
    await expectRefusal(pedal.write(master.account, 'answer', [term, late, await oracle.sign(term, late)]), 'IsExpired');
    await pedal.write(addressFor('anyone'), 'expire', [id]);
    expect(await pedal.read('requestOf', [id])).toMatchObject({ state: EXPIRED, reason: 1 });
    expect(await pedal.read('owedTo', [asker])).toBe(900n);
    expect(await pedal.read('fundWei', [])).toBe(100n);
    const before = await chain.balance(asker);
    await pedal.write(asker, 'collect', []);
    expect(await chain.balance(asker)).toBe(before + 900n);
    await expectRefusal(pedal.write(addressFor('anyone'), 'expire', [id]), 'NotPending', [id, EXPIRED]);
    expect(await pedal.read('pendingCount', [])).toBe(0n);
  });
});

describe('answering many', () => {
  it('takes them under one signature and leaves out what ended meanwhile or comes twice', async () => {
    const oracle = await ready();
    const { pedal } = oracle;
    const ids = [await oracle.ask(asker), await oracle.ask(asker), await oracle.ask(asker)];
    const term = oracle.term();
    const master = await oracle.master();
    await send(oracle, ids[1] as bigint);
    const outcomes = [...ids, ids[0] as bigint].map((id, index) => oracle.outcome(id, { result: numberResult(BigInt(index)) }));
    const group = await oracle.group();
    const digest = await pedal.read('batchDigest', [term, outcomes]);
    const signed = oracle.attest(digest, group.slice(1), group);
    await expectRefusal(pedal.write(master.account, 'answerMany', [term, [...outcomes].reverse(), signed]), 'NotSigned', []);
    const { events } = await pedal.write(master.account, 'answerMany', [term, outcomes, signed]);
    expect(events.map(({ name }) => name)).toEqual(['Skipped', 'Answered', 'Answered', 'Accepted']);
    expect(await pedal.read('resultOf', [ids[0] as bigint])).toBe(numberResult(0n));
    expect(await pedal.read('pendingCount', [])).toBe(0n);
    await expectRefusal(pedal.write(master.account, 'answerMany', [term, outcomes, signed]), 'NothingPending', []);
    await expectRefusal(pedal.write(master.account, 'answerMany', [term, [], signed]), 'BatchOutOfBounds');
  });
});

describe('staged transmission', () => {
  it('lets the work nodes bring it one after the other when the master does not', async () => {
    const oracle = await ready();
    const { chain, pedal } = oracle;
    const id = await oracle.ask(asker);
    const group = await oracle.group();
    const [first, second] = group as [OracleNode, OracleNode];
    const from = BigInt(chain.height() + STAGE_BLOCKS);
    await expectRefusal(send(oracle, id, { from: first.account }), 'NotYourTurn', [first.account, from]);
    const master = await oracle.master();
    const outsider = oracle.nodes.find((node) => node !== master && !group.includes(node)) as OracleNode;
    chain.mine(STAGE_BLOCKS);
    await expectRefusal(send(oracle, id, { from: second.account }), 'NotYourTurn');
    await expectRefusal(send(oracle, id, { from: outsider.account }), 'NotInGroup');
    expect((await pedal.read('explain', [id])).why).toBe(6);
    await send(oracle, id, { from: first.account });
    const owed = await pedal.read('owedTo', [first.account]);
    expect(owed).toBe(400n);
  });
});

describe('terms without a candidate', () => {
  it('take the number of the master whose turn it is with its first answer, in the same check', async () => {
    const oracle = await createOracle();
    oracle.passElection();
    const { pedal } = oracle;
    const term = oracle.term();
    const [id, second] = [await oracle.ask(asker), await oracle.ask(asker)];
    const outcome = oracle.outcome(id);
    const master = await oracle.master();
    const signed = await oracle.sign(term, outcome);
    const groupSeed = await pedal.read('groupSeedOf', [term]);
    await expectRefusal(pedal.write(master.account, 'answer', [term, outcome, { ...signed, proof: NO_PROOF }]), 'ProofMissing');
    const stolen = signatureOf((await oracle.group())[0]?.key ?? expect.fail(), await pedal.read('alphaOf', [term]));
    await expectRefusal(pedal.write(master.account, 'answer', [term, outcome, { ...signed, proof: stolen }]), 'NotSigned');
    const { events } = await pedal.write(master.account, 'answer', [term, outcome, signed]);
    expect(events.map(({ name }) => name)).toContain('SeedShown');
    expect(await pedal.read('seedOf', [term])).not.toBe(groupSeed);
    expect(await pedal.read('groupSeedOf', [term])).toBe(groupSeed);
    const again = oracle.outcome(second);
    await pedal.write(master.account, 'answer', [term, again, { ...(await oracle.sign(term, again)), proof: NO_PROOF }]);
  });
});

describe('a silent master', () => {
  it('is replaced by the next candidate, then by turn, and loses stake', async () => {
    const oracle = await createOracle({ expectedWinners: 3 });
    const { pedal, registry, chain } = oracle;
    let winners = await oracle.elect();
    while (winners.length < 2) {
      oracle.toNextTerm();
      winners = await oracle.elect();
    }
    const id = await oracle.ask(asker);
    const seed = await pedal.read('groupSeedOf', [oracle.term()]);
    const reporter = (await oracle.group())[0] as OracleNode;
    const until = BigInt(chain.height() + SILENCE_BLOCKS);
    await expectRefusal(pedal.write(reporter.account, 'replaceMaster', [id]), 'NotSilent', [until]);
    chain.mine(SILENCE_BLOCKS);
    expect((await pedal.read('explain', [id])).why).toBe(7);
    await expectRefusal(pedal.write(asker, 'replaceMaster', [id]), 'NotInGroup');
    await pedal.write(reporter.account, 'replaceMaster', [id]);
    expect(await oracle.master()).toBe(winners[1]);
    expect(await pedal.read('groupSeedOf', [oracle.term()])).toBe(seed);
    const view = await registry.read('nodeAt', [winners[0]?.id ?? 0]);
    expect(view).toMatchObject({ stakeWei: STAKE - SILENCE_SLASH, inSet: false });
    expect(await registry.read('owedTo', [reporter.account])).toBe(SILENCE_SLASH / 5n);
    expect(await registry.read('fundWei', [])).toBe((SILENCE_SLASH * 4n) / 5n);
    const worker = (await oracle.group())[0] as OracleNode;
    await expectRefusal(pedal.write(worker.account, 'replaceMaster', [id]), 'NotSilent');
    // The successors are silent too: everyone has its turn, once.
    const led = new Set([winners[0]?.id, winners[1]?.id]);
    for (let count = 0; count < 2 && oracle.term() === (await pedal.read('explain', [id])).term; count++) {
      chain.mine(SILENCE_BLOCKS);
      const by = (await oracle.group())[0] as OracleNode;
      await pedal.write(by.account, 'replaceMaster', [id]);
      const now = (await oracle.master()).id;
      expect(led.has(now)).toBe(false);
      led.add(now);
    }
    await send(oracle, id);
  });

  it('is not one that answers others, or says why it could not', async () => {
    const oracle = await ready();
    const { pedal, chain } = oracle;
    const [id, other] = [await oracle.ask(asker), await oracle.ask(asker)];
    const reporter = (await oracle.group())[0] as OracleNode;
    const master = await oracle.master();
    chain.mine(SILENCE_BLOCKS - 1);
    await send(oracle, other);
    chain.mine(SILENCE_BLOCKS - 1);
    await expectRefusal(pedal.write(reporter.account, 'replaceMaster', [id]), 'NotSilent');
    await expectRefusal(pedal.write(reporter.account, 'noteAttempt', [id, NO_QUORUM]), 'NotTheMaster');
    await expectRefusal(pedal.write(master.account, 'noteAttempt', [id, 0]), 'NoAttempt');
    await pedal.write(master.account, 'noteAttempt', [id, NO_QUORUM]);
    chain.mine(SILENCE_BLOCKS - 1);
    await expectRefusal(pedal.write(reporter.account, 'replaceMaster', [id]), 'NotSilent');
    expect(await pedal.read('explain', [id])).toMatchObject({ state: PENDING, attempts: 1, lastAttempt: NO_QUORUM });
    chain.mine(1);
    await pedal.write(reporter.account, 'replaceMaster', [id]);
  });
});

describe('an equivocating master', () => {
  const contents = [digestOf('a proposal'), digestOf('another proposal')] as const;
  const report = async (
    oracle: Oracle,
    node: OracleNode,
    id: bigint,
    change: { term?: bigint; attempts?: [number, number] } = {},
  ) => {
    const term = change.term ?? oracle.term();
    const [attempt, otherAttempt] = change.attempts ?? [1, 1];
    const [digest, other] = [
      await oracle.pedal.read('proposalDigest', [term, id, attempt, contents[0]]),
      await oracle.pedal.read('proposalDigest', [term, id, otherAttempt, contents[1]]),
    ];
    const [signature, otherSignature] = [signatureOf(node.key, digest), signatureOf(node.key, other)];
    return oracle.pedal.write(addressFor('reporter'), 'reportEquivocation', [
      term,
      id,
      1,
      node.id,
      contents[0],
      signature,
      contents[1],
      otherSignature,
    ]);
  };

  it('loses its stake and its office, once', async () => {
    const oracle = await ready();
    const { registry } = oracle;
    const id = await oracle.ask(asker);
    const master = await oracle.master();
    await report(oracle, master, id);
    expect(await registry.read('nodeAt', [master.id])).toMatchObject({ stakeWei: 0n, inSet: false });
    expect(await registry.read('owedTo', [addressFor('reporter')])).toBe(STAKE / 5n);
    expect((await oracle.master()).id).not.toBe(master.id);
    await registry.write(master.account, 'topUp', [], STAKE);
    await expectRefusal(report(oracle, master, id), 'AlreadyPunished');
    await send(oracle, id);
  });

  it('is only who led the term and signed both for the same attempt', async () => {
    const oracle = await ready();
    const id = await oracle.ask(asker);
    const master = await oracle.master();
    const worker = (await oracle.group())[0] as OracleNode;
    await expectRefusal(report(oracle, worker, id), 'NoEquivocation');
    await expectRefusal(report(oracle, { ...worker, id: master.id }, id), 'NotSigned');
    await expectRefusal(report(oracle, master, id, { attempts: [1, 2] }), 'NotSigned');
    await expectRefusal(report(oracle, master, id, { term: oracle.term() + 1n }), 'NoEquivocation');
  });
});

describe('a pause', () => {
  const pause = (oracle: Oracle, paused: boolean) =>
    encodeFunctionData({ abi: oracle.pedal.abi, functionName: 'setPaused', args: [paused] });

  it('takes more than two thirds of the companies, holds nothing against masters, and leaves ways out', async () => {
    const oracle = await ready();
    const { pedal, registry, chain, world } = oracle;
    const id = await oracle.ask(asker, { seconds: 600 });
    const [first, second] = world.companies;
    await expectRefusal(pedal.write(first.address, 'setPaused', [true]), 'OnlyByVote', []);
    await registry.write(first.address, 'approve', [PEDAL, pause(oracle, true)]);
    await registry.write(second.address, 'approve', [PEDAL, pause(oracle, true)]);
    expect(await pedal.read('paused', [])).toBe(false);
    await registry.write(world.companies[2].address, 'approve', [PEDAL, pause(oracle, true)]);
    expect(await pedal.read('paused', [])).toBe(true);
    await expectRefusal(oracle.ask(asker), 'OraclePaused');
    await expectRefusal(send(oracle, id), 'OraclePaused');
    expect((await pedal.read('explain', [id])).why).toBe(2);
    const reporter = (await oracle.group())[0] as OracleNode;
    chain.mine(SILENCE_BLOCKS);
    await expectRefusal(pedal.write(reporter.account, 'replaceMaster', [id]), 'OraclePaused');
    await oracle.vote(PEDAL, pause(oracle, false));
    await expectRefusal(pedal.write(reporter.account, 'replaceMaster', [id]), 'NotSilent', [
      BigInt(chain.height() + SILENCE_BLOCKS),
    ]);
    await oracle.vote(PEDAL, pause(oracle, true));
    chain.advance(600);
    await pedal.write(asker, 'expire', [id]);
    await pedal.write(asker, 'collect', []);
  });
});

describe('explaining', () => {
  it('tells what a request waits for', async () => {
    const oracle = await createOracle({ expectedWinners: 9 });
    const { pedal, chain } = oracle;
    const id = await oracle.ask(asker);
    const start = oracle.term() * BigInt(TERM_BLOCKS);
    expect(await pedal.read('explain', [id])).toMatchObject({ why: 4, nextBlock: start + 4n });
    await oracle.elect();
    const waiting = await pedal.read('explain', [id]);
    expect(waiting).toMatchObject({ why: 5, term: oracle.term(), nextBlock: BigInt(chain.height() + STAGE_BLOCKS) });
    expect(waiting.master.toLowerCase()).toBe((await oracle.master()).account);
    await send(oracle, id);
    expect(await pedal.read('explain', [id])).toMatchObject({ state: ANSWERED, why: FIRST, term: oracle.term() });
    await expectRefusal(pedal.read('explain', [99n]), 'UnknownRequest', [99n]);
    expect(REGISTRY).toBe((await pedal.read('registry', [])).toLowerCase());
  });
});
