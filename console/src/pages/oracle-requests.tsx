import { useRequests } from '../api/queries.ts';
import { StateFilter, TextFilter } from '../components/filters.tsx';
import { Answer, PageHead, Panel } from '../components/layout-parts.tsx';
import { Pager, usePaging } from '../components/pager.tsx';
import { Table } from '../components/table.tsx';
import { useLocation } from '../router.tsx';
import { requestColumns } from './oracle-parts.tsx';

export function OracleRequestsPage() {
  const { query } = useLocation();
  const { offset, limit } = usePaging();
  const requests = useRequests({ offset, limit, search: query.get('q') ?? '', state: query.get('state') ?? '' });
  const aside = (
    <div className="filters">
      <TextFilter label="Find requests" placeholder="Number, source, requester" />
      <StateFilter states={['pending', 'answered', 'failed', 'expired']} />
    </div>
  );
  return (
    <>
      <PageHead title="Requests to the oracle" aside={aside}>
        What contracts and accounts asked of the world outside. The page of a request says where it stands and why, and who did
        what.
      </PageHead>
      <Panel flush>
        <Answer query={requests} lines={10}>
          {(data) => (
            <>
              <Table
                label="Requests"
                columns={requestColumns}
                rows={data.items}
                rowKey={(row) => row.id}
                empty={query.has('q') || query.has('state') ? 'No request fits the filter.' : 'Nobody has asked the oracle yet.'}
              />
              <Pager {...data} noun="requests" />
            </>
          )}
        </Answer>
      </Panel>
    </>
  );
}
