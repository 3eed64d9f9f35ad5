import type { EdgeNodeRow } from '../../../src/node/api/types.ts';
import type { Column } from '../components/table.tsx';
import { Status, Wei } from '../components/values.tsx';
import { integer } from '../format/text.ts';
import { Link } from '../router.tsx';

export const edgeNodeColumns: readonly Column<EdgeNodeRow>[] = [
  { head: 'Edge node', cell: (row) => <Link to={`/edge-nodes/${row.id}`}>{row.name}</Link> },
  { head: 'Company', cell: (row) => row.company.name ?? row.company.address.slice(0, 10) },
  { head: 'Services', cell: (row) => <Services names={row.services} />, priority: 3 },
  { head: 'Price', cell: (row) => <Wei wei={row.priceWei} />, right: true, priority: 2 },
  { head: 'Places taken', cell: (row) => <Load busy={row.busy} capacity={row.capacity} />, right: true },
  { head: 'Completed', cell: (row) => integer(row.completed), right: true, priority: 4 },
  { head: 'Failed', cell: (row) => integer(row.failed), right: true, priority: 4 },
  { head: 'State', cell: (row) => <Status state={row.state} />, priority: 2 },
];

export function Services({ names }: { readonly names: readonly string[] }) {
  return names.length === 0 ? (
    <span className="faint">none</span>
  ) : (
    names.map((name) => (
      <span key={name} className="tag">
        {name}
      </span>
    ))
  );
}

/** How many of a node's places are taken, as numbers and a bar. */
export function Load({ busy, capacity }: { readonly busy: number; readonly capacity: number }) {
  const share = capacity === 0 ? 0 : Math.min(100, (100 * busy) / capacity);
  return (
    <span className="nowrap">
      {busy} of {capacity}
      <span className="meter" aria-hidden="true">
        <span style={{ width: `${share}%` }} />
      </span>
    </span>
  );
}
