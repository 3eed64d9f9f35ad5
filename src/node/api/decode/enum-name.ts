import {
  channelActors,
  channelStatuses,
  matchReasons,
  nodeStates,
  observerRoles,
  proposalKinds,
  proposalStates,
  skipReasons,
  standings,
  taskStatuses,
} from '../../../contracts/index.ts';

/** Members of the contracts' enums by their number, under the type's name in the ABI. */
const ENUMS: Readonly<Record<string, readonly string[]>> = {
  'enum Consortium.Kind': proposalKinds,
  'enum Consortium.State': proposalStates,
  'enum Consortium.Role': observerRoles,
  'enum Consortium.Standing': standings,
  'enum EdgeRegistry.Reason': matchReasons,
  'enum EdgeRegistry.NodeState': nodeStates,
  'enum EdgeRegistry.TaskStatus': taskStatuses,
  'enum EdgeRegistry.Skipped': skipReasons,
  'enum PaymentChannels.Status': channelStatuses,
  'enum PaymentChannels.Actor': channelActors,
};

/** "noneHasCapacity (2)": the member's name with its number; undefined for what is no member of a known enum. */
export function enumName(type: string, value: unknown): string | undefined {
  const name = Object.hasOwn(ENUMS, type) ? ENUMS[type]?.[Number(value)] : undefined;
  return name === undefined ? undefined : `${name} (${String(value)})`;
}
