import type { TransactionRow } from '../../../src/node/api/types.ts';
import type { Column } from '../components/table.tsx';
import { Ago, Hash, Status, Wei, Who } from '../components/values.tsx';
import { integer } from '../format/text.ts';
import { Link } from '../router.tsx';

const hash: Column<TransactionRow> = {
  head: 'Transaction',
  cell: (row) => <Hash value={row.hash} to={`/transactions/${row.hash}`} />,
};
const method: Column<TransactionRow> = { head: 'Method', cell: (row) => <span className="tag">{row.method}</span> };
const age: Column<TransactionRow> = {
  head: 'Age',
  cell: (row) => (row.timestampMs === null ? '–' : <Ago timeMs={row.timestampMs} />),
};
const status: Column<TransactionRow> = { head: 'Status', cell: (row) => <Status state={row.status} /> };

/** Columns of a list of transactions. */
export const transactionColumns: readonly Column<TransactionRow>[] = [
  hash,
  method,
  { ...status, priority: 2 },
  {
    head: 'Block',
    cell: (row) =>
      row.blockNumber === null ? (
        <span className="faint">–</span>
      ) : (
        <Link to={`/blocks/${row.blockNumber}`}>{integer(row.blockNumber)}</Link>
      ),
    right: true,
    priority: 3,
  },
  { ...age, priority: 2 },
  { head: 'From', cell: (row) => <Who party={row.from} />, priority: 3 },
  {
    head: 'To',
    cell: (row) => (row.to === null ? <span className="faint">new contract</span> : <Who party={row.to} />),
    priority: 4,
  },
  { head: 'Value', cell: (row) => <Wei wei={row.valueWei} />, right: true, priority: 4 },
  { head: 'Gas', cell: (row) => (row.gasUsed === null ? '–' : integer(Number(row.gasUsed))), right: true, priority: 5 },
];

/** The same, for half of a page. */
export const transactionColumnsShort: readonly Column<TransactionRow>[] = [
  hash,
  {
    ...method,
    cell: (row) => (
      <>
        <span className={row.status === 'reverted' ? 'tag tag-bad' : 'tag'}>{row.method}</span>
        {row.status === 'reverted' ? <span className="visually-hidden"> reverted</span> : null}
      </>
    ),
  },
  { head: 'From', cell: (row) => <Who party={row.from} />, priority: 2 },
  age,
];
