import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Abi, decodeErrorResult, encodeFunctionData } from 'viem';
import { beforeEach, describe, expect, it } from 'vitest';
import { compileSources } from '../../scripts/build-contracts.ts';
import type { Address } from '../../src/crypto/index.ts';
import { expectRefusal } from './expect-refusal.ts';
import { addressFor, placeContract, type TestContract } from './harness.ts';
import { ANSWERED, createOracle, DATA_JOB, FEE, numberResult, type Oracle, PEDAL } from './pedal-fixture.ts';

const compiled = compileSources({
  'TemperatureAlarm.sol': readFileSync(join(import.meta.dirname, 'fixtures/TemperatureAlarm.sol'), 'utf8'),
});
const ALARM: Address = '0x00000000000000000000000000000000000b0001';
const AWKWARD: Address = '0x00000000000000000000000000000000000b0002';
const CALLBACK_GAS = 200_000;
const anyone = addressFor('anyone');

async function place(oracle: Oracle, name: string, address: Address): Promise<TestContract<Abi>> {
  const contract = compiled.get(name) ?? expect.fail();
  return placeContract(oracle.chain, address, { abi: contract.abi as Abi, bytecode: contract.bytecode }, [PEDAL]);
}

async function answering(oracle: Oracle, id: bigint) {
  const outcome = oracle.outcome(id, { result: numberResult(81n) });
  return [oracle.term(), outcome, await oracle.sign(oracle.term(), outcome)] as const;
}

async function answer(oracle: Oracle, id: bigint) {
  const args = await answering(oracle, id);
  return oracle.pedal.write((await oracle.master()).account, 'answer', args);
}

describe('a contract that asks', () => {
  let oracle: Oracle;
  let alarm: TestContract<Abi>;

  beforeEach(async () => {
    oracle = await createOracle({ expectedWinners: 9 });
    await oracle.elect();
    alarm = await place(oracle, 'TemperatureAlarm', ALARM);
    await oracle.chain.fund(anyone, 10n * FEE);
  });

  const ask = async (seconds = 60) => {
    const { returnData } = await alarm.write(anyone, 'ask', [BigInt(oracle.chain.now() + seconds)], FEE);
    return BigInt(returnData);
  };

  it('is called back with the result', async () => {
    const id = await ask();
    const { events } = await answer(oracle, id);
    const delivered = events.find(({ name }) => name === 'Delivered');
    expect(delivered?.args).toMatchObject({ id, worked: true });
    expect([await alarm.read('temperature', []), await alarm.read('alarm', []), await alarm.read('answers', [])]).toEqual([
      81n,
      true,
      1n,
    ]);
    expect(await oracle.pedal.read('requestOf', [id])).toMatchObject({ delivered: true });
  });

  it('learns of an end without a result, and fetches its refund', async () => {
    const id = await ask(10);
    oracle.chain.advance(10);
    await oracle.pedal.write(anyone, 'expire', [id]);
    expect(await alarm.read('lastFailure', [])).toBe(1);
    await alarm.write(anyone, 'fetch', []);
    expect(await oracle.chain.balance(ALARM)).toBe(900n);
  });

  it('listens to nobody but the oracle, and takes money from nobody else', async () => {
    await expectRefusal(alarm.write(anyone, 'onAnswer', [1n, numberResult(99n)]), 'OnlyPedal', [anyone]);
    await expectRefusal(alarm.write(anyone, 'onFailure', [1n, 2]), 'OnlyPedal', [anyone]);
    expect((await oracle.chain.send(anyone, { to: ALARM, value: 1n })).success).toBe(false);
  });

  it('gets all of its gas: who sends too little is refused, and the request stays', async () => {
    const id = await ask();
    const { abi } = oracle.pedal;
    const data = encodeFunctionData({ abi, functionName: 'answer', args: await answering(oracle, id) });
    const short = await oracle.chain.send((await oracle.master()).account, { to: PEDAL, data, gas: 800_000n });
    expect(decodeErrorResult({ abi, data: short.returnData }).errorName).toBe('GasTooLow');
    expect(await oracle.pedal.read('pendingCount', [])).toBe(1n);
    await answer(oracle, id);
    expect(await alarm.read('answers', [])).toBe(1n);
  });
});

