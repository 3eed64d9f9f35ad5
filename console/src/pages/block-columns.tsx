import type { BlockRow } from '../../../src/node/api/types.ts';
import type { Column } from '../components/table.tsx';
import { Ago, Hash, Who } from '../components/values.tsx';
import { integer } from '../format/text.ts';
import { Link } from '../router.tsx';

/** Columns of a list of blocks. */
export const blockColumns: readonly Column<BlockRow>[] = [
  { head: 'Block', cell: (row) => <Link to={`/blocks/${row.number}`}>{integer(row.number)}</Link> },
  { head: 'Age', cell: (row) => <Ago timeMs={row.timestampMs} /> },
  { head: 'Sealer', cell: (row) => <Who party={row.proposer} to={`/nodes/${row.proposer.address}`} />, priority: 2 },
  { head: 'Transactions', cell: (row) => integer(row.transactions), right: true },
  { head: 'Gas used', cell: (row) => integer(Number(row.gasUsed)), right: true, priority: 3 },
  { head: 'View', cell: (row) => row.round ?? '–', right: true, priority: 4 },
  { head: 'Hash', cell: (row) => <Hash value={row.hash} to={`/blocks/${row.hash}`} />, priority: 3 },
];

/** The same, for half of a page. */
export const blockColumnsShort: readonly Column<BlockRow>[] = [0, 1, 2, 3].map((at) => blockColumns[at] as Column<BlockRow>);
