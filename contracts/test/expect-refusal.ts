import { expect } from 'vitest';
import { Refusal } from './harness.ts';

/** Expects a call to be refused with this custom error, and with these arguments where they are given. */
export async function expectRefusal(call: Promise<unknown>, reason: string, args?: readonly unknown[]): Promise<void> {
  const outcome = await call.then(
    () => 'it was not refused',
    (error: unknown) => error,
  );
  if (!(outcome instanceof Refusal)) throw outcome instanceof Error ? outcome : new Error(String(outcome));
  expect(outcome.reason).toBe(reason);
  if (args !== undefined) expect(outcome.args.map(lower)).toEqual(args);
}

function lower(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}
