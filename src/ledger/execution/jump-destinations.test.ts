import { createEVM, type EVM } from '@ethereumjs/evm';
import { createAddressFromString } from '@ethereumjs/util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../crypto/index.ts';
import { chainRules } from './chain-rules.ts';
import { evmBlock } from './evm-engine.ts';
import { rememberJumpDestinations } from './jump-destinations.ts';

const SELF = createAddressFromString(`0x${'5e'.repeat(20)}`);
const CALLER = createAddressFromString(`0x${'ca'.repeat(20)}`);
const GAS = 60_000n;
const BLOCK = evmBlock(chainRules(7), {
  number: 9,
  parentHash: `0x${'ab'.repeat(32)}`,
  proposer: `0x${'c0'.repeat(20)}`,
  timestampMs: 1_700_000_000_000,
  gasLimit: 30_000_000n,
});

async function engine(fast: boolean): Promise<EVM> {
  const evm = await createEVM({ common: chainRules(7).copy() });
  if (fast) rememberJumpDestinations(evm);
  return evm;
}

/** Everything that a run says and leaves behind. */
async function outcomeOf(evm: EVM, code: Uint8Array, gasLimit: bigint) {
  await evm.stateManager.checkpoint();
  await evm.stateManager.putCode(SELF, code);
  const data = Uint8Array.from({ length: 68 }, (_, at) => at + 1);
  const { execResult } = await evm.runCall({ block: BLOCK, to: SELF, caller: CALLER, data, gasLimit });
  const slots: string[] = [];
  for (let slot = 0; slot < 8; slot++) {
    const key = new Uint8Array(32);
    key[31] = slot;
    slots.push(toHex(await evm.stateManager.getStorage(SELF, key)));
  }
  await evm.stateManager.revert();
  evm.journal.cleanJournal();
  return {
    error: execResult.exceptionError?.error,
    gas: execResult.executionGasUsed,
    refund: execResult.gasRefund,
    returned: toHex(execResult.returnValue),
    logs: execResult.logs?.map(([address, topics, body]) => [toHex(address), topics.map(toHex), toHex(body)]),
    stack: execResult.runState?.stack.getStack(),
    memoryWords: execResult.runState?.memoryWordCount,
    memory: execResult.runState === undefined ? undefined : toHex(execResult.runState.memory.read(0, 256)),
    slots,
  };
}

const push = fc.oneof(
  fc.nat(160).map((value) => [0x60, value]),
  fc.uint8Array({ minLength: 2, maxLength: 32 }).map((bytes) => [0x5f + bytes.length, ...bytes]),
);
/** Instructions that find what they need on a stack of small numbers, and single bytes of any kind. */
const instruction = fc.oneof(
  { weight: 6, arbitrary: push },
  { weight: 5, arbitrary: fc.nat(200).map((at) => [0x60, at, 0x52]) },
  { weight: 3, arbitrary: fc.nat(200).map((at) => [0x60, at, 0x51]) },
  { weight: 2, arbitrary: fc.tuple(fc.nat(7), fc.nat(3)).map(([slot, value]) => [0x60, value, 0x60, slot, 0x55]) },
  { weight: 2, arbitrary: fc.nat(7).map((slot) => [0x60, slot, 0x54]) },
  // Jumps over some bytes, forward, to a JUMPDEST; and anywhere.
  {
    weight: 4,
    arbitrary: fc.nat(6).map((skipped) => [0x60, 4 + skipped, 0x58, 0x01, 0x56, ...new Array(skipped).fill(0x01), 0x5b]),
  },
  { weight: 4, arbitrary: fc.constantFrom(0, 1).map((taken) => [0x60, taken, 0x60, 6, 0x58, 0x01, 0x57, 0x5b, 0x5b]) },
  { weight: 1, arbitrary: fc.nat(90).map((to) => [0x60, to, 0x56]) },
  { weight: 4, arbitrary: fc.constant([0x5b]) },
  { weight: 2, arbitrary: fc.tuple(fc.nat(80), fc.nat(80)).map(([from, size]) => [0x60, size, 0x60, from, 0x20]) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(80), fc.nat(80)).map(([from, size]) => [0x60, size, 0x60, from, 0xa0]) },
  { weight: 1, arbitrary: fc.constant([0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x30, 0x61, 0x10, 0x00, 0xf1]) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(80), fc.nat(80)).map(([from, size]) => [0x60, size, 0x60, from, 0xf3]) },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom(
        0x01,
        0x02,
        0x03,
        0x04,
        0x0a,
        0x10,
        0x14,
        0x15,
        0x1b,
        0x30,
        0x35,
        0x36,
        0x42,
        0x50,
        0x59,
        0x5a,
        0x80,
        0x81,
        0x90,
        0x91,
      )
      .map((code) => [code]),
  },
  { weight: 1, arbitrary: fc.nat(255).map((code) => [code]) },
);
/** Begins with a stack of small numbers, so that most programs come to their end. */
const program = fc.array(instruction, { maxLength: 40 }).map((parts) => {
  const stack = Array.from({ length: 24 }, (_, at) => [0x60, 3 * at]);
  return Uint8Array.from([...stack, ...parts].flat());
});

describe('an engine that remembers jump destinations', () => {
  it('does what the one of @ethereumjs does, for any code', async () => {
    const [fast, plain] = [await engine(true), await engine(false)];
    let finished = 0;
    await fc.assert(
      fc.asyncProperty(program, fc.double({ min: 0, max: 1, noNaN: true }), async (code, share) => {
        const whole = await outcomeOf(plain, code, GAS);
        expect(await outcomeOf(fast, code, GAS)).toEqual(whole);
        if (whole.error === undefined) finished++;
        // Just enough gas, just too little, and any part of it.
        const part = BigInt(Math.floor(share * Number(whole.gas)));
        for (const gas of [whole.gas, whole.gas - 1n, whole.gas - 3n, part]) {
          if (gas >= 0n) expect(await outcomeOf(fast, code, gas)).toEqual(await outcomeOf(plain, code, gas));
        }
      }),
      { numRuns: 300 },
    );
    expect(finished, 'programs that come to their end').toBeGreaterThan(100);
  });

  it('does so again when it knows the code', async () => {
    const [fast, plain] = [await engine(true), await engine(false)];
    // Counts down from 20, storing the counter in memory, and returns 640 bytes.
    const code = fromHex('60145b8080602002525f19018060025750610280 5ff3'.replaceAll(' ', ''));
    const expected = await outcomeOf(plain, code, GAS);
    expect(expected).toMatchObject({ error: undefined, memoryWords: 21n });
    for (let run = 0; run < 3; run++) expect(await outcomeOf(fast, code, GAS)).toEqual(expected);
  });

  it('pays for far memory as the library does, and runs out of gas as it does', async () => {
    const [fast, plain] = [await engine(true), await engine(false)];
    for (const offset of ['61ffff', '62ffffff', '63ffffffff', `7f${'ff'.repeat(32)}`]) {
      for (const instructions of ['6001', ''].flatMap((value) => [`${value}${offset}52`, `${value}${offset}51`])) {
        const code = fromHex(instructions);
        expect(await outcomeOf(fast, code, GAS), instructions).toEqual(await outcomeOf(plain, code, GAS));
      }
    }
  });
});
