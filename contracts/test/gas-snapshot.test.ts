import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { gasOfCalls } from './gas-of-calls.ts';

/** What EdgeToll's contract uses to open and close one channel (Xiao et al. 2019). */
const EDGETOLL_GAS = 117_600;

it('every call costs the gas of the snapshot; after a change that is meant: node scripts/gas-snapshot.ts --write', async () => {
  const committed: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '../gas-snapshot.json'), 'utf8'));
  const measured = await gasOfCalls();
  expect(measured).toEqual(committed);
  expect(measured['PaymentChannels.open + cooperativeClose']).toBeLessThan(EDGETOLL_GAS);
  expect(measured['EdgeRegistry.requestMatch (of 100)']).toBeLessThan(150_000);
});
