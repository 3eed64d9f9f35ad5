/** The contract suite of the environment, for tests only. */
export { type ContractWorld, connectedPair, type DiskFault, openDoor } from './contract-world.ts';
export { environmentContract } from './environment-contract.ts';
