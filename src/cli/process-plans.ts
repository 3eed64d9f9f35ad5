import { join } from 'node:path';
import type { ConsortiumFile, LedgersFile } from '../consortium/index.ts';
import type { ProcessPlan } from './supervisor.ts';

/** What `treadle up` starts, stage by stage: first those whom the others ask. The centre is the first of all. */
export type Stages = readonly (readonly ProcessPlan[])[];

/** A dozen processes is what a laptop bears; more edge nodes than this share processes. So do oracle nodes. */
const GROUPED_PROCESSES_MAX = 8;
/** Time from one task to the next of each of a dozen devices; more devices ask less often, so that together they ask as often. */
const INTERVAL_MS = 5_000;
const FULL_PACE_DEVICES = 12;

export interface PlanOptions {
  /** Of the consortium. */
  readonly folder: string;
  /** Time from one task of a device to the next. */
  readonly wantedMs: number | undefined;
  /** Whether devices were laid out that run by themselves. */
  readonly hasFleet: boolean;
}

/** One process for each sealer and the centre, for edge nodes and oracle nodes as long as there are few, and one for all devices. */
export function plansOf(consortium: ConsortiumFile, { folder, wantedMs, hasFleet }: PlanOptions): Stages {
  const members = membersOf(consortium);
  const sealers = members('centre', 'proxy', 'company').map((name) => planOf(0, name, [join(folder, name)]));
  const grouped = [members('edge'), members('oracle')].flatMap((names) => groupsOf(names));
  const devices = members('device').length;
  const intervalMs = wantedMs ?? Math.round((INTERVAL_MS * Math.max(devices, FULL_PACE_DEVICES)) / FULL_PACE_DEVICES);
  const fleet = hasFleet ? [planOf(2, 'fleet', [join(folder, 'fleet')], ['--interval', String(intervalMs)])] : [];
  return [sealers, grouped.map((names) => planOf(1, nameOf(names), namesAt(folder, names))), fleet];
}

/** A consortium with several ledgers: seats that are on all of them are one process each, the rest as {@link plansOf} has it. */
export function plansOfLedgers(
  file: LedgersFile,
  ledgers: readonly { readonly name: string; readonly consortium: ConsortiumFile; readonly options: PlanOptions }[],
  folder: string,
): Stages {
  const shared = new Set(file.processes.flatMap(({ nodes }) => nodes));
  const seats = file.processes.map(({ name, nodes }) => planOf(name.startsWith('oracle') ? 1 : 0, name, namesAt(folder, nodes)));
  const own = ledgers.map(({ name, consortium, options }) => {
    const left = { ...consortium, members: consortium.members.filter((member) => !shared.has(`${name}/${member.folder}`)) };
    return plansOf(left, options).map((stage) => stage.map((plan) => ({ ...plan, name: `${name}-${plan.name}` })));
  });
  return [0, 1, 2].map((stage) => [
    ...seats.filter((plan) => plan.stage === stage),
    ...own.flatMap((stages) => stages[stage] ?? []),
  ]);
}

function membersOf({ members }: ConsortiumFile): (...roles: readonly string[]) => readonly string[] {
  return (...roles) => members.filter((member) => roles.includes(member.role)).map(({ folder }) => folder);
}

function groupsOf(names: readonly string[]): readonly (readonly string[])[] {
  const perProcess = Math.ceil(names.length / GROUPED_PROCESSES_MAX);
  const groups = Array.from({ length: Math.min(GROUPED_PROCESSES_MAX, names.length) }, (_, at) =>
    names.slice(at * perProcess, (at + 1) * perProcess),
  );
  return groups.filter((group) => group.length > 0);
}

function nameOf(names: readonly string[]): string {
  return names.length === 1 ? (names[0] as string) : `${names[0]}-to-${names.at(-1)}`;
}

function namesAt(folder: string, names: readonly string[]): readonly string[] {
  return names.map((name) => join(folder, name));
}

function planOf(stage: number, name: string, folders: readonly string[], extra: readonly string[] = []): ProcessPlan {
  return { stage, name, args: ['node', ...extra, '--folder', ...folders] };
}
