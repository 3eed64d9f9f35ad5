import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Address } from '../../src/crypto/index.ts';
import { Refusal } from './harness.ts';
import { createTraining, ROUND_SECONDS, roundResult, TASKS, type Training } from './training-fixture.ts';

const CLIENT_STAKE = 77n;

type Step = {
  readonly what:
    | 'release'
    | 'enrol'
    | 'start'
    | 'advance'
    | 'answer'
    | 'fail'
    | 'expire'
    | 'cancel'
    | 'settle'
    | 'withdraw'
    | 'time';
} & {
  readonly pick: number;
  readonly who: number;
};

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom<Step['what']>(
    ...(['release', 'enrol', 'enrol', 'enrol', 'start', 'advance', 'advance', 'answer', 'answer', 'fail'] as const),
    ...(['expire', 'cancel', 'settle', 'settle', 'withdraw', 'time'] as const),
  ),
  pick: fc.nat({ max: 5 }),
  who: fc.nat({ max: 2 }),
});

const worked = (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => true,
    (error: unknown) => {
      if (error instanceof Refusal) return false;
      throw error;
    },
  );

async function take(made: Training, { what, pick, who }: Step): Promise<boolean> {
  const { tasks, owner, clients, chain } = made;
  const count = await tasks.read('taskCount', []);
  const id = count === 0n ? 1n : (BigInt(pick) % count) + 1n;
  const client = clients[who] as Address;
  if (what === 'release') return worked(made.release({ spec: { clientStakeWei: CLIENT_STAKE } }));
  if (what === 'time') {
    chain.advance(ROUND_SECONDS * (1 + pick * 3));
    return true;
  }
  if (what === 'enrol') return worked(tasks.write(client, 'enrol', [id, 10 * (who + 1)], CLIENT_STAKE));
  if (what === 'settle') return worked(tasks.write(owner, 'settleStake', [id, client]));
  if (what === 'withdraw') return worked(tasks.write(who === 2 ? owner : client, 'withdraw', []));
  if (what === 'answer' || what === 'fail') {
    if (count === 0n) return false;
    const { request, roundsDone } = await made.task(id);
    if (request === 0n) return false;
    if (what === 'fail') return worked(made.fail(request, 2));
    const lists = {
      accepted: [[0, 7], ...(pick > 2 ? [[1, 3 * pick]] : [])] as [number, number][],
      rejected: [[2, 3]] as [number, number][],
    };
    return worked(made.answer(request, roundResult(roundsDone + 1, lists).bytes));
  }
  return worked(tasks.write(what === 'start' || what === 'cancel' ? owner : client, what, [id]));
}

/** What the contract holds, and what it should hold: of open tasks, of stakes not yet settled, and what it owes. */
async function books({ tasks, pedal, chain, owner, clients, oracle }: Training) {
  let due = 0n;
  const count = await tasks.read('taskCount', []);
  for (let id = 1n; id <= count; id++) {
    const [task] = await tasks.read('taskOf', [id]);
    if (task.endedAt === 0n) due += task.leftWei + task.budgetWei + task.stakeWei;
    for (const { settled } of await tasks.read('clientsOf', [id])) if (!settled) due += CLIENT_STAKE;
  }
  const proxy = (await oracle.world.consortium.read('proxy', [])).toLowerCase() as Address;
  for (const account of new Set([owner, ...clients, proxy])) due += await tasks.read('owed', [account]);
  return { has: (await chain.balance(TASKS)) + (await pedal.read('owedTo', [TASKS])), due };
}

it('money is neither made nor lost: the contract has what it owes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 40 }), async (steps) => {
      const made = await createTraining();
      await take(made, { what: 'release', pick: 0, who: 0 });
      for (const each of steps) {
        await take(made, each);
        const { has, due } = await books(made);
        expect(has).toBe(due);
      }
    }),
    { numRuns: 6, seed: 20 },
  );
}, 120_000);
