import type { LaneMessageRow } from '../../../src/node/api/types.ts';
import { useMessages } from '../api/queries.ts';
import { StateFilter, TextFilter } from '../components/filters.tsx';
import { Answer, PageHead, Panel } from '../components/layout-parts.tsx';
import { Pager, usePaging } from '../components/pager.tsx';
import { type Column, Table } from '../components/table.tsx';
import { Ago, Hash, Status, Who } from '../components/values.tsx';
import { duration } from '../format/time.ts';
import { Link, useLocation } from '../router.tsx';

const columns: readonly Column<LaneMessageRow>[] = [
  {
    head: 'Message',
    cell: (row) => (
      <Link to={`/messages/${row.id}`}>
        {row.direction === 'out' ? `to ${row.peer}` : `from ${row.peer}`}, no. {row.nonce}
      </Link>
    ),
  },
  { head: 'State', cell: (row) => <Status state={row.state} /> },
  { head: 'Sender', cell: (row) => <Who party={row.sender} />, priority: 3 },
  { head: 'For', cell: (row) => <Hash value={row.target} />, priority: 3 },
  { head: 'When', cell: (row) => <Ago timeMs={row.firstMs} /> },
  {
    head: 'Took',
    cell: (row) => (row.direction === 'in' || row.endedMs === null ? '–' : duration(row.endedMs - row.firstMs)),
    right: true,
    priority: 2,
  },
];

export function MessagesPage() {
  const { query } = useLocation();
  const { offset, limit } = usePaging();
  const messages = useMessages({ offset, limit, search: query.get('q') ?? '', state: query.get('state') ?? '' });
  const aside = (
    <div className="filters">
      <TextFilter label="Find messages" placeholder="Ledger, number, sender, target" />
      <StateFilter states={['sent', 'executed', 'failed', 'expired', 'given up']} />
    </div>
  );
  return (
    <>
      <PageHead title="Messages between ledgers" aside={aside}>
        Calls that contracts here make on other ledgers, and those that came from there. Sent means that nothing has come back
        yet.
      </PageHead>
      <Panel flush>
        <Answer query={messages} lines={10}>
          {(data) => (
            <>
              <Table
                label="Messages"
                columns={columns}
                rows={data.items}
                rowKey={(row) => row.id}
                empty={
                  query.has('q') || query.has('state')
                    ? 'No message fits the filter.'
                    : 'No message has left or reached this ledger.'
                }
              />
              <Pager {...data} noun="messages" />
            </>
          )}
        </Answer>
      </Panel>
    </>
  );
}
