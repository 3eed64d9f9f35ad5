import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Address } from '../../src/crypto/index.ts';
import { addressFor, Refusal } from './harness.ts';
import { ANSWERED, createOracle, FEE, type Oracle, PEDAL, REGISTRY, SILENCE_BLOCKS } from './pedal-fixture.ts';

const OPEN_MAX = 4;
const OPEN_OF_MAX = 3;
const SOURCE_REFUSED = 3;

type Step =
  | { readonly type: 'ask'; readonly who: number; readonly extraWei: number; readonly seconds: number }
  | { readonly type: 'answer'; readonly pick: number; readonly manner: 'good' | 'failure' | 'few' | 'changed' | 'by a worker' }
  | { readonly type: 'answer many'; readonly picks: readonly number[] }
  | { readonly type: 'expire' | 'replace'; readonly pick: number }
  | { readonly type: 'collect'; readonly who: number }
  | { readonly type: 'elect' | 'next term' }
  | { readonly type: 'mine'; readonly blocks: number };

const pick = fc.nat({ max: 9 });
const manner = fc.constantFrom<'good' | 'failure' | 'few' | 'changed' | 'by a worker'>(
  'good',
  'good',
  'failure',
  'few',
  'changed',
  'by a worker',
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('ask' as const),
      who: fc.nat({ max: 1 }),
      extraWei: fc.nat({ max: 100 }),
      seconds: fc.integer({ min: 5, max: 90 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('answer' as const), pick, manner }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('answer many' as const), picks: fc.array(pick, { minLength: 1, maxLength: 4 }) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('expire' as const, 'replace' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('collect' as const), who: fc.nat({ max: 8 }) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('elect' as const, 'next term' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('mine' as const), blocks: fc.integer({ min: 1, max: SILENCE_BLOCKS + 1 }) }),
  },
);

/** What a request ought to be. */
interface Asked {
  readonly id: bigint;
  readonly requester: Address;
  readonly depositWei: bigint;
  readonly expiresAt: number;
  ended: boolean;
}

const requesters = [addressFor('asker a'), addressFor('asker b')] as const;

const worked = (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => true,
    (error: unknown) => {
      if (error instanceof Refusal) return false;
      throw error;
    },
  );

async function sendAnswer(oracle: Oracle, request: Asked, how: Extract<Step, { type: 'answer' }>['manner']): Promise<boolean> {
  const term = oracle.term();
  const outcome = oracle.outcome(request.id, how === 'failure' ? { reason: SOURCE_REFUSED, result: '0x' } : {});
  const signed = await oracle.sign(term, outcome, how === 'few' ? 2 : undefined);
  const from = how === 'by a worker' ? (await oracle.group())[3] : await oracle.master();
  const sent = how === 'changed' ? { ...outcome, observedAt: outcome.observedAt - 1n } : outcome;
  return worked(oracle.pedal.write(from?.account ?? PEDAL, 'answer', [term, sent, signed]));
}

async function sendMany(oracle: Oracle, requests: readonly Asked[]): Promise<boolean> {
  const term = oracle.term();
  const outcomes = requests.map(({ id }) => oracle.outcome(id, { observedAt: BigInt(oracle.chain.now() - 1) }));
  const group = await oracle.group();
  const digest = await oracle.pedal.read('batchDigest', [term, outcomes]);
  const { proof } = await oracle.sign(term, outcomes[0] ?? oracle.outcome(0n));
  const signed = oracle.attest(digest, group.slice(0, 3), group, proof);
  return worked(oracle.pedal.write((await oracle.master()).account, 'answerMany', [term, outcomes, signed]));
}

