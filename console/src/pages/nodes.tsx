import { useNodes } from '../api/queries.ts';
import { TextFilter } from '../components/filters.tsx';
import { Answer, PageHead, Panel } from '../components/layout-parts.tsx';
import { Pager, usePaging } from '../components/pager.tsx';
import { Table } from '../components/table.tsx';
import { useLocation } from '../router.tsx';
import { nodeColumns } from './node-columns.tsx';

export function NodesPage() {
  const { query } = useLocation();
  const { offset, limit } = usePaging();
  const nodes = useNodes({ offset, limit, search: query.get('q') ?? '' });
  const aside = (
    <div className="filters">
      <TextFilter label="Find nodes" placeholder="Name, company, role, id" />
    </div>
  );
  return (
    <>
      <PageHead title="Nodes" aside={aside}>
        Members of the consortium's ledger as this node sees them: sealers vote on blocks, observers follow.
      </PageHead>
      <Panel flush>
        <Answer query={nodes}>
          {(data) => (
            <>
              <Table
                label="Nodes"
                columns={nodeColumns}
                rows={data.items}
                rowKey={(row) => row.address}
                empty="No node fits the filter."
              />
              <Pager {...data} noun="nodes" />
            </>
          )}
        </Answer>
      </Panel>
    </>
  );
}
