import { afterEach, beforeEach, describe } from 'vitest';
import { clockContract } from './clock-contract.ts';
import { computeContract } from './compute-contract.ts';
import { connectionContract } from './connection-contract.ts';
import type { ContractWorld } from './contract-world.ts';
import { logContract, tableContract } from './disk-contract.ts';
import { frameContract } from './frame-contract.ts';
import { outsideContract } from './outside-contract.ts';
import { requestContract } from './request-contract.ts';

/** The suite that every implementation of the environment passes; each test has a world of its own. */
export function environmentContract(name: string, makeWorld: () => Promise<ContractWorld>): void {
  describe(`environment contract: ${name}`, () => {
    let current: ContractWorld | undefined;
    beforeEach(async () => {
      current = await makeWorld();
    });
    afterEach(async () => {
      await current?.close();
    });
    const world = (): ContractWorld => current as ContractWorld;
    describe('clock', () => clockContract(world));
    describe('connections', () => connectionContract(world));
    describe('frames', () => frameContract(world));
    describe('requests', () => requestContract(world));
    describe('sources outside', () => outsideContract(world));
    describe('logs', () => logContract(world));
    describe('tables and blobs', () => tableContract(world));
    describe('randomness, processors, metrics', () => computeContract(world));
  });
}
