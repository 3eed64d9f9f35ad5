import { TreadleError } from '../../../errors.ts';
import type { ChainContext } from '../context.ts';
import type { Names } from '../projection/names.ts';
import type { Projection } from '../projection/projection.ts';
import type { TaskMatch, TaskRecord } from '../projection/tasks.ts';
import type { Page, TaskCandidate, TaskDetail, TaskRow } from '../types.ts';
import { containsText, pageOf } from './page-of.ts';
import { contractDistance, degrees, distanceM, type PlaceE6 } from './places.ts';

type Known = Pick<Projection, 'edgeNodes'>;

interface TaskListQuery {
  readonly offset: number;
  readonly limit: number;
  readonly search: string;
  readonly state: string;
  readonly device: string;
  /** Id of an edge node. */
  readonly node: string;
}

export function taskRow(task: TaskRecord, known: Known, names: Names): TaskRow {
  const { match } = task;
  return {
    id: task.id,
    state: task.state,
    device: names.partyOf(task.device),
    service: task.service,
    edgeNode:
      match === undefined
        ? null
        : { id: String(match.nodeId), name: nodeName(match.nodeId, known, names), company: names.companyName(match.company) },
    priceWei: match?.priceWei.toString() ?? null,
    maxPriceWei: task.maxPriceWei?.toString() ?? null,
    requestedMs: task.requestedMs,
    finishedMs: task.finishedMs ?? null,
    reason: task.reason ?? null,
  };
}

function nodeName(id: number, { edgeNodes }: Known, names: Names): string {
  const node = edgeNodes.get(id);
  return (node && names.partyOf(node.account).name) ?? `Edge node ${id}`;
}

/** Tasks, newest first. */
export function listTasks(
  { projection, names }: ChainContext,
  { search, state, device, node, ...page }: TaskListQuery,
): Page<TaskRow> {
  const keep = (task: TaskRecord): boolean =>
    (state === '' || task.state === state) &&
    (device === '' || task.device === device) &&
    (node === '' || String(task.match?.nodeId) === node) &&
    (search === '' || containsText(search, searchTexts(task)));
  const searchTexts = (task: TaskRecord): (string | null | undefined)[] => [
    task.id,
    task.service,
    names.partyOf(task.device).name,
    task.match && nodeName(task.match.nodeId, projection, names),
    task.match && names.companyName(task.match.company),
  ];
  return pageOf(projection.tasks.newest(), { ...page, keep, row: (task) => taskRow(task, projection, names) });
}

/**
 * One task: who was chosen among whom, and what happened to it.
 *
 * @throws {@link TreadleError} API_NOT_FOUND
 */
export function showTask({ projection, names }: ChainContext, id: string): TaskDetail {
  const task = projection.tasks.get(id.toLowerCase());
  if (task === undefined)
    throw new TreadleError('API_NOT_FOUND', { detail: `No task ${id} is remembered; an old one is still in its block` });
  const place = placeOf(task);
  const candidates = task.match === undefined ? [] : candidatesOf(task.match, place, projection, names);
  return {
    ...taskRow(task, projection, names),
    latitude: place === undefined ? null : degrees(place.latitudeE6),
    longitude: place === undefined ? null : degrees(place.longitudeE6),
    distanceM: candidates[0]?.distanceM ?? null,
    attempts: task.attempts,
    candidates,
    considered: task.match?.considered ?? null,
    history: task.steps.map(({ what, nodeId, place: at }) => ({
      what: nodeId === undefined ? what : what.replace('{node}', nodeName(nodeId, projection, names)),
      blockNumber: at.blockNumber,
      timestampMs: at.timestampMs,
      transactionHash: at.transactionHash,
      by: names.partyOf(at.from),
    })),
  };
}

function placeOf({ latitudeE6, longitudeE6 }: TaskRecord): PlaceE6 | undefined {
  return latitudeE6 === undefined || longitudeE6 === undefined ? undefined : { latitudeE6, longitudeE6 };
}

/** The eligible nodes that the match named. Positions and prices are those of now; the chosen one's are those of the match. */
function candidatesOf(match: TaskMatch, place: PlaceE6 | undefined, known: Known, names: Names): TaskCandidate[] {
  const chosenAt = Math.sqrt(Number(match.distanceSquared));
  return match.among.map((id, at) => {
    const node = known.edgeNodes.get(id);
    const chosen = id === match.nodeId;
    const measured = node === undefined || place === undefined ? null : contractDistance(place, node);
    return {
      id: String(id),
      name: nodeName(id, known, names),
      company: node === undefined ? null : names.companyName(node.company),
      distanceM: node === undefined || place === undefined ? null : distanceM(place, node),
      microdegrees: chosen ? Math.round(chosenAt) : measured === null ? null : Math.round(measured),
      priceWei: chosen ? match.priceWei.toString() : (node?.priceWei.toString() ?? null),
      chosen,
      note: chosen ? 'chosen: the nearest that fits' : noteOf(measured, chosenAt, at),
    };
  });
}

function noteOf(measured: number | null, chosenAt: number, rank: number): string {
  if (measured === null) return `fits, number ${rank + 1} by distance`;
  if (Math.abs(measured - chosenAt) < 1e-9) return 'fits and is as near, but has the higher id';
  if (measured < chosenAt) return 'fitted then; has moved nearer since';
  return `fits, but is ${(measured / Math.max(1, chosenAt)).toFixed(1)} times as far`;
}
