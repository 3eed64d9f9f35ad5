import { keepPreviousData, type UseQueryResult, useQuery } from '@tanstack/react-query';
import type {
  BlockDetail,
  BlockRow,
  ChainPage,
  ChannelDetail,
  ChannelRow,
  DeviceRow,
  EdgeNodeDetail,
  EdgeNodeRow,
  LaneMessageDetail,
  LaneMessageRow,
  LanesView,
  MapView,
  NodeRow,
  Observation,
  OracleFeedView,
  OracleOverview,
  OracleRequestDetail,
  OracleRequestRow,
  Overview,
  Page,
  SearchResult,
  Series,
  SeriesUnit,
  TaskDetail,
  TaskRow,
  TransactionDetail,
  TransactionRow,
} from '../../../src/node/api/types.ts';
import { getJson, withQuery } from './client.ts';
import type { Topic } from './live.ts';

/** Asks `path` and asks again when an event of `topic` arrives; the old answer stays on screen meanwhile. */
function useApi<T>(topic: Topic | 'once', path: string, enabled = true): UseQueryResult<T> {
  return useQuery({
    queryKey: [topic, path],
    queryFn: ({ signal }) => getJson<T>(path, signal),
    placeholderData: keepPreviousData,
    enabled,
  });
}

export interface ListQuery {
  readonly offset: number;
  readonly limit: number;
  readonly search?: string;
  readonly state?: string;
}

export const useOverview = () => useApi<Overview>('head', '/api/overview');
export const useSeries = (unit: SeriesUnit) => useApi<Series>('head', withQuery('/api/series', { unit }));
export const useNodes = (query: ListQuery) => useApi<Page<NodeRow>>('head', withQuery('/api/nodes', { ...query }));
export const useNode = (address: string) => useApi<NodeRow>('head', `/api/nodes/${encodeURIComponent(address)}`);

/** The newest page follows the chain; older pages do not change and are asked for once. */
export const useBlocks = (limit: number, before?: string) =>
  useApi<ChainPage<BlockRow>>(before === undefined ? 'head' : 'once', withQuery('/api/blocks', { limit, before }));
export const useTransactions = (limit: number, before?: string) =>
  useApi<ChainPage<TransactionRow>>(before === undefined ? 'head' : 'once', withQuery('/api/transactions', { limit, before }));

export const usePending = (query: ListQuery) => useApi<Page<TransactionRow>>('pending', withQuery('/api/pending', { ...query }));

export const useBlock = (id: string, page: { readonly offset: number; readonly limit: number }) =>
  useApi<BlockDetail>('head', withQuery(`/api/blocks/${encodeURIComponent(id)}`, { ...page }));
export const useTransaction = (hash: string) =>
  useApi<TransactionDetail>('head', `/api/transactions/${encodeURIComponent(hash)}`);

export const useEdgeNodes = (query: ListQuery) => useApi<Page<EdgeNodeRow>>('task', withQuery('/api/edge-nodes', { ...query }));
export const useEdgeNode = (id: string) => useApi<EdgeNodeDetail>('task', `/api/edge-nodes/${encodeURIComponent(id)}`);
export const useDevices = (query: ListQuery) => useApi<Page<DeviceRow>>('task', withQuery('/api/devices', { ...query }));
export const useDevice = (address: string) => useApi<DeviceRow>('task', `/api/devices/${encodeURIComponent(address)}`);
export const useTasks = (query: ListQuery & { readonly node?: string; readonly device?: string }) =>
  useApi<Page<TaskRow>>('task', withQuery('/api/tasks', { ...query }));
export const useTask = (id: string) => useApi<TaskDetail>('task', `/api/tasks/${encodeURIComponent(id)}`);
export const useChannels = (query: ListQuery) => useApi<Page<ChannelRow>>('channel', withQuery('/api/channels', { ...query }));
export const useChannel = (id: string) => useApi<ChannelDetail>('channel', `/api/channels/${encodeURIComponent(id)}`);
const READING_MS = 1_000;
/** Asked again by the second while the node still reads its chain: its counts are of what was read so far. */
export const useOracle = (): UseQueryResult<OracleOverview> =>
  useQuery({
    queryKey: ['head', '/api/oracle'],
    queryFn: ({ signal }) => getJson<OracleOverview>('/api/oracle', signal),
    refetchInterval: ({ state }) => (state.data?.index.done === false ? READING_MS : false),
  });
export const useRequests = (query: ListQuery) =>
  useApi<Page<OracleRequestRow>>('oracle', withQuery('/api/oracle/requests', { ...query }));
/** With each block, since what it waits for does not show in an event. */
export const useRequest = (id: string) => useApi<OracleRequestDetail>('head', `/api/oracle/requests/${encodeURIComponent(id)}`);
export const useMessages = (query: ListQuery) =>
  useApi<Page<LaneMessageRow>>('message', withQuery('/api/messages', { ...query }));
export const useMessage = (id: string) => useApi<LaneMessageDetail>('message', `/api/messages/${encodeURIComponent(id)}`);
export const useLanes = () => useApi<LanesView>('head', '/api/lanes');
export const useFeeds = () => useApi<Page<OracleFeedView>>('oracle', '/api/oracle/feeds');
export const useMap = () => useApi<MapView>('task', '/api/map');
export const useObservation = () => useApi<Observation>('head', '/api/observe');
export const useSearch = (query: string) =>
  useApi<SearchResult>('once', withQuery('/api/search', { q: query }), query.trim() !== '');
