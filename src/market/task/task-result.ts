import type { SigningDomain } from '../../contracts/index.ts';
import { type NodeKey, recoverAddress } from '../../crypto/index.ts';
import { typedStruct } from '../signing/typed-data.ts';
import { outputHashOf, TASK_STATUSES, type TaskResult } from './task-messages.ts';

const struct = typedStruct(
  'Treadle Market',
  'TaskResult(bytes32 taskId,bytes32 inputHash,bytes32 outputHash,address node,uint8 status)',
);

function digest(domain: SigningDomain, inputHash: Uint8Array, result: Omit<TaskResult, 'signature'>): Uint8Array {
  return struct.digest(domain, [
    { bytes32: result.taskId },
    { bytes32: inputHash },
    { bytes32: outputHashOf(result) },
    { address: result.node },
    { uint: BigInt(TASK_STATUSES.indexOf(result.status)) },
  ]);
}

/** Signs a result (EIP-712, domain "Treadle Market" of the registry contract): this node made this output from that input. */
export function signTaskResult(
  domain: SigningDomain,
  key: NodeKey,
  facts: Omit<TaskResult, 'signature' | 'node'> & { readonly inputHash: Uint8Array },
): TaskResult {
  const { inputHash, ...rest } = facts;
  const result = { ...rest, node: key.address };
  return { ...result, signature: key.sign(digest(domain, inputHash, result)) };
}

/** True when the node that the result names signed it, for this input. */
export function taskResultIsValid(domain: SigningDomain, inputHash: Uint8Array, result: TaskResult): boolean {
  return recoverAddress(digest(domain, inputHash, result), result.signature) === result.node;
}
