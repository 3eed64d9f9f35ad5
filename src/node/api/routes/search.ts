import type { Hex } from '../../../crypto/index.ts';
import { API_SEARCH_HITS_MAX } from '../../../limits.ts';
import type { ChainContext } from '../context.ts';
import type { SearchHit, SearchResult } from '../types.ts';
import { listChannels } from './channels.ts';
import { listDevices, listEdgeNodes } from './edge.ts';
import { listNodes } from './nodes.ts';
import { listTasks } from './tasks.ts';

/** Hits of one kind, so that no kind crowds out the others. */
const PER_KIND = 4;

/** Finds by number, hash, address or part of a name; exact things first. */
export async function search(context: ChainContext, query: string): Promise<SearchResult> {
  if (query === '') return { query, hits: [] };
  const exact = await exactHits(context, query);
  const hits = [...exact, ...(await textHits(context, query))];
  const seen = new Set<string>();
  const distinct = hits.filter(({ kind, id }) => !seen.has(`${kind}/${id}`) && seen.add(`${kind}/${id}`));
  return { query, hits: distinct.slice(0, API_SEARCH_HITS_MAX) };
}

async function exactHits({ ledger, projection }: ChainContext, query: string): Promise<SearchHit[]> {
  const hits: SearchHit[] = [];
  if (/^\d{1,15}$/.test(query) && Number(query) <= ledger.head.number) {
    hits.push({ kind: 'block', id: String(Number(query)), label: `Block ${Number(query)}`, detail: 'by number' });
  }
  const request = /^\d{1,15}$/.test(query) ? projection.requests.get(String(Number(query))) : undefined;
  if (request !== undefined) {
    hits.push({ kind: 'request', id: request.id, label: `Request ${request.id}`, detail: `of the oracle, ${request.state}` });
  }
  if (!/^0x[0-9a-f]{64}$/.test(query)) return hits;
  const hash = query as Hex;
  const [block, transaction] = await Promise.all([ledger.header(hash), ledger.transaction(hash)]);
  if (block !== undefined) hits.push({ kind: 'block', id: hash, label: `Block ${block.number}`, detail: hash });
  if (transaction !== undefined) hits.push({ kind: 'transaction', id: hash, label: 'Transaction', detail: hash });
  if (projection.tasks.get(hash) !== undefined) hits.push({ kind: 'task', id: hash, label: 'Task', detail: hash });
  if (projection.channels.get(hash) !== undefined) hits.push({ kind: 'channel', id: hash, label: 'Channel', detail: hash });
  return hits;
}

async function textHits(context: ChainContext, query: string): Promise<SearchHit[]> {
  const page = { offset: 0, limit: PER_KIND, search: query, state: '' };
  const nodes = (await listNodes(context, page)).items.map(
    (row): SearchHit => ({
      kind: 'node',
      id: row.address,
      label: row.name ?? row.address,
      detail: `${row.role}, ${row.company ?? row.address}`,
    }),
  );
  const edgeNodes = listEdgeNodes(context, page).items.map(
    (row): SearchHit => ({
      kind: 'edge-node',
      id: row.id,
      label: row.name,
      detail: `${row.company.name ?? row.company.address}: ${row.services.join(', ')}`,
    }),
  );
  const devices = listDevices(context, page).items.map(
    (row): SearchHit => ({ kind: 'device', id: row.address, label: row.name ?? row.address, detail: row.company ?? row.address }),
  );
  // Names of services are in every task: only something like an id is looked for among them.
  if (!query.startsWith('0x') || query.length < 6) return [...nodes, ...edgeNodes, ...devices];
  const tasks = listTasks(context, { ...page, device: '', node: '' }).items.map(
    (row): SearchHit => ({ kind: 'task', id: row.id, label: `Task for ${row.service}`, detail: row.id }),
  );
  const channels = listChannels(context, page).items.map(
    (row): SearchHit => ({ kind: 'channel', id: row.id, label: 'Channel', detail: row.id }),
  );
  return [...nodes, ...edgeNodes, ...devices, ...tasks, ...channels];
}
