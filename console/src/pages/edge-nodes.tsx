import { useEdgeNodes } from '../api/queries.ts';
import { StateFilter, TextFilter } from '../components/filters.tsx';
import { Answer, PageHead, Panel } from '../components/layout-parts.tsx';
import { Pager, usePaging } from '../components/pager.tsx';
import { Table } from '../components/table.tsx';
import { Link, useLocation } from '../router.tsx';
import { edgeNodeColumns } from './edge-node-columns.tsx';

export function EdgeNodesPage() {
  const { query } = useLocation();
  const { offset, limit } = usePaging();
  const nodes = useEdgeNodes({ offset, limit, search: query.get('q') ?? '', state: query.get('state') ?? '' });
  const aside = (
    <div className="filters">
      <TextFilter label="Find edge nodes" placeholder="Name, company, service, account" />
      <StateFilter states={['active', 'withdrawn']} />
    </div>
  );
  return (
    <>
      <PageHead title="Edge nodes" aside={aside}>
        Capacity that companies offer through the registry contract. <Link to="/map">See them on the map</Link>.
      </PageHead>
      <Panel flush>
        <Answer query={nodes} lines={10}>
          {(data) => (
            <>
              <Table
                label="Edge nodes"
                columns={edgeNodeColumns}
                rows={data.items}
                rowKey={(row) => row.id}
                empty={
                  query.has('q') || query.has('state')
                    ? 'No edge node fits the filter.'
                    : 'No company has registered an edge node yet.'
                }
              />
              <Pager {...data} noun="edge nodes" />
            </>
          )}
        </Answer>
      </Panel>
    </>
  );
}
