import { useTasks } from '../api/queries.ts';
import { StateFilter, TextFilter } from '../components/filters.tsx';
import { Answer, PageHead, Panel } from '../components/layout-parts.tsx';
import { Pager, usePaging } from '../components/pager.tsx';
import { Table } from '../components/table.tsx';
import { useLocation } from '../router.tsx';
import { taskColumns } from './task-columns.tsx';

export function TasksPage() {
  const { query } = useLocation();
  const { offset, limit } = usePaging();
  const tasks = useTasks({ offset, limit, search: query.get('q') ?? '', state: query.get('state') ?? '' });
  const aside = (
    <div className="filters">
      <TextFilter label="Find tasks" placeholder="Task, device, edge node, service" />
      <StateFilter states={['matched', 'completed', 'unmatched', 'failed', 'expired']} />
    </div>
  );
  return (
    <>
      <PageHead title="Tasks" aside={aside}>
        A device asks, the registry chooses the nearest edge node that fits, the work is done there. The page of a task says who
        was chosen among whom.
      </PageHead>
      <Panel flush>
        <Answer query={tasks} lines={10}>
          {(data) => (
            <>
              <Table
                label="Tasks"
                columns={taskColumns}
                rows={data.items}
                rowKey={(row) => row.id}
                empty={query.has('q') || query.has('state') ? 'No task fits the filter.' : 'No device has asked for work yet.'}
              />
              <Pager {...data} noun="tasks" />
            </>
          )}
        </Answer>
      </Panel>
    </>
  );
}
