import { createRequire } from 'node:module';

/** The smallest contract with state, an event and a refusal. */
const SOURCE = `
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;
contract Counter {
  event Added(address indexed who, uint256 amount, uint256 total);
  uint256 public total;
  function add(uint256 amount) external {
    require(amount > 0, "nothing to add");
    total += amount;
    emit Added(msg.sender, amount, total);
  }
}`;

export const COUNTER_SIGNATURES = [
  'event Added(address indexed who, uint256 amount, uint256 total)',
  'function total() view returns (uint256)',
  'function add(uint256 amount)',
] as const;

interface Solc {
  compile(input: string): string;
}

/** Its creation code, compiled on the spot. */
export function compileCounter(): `0x${string}` {
  const solc = createRequire(import.meta.url)('solc') as Solc;
  const input = {
    language: 'Solidity',
    sources: { 'counter.sol': { content: SOURCE } },
    settings: { evmVersion: 'prague', outputSelection: { '*': { Counter: ['evm.bytecode.object'] } } },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as {
    readonly contracts: {
      readonly 'counter.sol': { readonly Counter: { readonly evm: { readonly bytecode: { readonly object: string } } } };
    };
  };
  return `0x${output.contracts['counter.sol'].Counter.evm.bytecode.object}`;
}
