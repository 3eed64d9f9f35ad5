import { useEdgeNode } from '../api/queries.ts';
import { Answer, Facts, PageHead, Panel } from '../components/layout-parts.tsx';
import { Table } from '../components/table.tsx';
import { Ago, Status, Wei, Who } from '../components/values.tsx';
import { integer, latitudeText, longitudeText } from '../format/text.ts';
import { Link } from '../router.tsx';
import { Load, Services } from './edge-node-columns.tsx';
import { taskColumns } from './task-columns.tsx';

export function EdgeNodePage({ id }: { readonly id: string }) {
  const node = useEdgeNode(id);
  return (
    <Answer query={node} lines={10}>
      {(data) => (
        <>
          <PageHead title={data.name} aside={<Status state={data.state} />}>
            Edge node {data.id} of {data.company.name ?? data.company.address}.
          </PageHead>
          <Panel title="Offer">
            <Facts
              items={[
                ['Company', <Who key="c" party={data.company} copy />],
                ['Account', <Who key="a" party={data.account} copy />],
                ['Services', <Services key="s" names={data.services} />],
                ['Price per task', <Wei key="p" wei={data.priceWei} />],
                ['Places taken', <Load key="l" busy={data.busy} capacity={data.capacity} />],
                ['Position', `${latitudeText(data.latitude)}, ${longitudeText(data.longitude)}`],
                ['Matched', integer(data.matched)],
                ['Completed', integer(data.completed)],
                ['Failed', integer(data.failed)],
                ['Registered', <Moment key="r" block={data.registeredBlock} timeMs={data.registeredMs} />],
                ['Last changed', <Moment key="u" block={data.updatedBlock} timeMs={data.updatedMs} />],
              ]}
            />
          </Panel>
          <Panel title="Latest tasks" aside={<Link to={`/tasks?q=${encodeURIComponent(data.name)}`}>All</Link>} flush>
            <Table
              label="Latest tasks"
              columns={taskColumns}
              rows={data.tasks}
              rowKey={(row) => row.id}
              empty="No task was matched with this node yet."
            />
          </Panel>
        </>
      )}
    </Answer>
  );
}

function Moment({ block, timeMs }: { readonly block: number; readonly timeMs: number }) {
  return (
    <>
      <Ago timeMs={timeMs} both />, block <Link to={`/blocks/${block}`}>{integer(block)}</Link>
    </>
  );
}
