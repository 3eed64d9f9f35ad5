import { useDevice, useTasks } from '../api/queries.ts';
import { Answer, Facts, PageHead, Panel } from '../components/layout-parts.tsx';
import { Pager, usePaging } from '../components/pager.tsx';
import { Table } from '../components/table.tsx';
import { Ago, Hash } from '../components/values.tsx';
import { integer } from '../format/text.ts';
import { positionText } from './devices.tsx';
import { taskColumns } from './task-columns.tsx';

export function DevicePage({ address }: { readonly address: string }) {
  const device = useDevice(address);
  const { offset, limit } = usePaging();
  const tasks = useTasks({ offset, limit, device: address });
  return (
    <>
      <Answer query={device}>
        {(data) => (
          <>
            <PageHead title={data.name ?? 'Device'}>
              {data.company === null ? 'Of no known company.' : `A device of ${data.company}.`}
            </PageHead>
            <Panel title="Device">
              <Facts
                items={[
                  ['Address', <Hash key="a" value={data.address} full />],
                  ['Certificate', data.registered ? 'registered on the ledger' : 'not on the ledger'],
                  ['Last position', positionText(data)],
                  ['Last active', <Ago key="l" timeMs={data.lastActiveMs} both />],
                  [
                    'Tasks',
                    `${integer(data.requested)} requested, ${integer(data.completed)} completed, ${integer(data.failed)} failed`,
                  ],
                ]}
              />
            </Panel>
          </>
        )}
      </Answer>
      <Panel title="Tasks" className="panel-after" flush>
        <Answer query={tasks}>
          {(data) => (
            <>
              <Table
                label="Tasks"
                columns={taskColumns}
                rows={data.items}
                rowKey={(row) => row.id}
                empty="It has not asked for work."
              />
              <Pager {...data} noun="tasks" />
            </>
          )}
        </Answer>
      </Panel>
    </>
  );
}