/** Does a step and says in the model what has to come of it. */
async function perform(oracle: Oracle, asked: Asked[], each: Step): Promise<void> {
  const { chain, pedal } = oracle;
  const request = 'pick' in each ? asked[each.pick % Math.max(1, asked.length)] : undefined;
  const open = asked.filter(({ ended }) => !ended);
  if (each.type === 'mine') chain.mine(each.blocks);
  else if (each.type === 'next term') oracle.toNextTerm();
  else if (each.type === 'elect') {
    if (chain.height() % 32 === 0) await worked(oracle.elect());
    else oracle.passElection();
  } else if (each.type === 'ask') {
    const requester = requesters[each.who as 0 | 1];
    const depositWei = FEE + BigInt(each.extraWei);
    const expiresAt = chain.now() + each.seconds;
    const ask = () => oracle.ask(requester, { value: depositWei, seconds: each.seconds });
    const allowed = open.length < OPEN_MAX && open.filter((other) => other.requester === requester).length < OPEN_OF_MAX;
    if (!allowed) expect(await worked(ask())).toBe(false);
    else asked.push({ id: await ask(), requester, depositWei, expiresAt, ended: false });
  } else if (each.type === 'collect') {
    const account = [...requesters, ...oracle.nodes.map((node) => node.account)][each.who] ?? requesters[0];
    const owed = await pedal.read('owedTo', [account]);
    const before = await chain.balance(account);
    expect(await worked(pedal.write(account, 'collect', []))).toBe(owed > 0n);
    expect(await chain.balance(account)).toBe(before + owed);
  } else if (each.type === 'answer many') {
    if (asked.length === 0) return;
    oracle.passElection();
    const chosen = each.picks.map((index) => asked[index % asked.length] as Asked);
    const answerable = chosen.filter(({ ended, expiresAt }) => !ended && chain.now() < expiresAt);
    expect(await sendMany(oracle, chosen)).toBe(answerable.length > 0);
    for (const one of answerable) one.ended = true;
  } else if (request !== undefined && each.type === 'answer') {
    oracle.passElection();
    const right = each.manner === 'good' || each.manner === 'failure';
    const done = await sendAnswer(oracle, request, each.manner);
    // A worker may have its turn or not; all else is certain.
    if (each.manner !== 'by a worker' || request.ended || chain.now() >= request.expiresAt) {
      expect(done, each.manner).toBe(right && !request.ended && chain.now() < request.expiresAt);
    }
    request.ended ||= done;
  } else if (request !== undefined && each.type === 'expire') {
    const allowed = !request.ended && chain.now() >= request.expiresAt;
    expect(await worked(pedal.write(requesters[0], 'expire', [request.id]))).toBe(allowed);
    request.ended ||= allowed;
  } else if (request !== undefined && each.type === 'replace') {
    oracle.passElection();
    await worked(pedal.write((await oracle.group())[1]?.account ?? PEDAL, 'replaceMaster', [request.id]));
  }
}

async function check(oracle: Oracle, asked: readonly Asked[]): Promise<void> {
  const { chain, pedal, registry, nodes } = oracle;
  const open = asked.filter(({ ended }) => !ended);
  const queue = await pedal.read('pending', [0n, 500n]);
  expect(queue.toSorted()).toEqual(open.map(({ id }) => id).toSorted());
  for (const requester of requesters) {
    expect(await pedal.read('openOf', [requester])).toBe(BigInt(open.filter((one) => one.requester === requester).length));
  }
  const accounts = [...requesters, ...nodes.map(({ account }) => account)];
  const sum = (values: readonly bigint[]) => values.reduce((all, value) => all + value, 0n);
  const owed = sum(await Promise.all(accounts.map((account) => pedal.read('owedTo', [account]))));
  const locked = sum(open.map(({ depositWei }) => depositWei));
  expect(await chain.balance(PEDAL)).toBe(locked + owed + (await pedal.read('fundWei', [])));
  const stakes = sum(await Promise.all(nodes.map(async ({ id }) => (await registry.read('nodeAt', [id])).stakeWei)));
  const rewards = sum(await Promise.all(accounts.map((account) => registry.read('owedTo', [account]))));
  expect(await chain.balance(REGISTRY)).toBe(stakes + rewards + (await registry.read('fundWei', [])));
}

describe('requests in any order of events', () => {
  it('end at most once, are in the queue exactly until then, and all money is owned by somebody', async () => {
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 40 }), async (steps) => {
        const oracle = await createOracle({
          nodes: 7,
          expectedWinners: 2,
          openRequests: OPEN_MAX,
          openPerRequester: OPEN_OF_MAX,
        });
        await oracle.elect();
        const asked: Asked[] = [];
        for (const each of steps) {
          await perform(oracle, asked, each);
          await check(oracle, asked);
        }
        const states = await Promise.all(asked.map(async ({ id }) => (await oracle.pedal.read('requestOf', [id])).state));
        answered += states.filter((state) => state === ANSWERED).length;
      }),
      { numRuns: 8 },
    );
    expect(answered).toBeGreaterThan(5);
  });
});

describe('groups of any size', () => {
  it('are the front of one permutation: a larger one begins with the smaller, without master and doubles', async () => {
    const oracle = await createOracle({ nodes: 12, expectedWinners: 2 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 3 }), async (size, terms) => {
        for (let count = 0; count < terms; count++) oracle.toNextTerm();
        await oracle.elect();
        const [smaller, larger] = [
          await oracle.pedal.read('groupOf', [oracle.term(), BigInt(size)]),
          await oracle.pedal.read('groupOf', [oracle.term(), BigInt(size + 1)]),
        ];
        expect(larger.slice(0, size)).toEqual(smaller);
        expect(new Set(larger).size).toBe(size + 1);
        expect(larger).not.toContain(await oracle.pedal.read('masterOf', [oracle.term()]));
      }),
      { numRuns: 12 },
    );
  });
});
