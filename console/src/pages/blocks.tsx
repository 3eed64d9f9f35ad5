import { useBlocks } from '../api/queries.ts';
import { Answer, PageHead, Panel } from '../components/layout-parts.tsx';
import { ChainPager, usePaging } from '../components/pager.tsx';
import { Table } from '../components/table.tsx';
import { useLocation } from '../router.tsx';
import { blockColumns } from './block-columns.tsx';

export function BlocksPage() {
  const { limit } = usePaging();
  const before = useLocation().query.get('before') ?? undefined;
  const blocks = useBlocks(limit, before);
  return (
    <>
      <PageHead title="Blocks">Each block is final once a quorum of sealers signed it; its page names them.</PageHead>
      <Panel flush>
        <Answer query={blocks} lines={10}>
          {(data) => (
            <>
              <Table
                label="Blocks"
                columns={blockColumns}
                rows={data.items}
                rowKey={(row) => row.hash}
                empty="There is no block here."
              />
              <ChainPager page={data} limit={limit} noun="blocks" />
            </>
          )}
        </Answer>
      </Panel>
    </>
  );
}
