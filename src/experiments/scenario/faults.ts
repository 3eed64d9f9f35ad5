import type { Micros } from '../../environment/index.ts';
import { nearestName } from '../../suggestion.ts';
import type { ScenarioText } from './scenario-text.ts';

/** What goes wrong at a time. Nodes are named `proxy`, `centre`, `company-1`, `edge-1`, `device-1` and so on. */
export type Fault = { readonly atMicros: Micros } & (
  | { readonly type: 'crash'; readonly nodes: readonly string[] }
  | { readonly type: 'restart'; readonly nodes: readonly string[] }
  /** Nodes of different groups cannot reach each other; nodes in no group reach everyone. */
  | { readonly type: 'partition'; readonly groups: readonly (readonly string[])[] }
  | { readonly type: 'heal' }
);

/** A fault as the file states it, after the schema was checked. */
export interface FaultEntry {
  readonly at: string;
  readonly crash?: readonly string[];
  readonly restart?: readonly string[];
  readonly partition?: readonly (readonly string[])[];
  readonly heal?: 'all';
}

/** How many nodes of each kind there are to be named. */
export interface NodeCounts {
  readonly companies: number;
  readonly edges: number;
  readonly oracles: number;
  readonly devices: number;
}

export interface FaultContext {
  readonly source: ScenarioText;
  readonly counts: NodeCounts;
  readonly durationMicros: Micros;
}

/**
 * Reads the list of faults: in order of time, each naming nodes that exist and doing what is possible then.
 *
 * @throws TreadleError SCENARIO_INVALID
 */
export function readFaults(entries: readonly FaultEntry[], context: FaultContext): readonly Fault[] {
  const faults = entries.map((entry, index) => ({
    fault: readFault(entry, ['faults', index], context),
    path: ['faults', index] as const,
  }));
  faults.sort((left, right) => left.fault.atMicros - right.fault.atMicros);
  const down = new Set<string>();
  for (const { fault, path } of faults) checkPossible(fault, down, (detail) => context.source.invalid(path, detail));
  return faults.map(({ fault }) => fault);
}

const ACTIONS = ['crash', 'restart', 'partition', 'heal'] as const;

function readFault(entry: FaultEntry, path: readonly [string, number], { source, counts, durationMicros }: FaultContext): Fault {
  const actions = ACTIONS.filter((action) => entry[action] !== undefined);
  const [action] = actions;
  if (action === undefined || actions.length > 1) {
    throw source.invalid(
      path,
      `a fault does exactly one of ${ACTIONS.join(', ')}; this does ${actions.join(' and ') || 'nothing'}`,
    );
  }
  const atMicros = source.quantity('duration', entry.at, [...path, 'at']);
  if (atMicros > durationMicros) throw source.invalid([...path, 'at'], `"${entry.at}" is after the end of the scenario`);
  const check = (nodes: readonly string[], at: readonly (string | number)[]): void => {
    for (const [index, node] of nodes.entries()) checkNode(node, counts, (detail) => source.invalid([...at, index], detail));
  };
  if (action === 'heal') return { atMicros, type: 'heal' };
  if (action === 'partition') {
    const groups = entry.partition as readonly (readonly string[])[];
    for (const [index, group] of groups.entries()) check(group, [...path, 'partition', index]);
    const twice = groups.flat().find((node, at, all) => all.indexOf(node) !== at);
    if (twice !== undefined) throw source.invalid([...path, 'partition'], `"${twice}" is in two groups`);
    return { atMicros, type: 'partition', groups };
  }
  const nodes = entry[action] as readonly string[];
  check(nodes, [...path, action]);
  return { atMicros, type: action, nodes };
}

function checkNode(name: string, counts: NodeCounts, invalid: (detail: string) => Error): void {
  if (name === 'proxy' || name === 'centre') return;
  const [, kind = '', digits = ''] = /^([a-z]+)-([1-9][0-9]{0,5})$/.exec(name) ?? [];
  const known: Readonly<Record<string, number>> = {
    company: counts.companies,
    edge: counts.edges,
    device: counts.devices,
    oracle: counts.oracles,
  };
  const most = Object.hasOwn(known, kind) ? known[kind] : undefined;
  if (most === undefined) {
    const word = name.replace(/-?[0-9]*$/, '');
    const meant = nearestName(word, ['proxy', 'centre', 'company', 'edge', 'device', 'oracle']);
    const hint =
      meant === undefined
        ? 'nodes are proxy, centre, company-1, edge-1, device-1 and so on'
        : `did you mean "${meant}${name.slice(word.length)}"?`;
    throw invalid(`there is no node "${name}", ${hint}`);
  }
  if (Number(digits) > most) throw invalid(`there is no node "${name}": the last of its kind is ${kind}-${most}`);
}

function checkPossible(fault: Fault, down: Set<string>, invalid: (detail: string) => Error): void {
  if (fault.type === 'crash') {
    for (const node of fault.nodes) {
      if (down.has(node)) throw invalid(`${node} crashes although it is down already`);
      down.add(node);
    }
  } else if (fault.type === 'restart') {
    for (const node of fault.nodes) {
      if (!down.delete(node)) throw invalid(`${node} restarts although it is not down then`);
    }
  }
}
