import type { NodeRow } from '../../../src/node/api/types.ts';
import type { Column } from '../components/table.tsx';
import { Ago, Hash, Status } from '../components/values.tsx';
import { integer } from '../format/text.ts';
import { Link } from '../router.tsx';

/** The node table of the information port: id, company, role, height, view, status. */
export const nodeColumns: readonly Column<NodeRow>[] = [
  {
    head: 'Node',
    cell: (row) => (
      <>
        <Link to={`/nodes/${row.address}`}>{row.name ?? 'unnamed'}</Link>
        {row.self ? <span className="tag tag-accent node-self">this node</span> : null}
      </>
    ),
  },
  { head: 'Id', cell: (row) => <Hash value={row.address} />, priority: 3 },
  { head: 'Company', cell: (row) => row.company ?? <span className="faint">–</span>, priority: 3 },
  { head: 'Role', cell: (row) => roleText(row), priority: 2 },
  { head: 'Height', cell: (row) => (row.height === null ? '–' : integer(row.height)), right: true },
  { head: 'View', cell: (row) => row.view ?? '–', right: true, priority: 2 },
  { head: 'Status', cell: (row) => <Status state={row.status} /> },
  { head: 'Last seen', cell: (row) => <Ago timeMs={row.lastSeenMs} />, priority: 4 },
];

/** Whether a node votes, in a word or two. */
function standing(row: NodeRow): string {
  if (row.quarantine !== null) return 'in quarantine';
  return row.sealer ? 'sealer' : 'observer';
}

function roleText(row: NodeRow) {
  return (
    <>
      {row.role} <span className="faint">{standing(row)}</span>
    </>
  );
}