describe('a callback that misbehaves', () => {
  const [REVERT, BURN_GAS, BIG_REVERT, CALL_BACK, TAKE] = [0, 1, 2, 3, 4];
  let oracle: Oracle;
  let awkward: TestContract<Abi>;

  const ask = async (gas = CALLBACK_GAS) => {
    const args = [DATA_JOB, '0x', BigInt(oracle.chain.now() + 600), gas] as const;
    const data = encodeFunctionData({ abi: oracle.pedal.abi, functionName: 'request', args });
    await oracle.chain.fund(anyone, FEE);
    await awkward.write(anyone, 'run', [data], FEE);
    return oracle.pedal.read('requestCount', []);
  };

  beforeEach(async () => {
    oracle = await createOracle({ expectedWinners: 9 });
    await oracle.elect();
    awkward = await place(oracle, 'AwkwardProd', AWKWARD);
  });

  it.each([
    ['reverts', REVERT],
    ['burns all its gas', BURN_GAS],
    ['reverts with a hundred kilobytes', BIG_REVERT],
  ])('that %s stops nothing; the result is there', async (_, manner) => {
    const id = await ask();
    await awkward.write(anyone, 'arm', [manner, '0x']);
    const { gasUsed } = await answer(oracle, id);
    expect(await oracle.pedal.read('requestOf', [id])).toMatchObject({ state: ANSWERED, delivered: false });
    expect(await oracle.pedal.read('resultOf', [id])).toBe(numberResult(81n));
    expect(gasUsed).toBeLessThan(1_500_000n);
    expect(await oracle.pedal.read('pendingCount', [])).toBe(0n);
  });

  it('cannot be answered, or ended, twice by calling back', async () => {
    const id = await ask();
    await ask();
    const outcome = oracle.outcome(id);
    const signed = await oracle.sign(oracle.term(), outcome);
    const { abi } = oracle.pedal;
    for (const data of [
      encodeFunctionData({ abi, functionName: 'answer', args: [oracle.term(), outcome, signed] }),
      encodeFunctionData({ abi, functionName: 'expire', args: [id] }),
      encodeFunctionData({ abi, functionName: 'collect', args: [] }),
    ]) {
      await awkward.write(anyone, 'arm', [CALL_BACK, data]);
      await answer(oracle, await ask());
      expect(await awkward.read('successes', [])).toBe(0n);
    }
    expect(await awkward.read('tries', [])).toBe(3n);
  });

  it('cannot collect twice when the money arrives', async () => {
    const ids = [await ask(), await ask()];
    oracle.chain.advance(600);
    for (const id of ids) await oracle.pedal.write(anyone, 'expire', [id]);
    const data = encodeFunctionData({ abi: oracle.pedal.abi, functionName: 'collect', args: [] });
    await awkward.write(anyone, 'arm', [TAKE, data]);
    const other = addressFor('other');
    await oracle.chain.fund(other, 0n);
    await oracle.ask(other);
    await awkward.write(anyone, 'run', [data]);
    expect(await oracle.chain.balance(AWKWARD)).toBe(1_800n);
    expect(await awkward.read('successes', [])).toBe(0n);
    expect(await awkward.read('tries', [])).toBe(1n);
    expect(await oracle.chain.balance(PEDAL)).toBe(FEE + 200n);
  });

  it('that asks without a deposit asks for nothing, and stops nothing', async () => {
    const id = await ask(500_000);
    const args = [DATA_JOB, '0x', BigInt(oracle.chain.now() + 600), 0] as const;
    const data = encodeFunctionData({ abi: oracle.pedal.abi, functionName: 'request', args });
    await awkward.write(anyone, 'arm', [CALL_BACK, data]);
    await answer(oracle, id);
    expect([await awkward.read('tries', []), await awkward.read('successes', [])]).toEqual([1n, 0n]);
    expect(await oracle.pedal.read('pendingCount', [])).toBe(0n);
  });
});
