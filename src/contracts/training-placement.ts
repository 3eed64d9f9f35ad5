import { encodeDeployData } from 'viem';
import type { Address, Hex } from '../crypto/index.ts';
import { ORACLE_REGISTRY_ADDRESS, PEDAL_ADDRESS, TRAINING_TASKS_ADDRESS } from './addresses.ts';
import { trainingTasksArtifact } from './generated/training-tasks.ts';

/** What bounds the tasks of learning; for good. */
export interface TrainingConfig {
  /** The least stake of whoever releases a task. */
  readonly minStakeWei: bigint;
  /** Tasks that are not over, in all and of one owner. */
  readonly openTasks: number;
  readonly openPerOwner: number;
}

/** Creation code of the contract of training tasks; it asks no other contract while it is made. */
export function trainingContract(config: TrainingConfig): {
  readonly name: string;
  readonly address: Address;
  readonly initCode: Hex;
} {
  return {
    name: trainingTasksArtifact.name,
    address: TRAINING_TASKS_ADDRESS,
    initCode: encodeDeployData({
      abi: trainingTasksArtifact.abi,
      bytecode: trainingTasksArtifact.bytecode,
      args: [ORACLE_REGISTRY_ADDRESS, PEDAL_ADDRESS, config],
    }),
  };
}
