import { type Address, type Hex, keccak256 } from '../crypto/index.ts';
import { hashWords, word } from './abi-words.ts';
import { TRAINING_TASKS_ADDRESS } from './addresses.ts';

const ORDER_TAG = keccak256(new TextEncoder().encode('treadle.learning.order.v1'));

/** What a leader signs when it orders a client to train a model in a round, as `TrainingTasks.orderDigest` has it. */
export function orderDigest(about: {
  readonly chainId: number;
  readonly task: bigint;
  readonly round: number;
  readonly model: Hex;
  readonly tasks?: Address;
}): Uint8Array {
  const { chainId, task, round, model, tasks = TRAINING_TASKS_ADDRESS } = about;
  return hashWords([ORDER_TAG, word(BigInt(chainId)), word(tasks), word(task), word(BigInt(round)), word(model)]);
}
