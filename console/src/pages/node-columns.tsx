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
  {
    head: 'Status',
    cell: (row) => (
      <>
        <Status state={row.status} />
        <Trouble row={row} />
      </>
    ),
  },
  { head: 'Last seen', cell: (row) => <Ago timeMs={row.lastSeenMs} />, priority: 4 },
];

/** What somebody has to do something about, below the status. */
function Trouble({ row }: { readonly row: NodeRow }) {
  const { certificate, quarantine } = row;
  return (
    <>
      {quarantine === null ? null : <span className="tag tag-bad node-note">in quarantine</span>}
      {certificate?.state === 'expired' ? <span className="tag tag-bad node-note">certificate ended</span> : null}
      {certificate?.state === 'expires-soon' ? <span className="tag tag-warn node-note">certificate ends soon</span> : null}
    </>
  );
}

/** Whether a node votes, in a word or two. */
function standing(row: NodeRow): string {
  if (row.quarantine !== null) return 'without a vote';
  return row.sealer ? 'sealer' : 'observer';
}

function roleText(row: NodeRow) {
  return (
    <>
      {row.role} <span className="faint">{standing(row)}</span>
    </>
  );
}
