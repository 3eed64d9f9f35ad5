import type { TaskRow } from '../../../src/node/api/types.ts';
import type { Column } from '../components/table.tsx';
import { Ago, Hash, Status, Wei, Who } from '../components/values.tsx';
import { shortHash } from '../format/text.ts';
import { duration } from '../format/time.ts';
import { Link } from '../router.tsx';

export const taskColumns: readonly Column<TaskRow>[] = [
  {
    head: 'Task',
    cell: (row) =>
      row.id.length > 24 ? (
        <Hash value={row.id} to={`/tasks/${row.id}`} />
      ) : (
        <Link to={`/tasks/${row.id}`}>{shortHash(row.id, 16)}</Link>
      ),
  },
  { head: 'State', cell: (row) => <Status state={row.state} /> },
  { head: 'Device', cell: (row) => <Who party={row.device} to={`/devices/${row.device.address}`} />, priority: 3 },
  { head: 'Service', cell: (row) => <span className="tag">{row.service}</span>, priority: 3 },
  {
    head: 'Edge node',
    cell: (row) =>
      row.edgeNode === null ? (
        <span className="faint">{row.reason ?? '–'}</span>
      ) : (
        <Link to={`/edge-nodes/${row.edgeNode.id}`}>{row.edgeNode.name}</Link>
      ),
  },
  { head: 'Company', cell: (row) => row.edgeNode?.company ?? <span className="faint">–</span>, priority: 4 },
  { head: 'Price', cell: (row) => <Wei wei={row.priceWei} />, right: true, priority: 3 },
  { head: 'Requested', cell: (row) => <Ago timeMs={row.requestedMs} />, priority: 2 },
  {
    head: 'Took',
    cell: (row) => (row.finishedMs === null ? '–' : duration(row.finishedMs - row.requestedMs)),
    right: true,
    priority: 5,
  },
];
