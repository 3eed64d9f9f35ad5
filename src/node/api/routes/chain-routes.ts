import { TreadleError } from '../../../errors.ts';
import type { ChainContext } from '../context.ts';
import {
  blocksQuery,
  listQuery,
  messageListQuery,
  pageQuery,
  readQuery,
  requestListQuery,
  roundsQuery,
  searchQuery,
  seriesQuery,
  taskListQuery,
  transactionsQuery,
} from '../query.ts';
import { listBlocks, showBlock } from './blocks.ts';
import { listChannels, showChannel } from './channels.ts';
import { listDevices, listEdgeNodes, showEdgeNode } from './edge.ts';
import { showMap } from './map.ts';
import { listMessages, showLanes, showMessage } from './messages.ts';
import { findNode, listNodes } from './nodes.ts';
import { showOracle } from './oracle.ts';
import { showFeeds } from './oracle-feeds.ts';
import { listRequests, showRequest } from './oracle-requests.ts';
import { showRounds } from './oracle-rounds.ts';
import { showOverview, showSeries } from './overview.ts';
import { search } from './search.ts';
import { listTasks, showTask } from './tasks.ts';
import { listPending, listTransactions, showTransaction } from './transactions.ts';

interface RouteRequest {
  /** The path below `/api/`. */
  readonly parts: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

type Query = RouteRequest['query'];
type ListRoute = (context: ChainContext, query: Query) => unknown;
type ItemRoute = (context: ChainContext, id: string, query: Query) => unknown;

/** `/api/NAME`. */
const lists: Readonly<Record<string, ListRoute>> = {
  overview: (context) => showOverview(context),
  series: (context, query) => showSeries(context, readQuery(seriesQuery, query).unit),
  nodes: (context, query) => listNodes(context, readQuery(listQuery, query)),
  blocks: (context, query) => listBlocks(context, readQuery(blocksQuery, query)),
  transactions: (context, query) => listTransactions(context, readQuery(transactionsQuery, query)),
  pending: (context, query) => listPending(context, readQuery(pageQuery, query)),
  'edge-nodes': (context, query) => listEdgeNodes(context, readQuery(listQuery, query)),
  devices: (context, query) => listDevices(context, readQuery(listQuery, query)),
  tasks: (context, query) => listTasks(context, readQuery(taskListQuery, query)),
  channels: (context, query) => listChannels(context, readQuery(listQuery, query)),
  map: (context) => showMap(context),
  lanes: (context) => showLanes(context),
  messages: (context, query) => listMessages(context, readQuery(messageListQuery, query)),
  oracle: (context) => showOracle(context),
  'oracle/requests': (context, query) => listRequests(context, readQuery(requestListQuery, query)),
  'oracle/rounds': (context, query) => showRounds(context, readQuery(roundsQuery, query).node),
  'oracle/feeds': (context) => showFeeds(context),
  search: (context, query) => search(context, readQuery(searchQuery, query).q),
};

/** `/api/NAME/ID`. */
const items: Readonly<Record<string, ItemRoute>> = {
  nodes: async (context, id) => found(await findNode(context, id), `This node does not know of a node ${id}`),
  blocks: (context, id, query) => showBlock(context, id, readQuery(pageQuery, query)),
  transactions: (context, id) => showTransaction(context, id),
  'edge-nodes': (context, id) => showEdgeNode(context, id),
  devices: (context, id) =>
    found(listDevices(context, { offset: 0, limit: 1, search: id.toLowerCase() }).items[0], `No device ${id} is known`),
  tasks: (context, id) => showTask(context, id),
  channels: (context, id) => showChannel(context, id),
  messages: (context, id) => showMessage(context, id),
  'oracle/requests': (context, id) => showRequest(context, id),
};

/**
 * Answers a route that shows the chain.
 *
 * @throws {@link TreadleError} API_NOT_FOUND | API_BAD_QUERY
 */
export async function chainRoutes(context: ChainContext, { parts, query }: RouteRequest): Promise<unknown> {
  const whole = parts.join('/');
  const id = parts.at(-1);
  const name = parts.slice(0, -1).join('/');
  const list = Object.hasOwn(lists, whole) ? lists[whole] : undefined;
  const item = list === undefined && Object.hasOwn(items, name) ? items[name] : undefined;
  if (list === undefined && item === undefined)
    throw new TreadleError('API_NOT_FOUND', { detail: `There is no route /api/${whole.slice(0, 80)}` });
  await context.projection.ready();
  return list !== undefined ? list(context, query) : item?.(context, id ?? '', query);
}

function found<T>(item: T | undefined, otherwise: string): T {
  if (item === undefined) throw new TreadleError('API_NOT_FOUND', { detail: otherwise.slice(0, 200) });
  return item;
}
