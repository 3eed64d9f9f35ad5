import type { OracleRequestRow, OracleSeatView, Party } from '../../../src/node/api/types.ts';
import type { Column } from '../components/table.tsx';
import { Ago, Status, Wei, Who } from '../components/values.tsx';
import { duration } from '../format/time.ts';
import { Link } from '../router.tsx';

/** An oracle node by its name, with its number in the registry, which names do not tell. */
export function Seat({ seat }: { readonly seat: OracleSeatView | null }) {
  if (seat === null) return <span className="faint">–</span>;
  return (
    <span className="nowrap">
      <Who party={seat} to={`/nodes/${seat.address}`} /> <span className="faint">#{seat.id}</span>
    </span>
  );
}

/** Several parties in a row. */
export function Parties({ parties }: { readonly parties: readonly Party[] }) {
  return (
    <span className="party-list">
      {parties.map((party) => (
        <Who key={party.address} party={party} to={`/nodes/${party.address}`} />
      ))}
    </span>
  );
}

export const requestColumns: readonly Column<OracleRequestRow>[] = [
  { head: 'Request', cell: (row) => <Link to={`/requests/${row.id}`}>{row.id}</Link> },
  { head: 'State', cell: (row) => <Status state={row.state} /> },
  { head: 'Job', cell: (row) => <span className="tag">{row.job}</span>, priority: 3 },
  { head: 'Asked', cell: (row) => <code title={row.asked}>{row.asked}</code>, grow: true, priority: 2 },
  {
    head: 'Answer',
    cell: (row) =>
      row.answer === null ? (
        <span className="faint" title={row.reason ?? undefined}>
          {row.reason ?? (row.attempts > 0 ? `${row.attempts} attempts failed` : '–')}
        </span>
      ) : (
        <span title={row.answer}>{row.answer.length > 28 ? `${row.answer.slice(0, 27)}…` : row.answer}</span>
      ),
  },
  { head: 'Requester', cell: (row) => <Who party={row.requester} />, priority: 4 },
  { head: 'Deposit', cell: (row) => <Wei wei={row.depositWei} />, right: true, priority: 5 },
  { head: 'Requested', cell: (row) => <Ago timeMs={row.requestedMs} />, priority: 3 },
  {
    head: 'Took',
    cell: (row) => (row.endedMs === null ? '–' : duration(row.endedMs - row.requestedMs)),
    right: true,
    priority: 3,
  },
];
