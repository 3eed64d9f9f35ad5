import type { TaskCandidate, TaskDetail } from '../../../src/node/api/types.ts';
import { useTask } from '../api/queries.ts';
import { Answer, Facts, PageHead, Panel } from '../components/layout-parts.tsx';
import { type Column, Table } from '../components/table.tsx';
import { Ago, Hash, Status, Wei, Who } from '../components/values.tsx';
import { counted, distanceText, integer } from '../format/text.ts';
import { duration } from '../format/time.ts';
import { Link } from '../router.tsx';
import { positionText } from './devices.tsx';

export function TaskPage({ id }: { readonly id: string }) {
  const task = useTask(id);
  return (
    <Answer query={task} lines={10}>
      {(data) => (
        <>
          <PageHead title="Task" aside={<Status state={data.state} />}>
            <Hash value={data.id} full />
          </PageHead>
          <Panel title="Request">
            <Request task={data} />
          </Panel>
          <Panel title="Chosen among" aside={<span className="faint">{consideredText(data)}</span>} flush>
            <Table
              label="Candidates"
              columns={candidateColumns}
              rows={data.candidates}
              rowKey={(row) => row.id}
              empty={data.reason ?? 'The registry has not answered yet.'}
            />
          </Panel>
          <Panel title="On the chain">
            <History task={data} />
          </Panel>
        </>
      )}
    </Answer>
  );
}

function Request({ task }: { readonly task: TaskDetail }) {
  return (
    <Facts
      items={[
        ['Device', <Who key="d" party={task.device} to={`/devices/${task.device.address}`} copy />],
        [
          'Service',
          <span key="s" className="tag">
            {task.service}
          </span>,
        ],
        ['Position', positionText(task)],
        ['Price limit', <Wei key="m" wei={task.maxPriceWei} />],
        [
          'Edge node',
          task.edgeNode === null ? (
            '–'
          ) : (
            <Link key="e" to={`/edge-nodes/${task.edgeNode.id}`}>
              {task.edgeNode.name}
            </Link>
          ),
        ],
        ['Company', task.edgeNode?.company ?? '–'],
        ['Price', <Wei key="p" wei={task.priceWei} />],
        ['Distance', task.distanceM === null ? '–' : distanceText(task.distanceM)],
        ['Requested', <Ago key="r" timeMs={task.requestedMs} both />],
        ['Took', task.finishedMs === null ? '–' : duration(task.finishedMs - task.requestedMs)],
        task.reason === null ? null : ['Reason', task.reason],
      ]}
    />
  );
}

function consideredText(task: TaskDetail): string {
  if (task.considered === null) return '';
  return `attempt ${task.attempts}; the contract compared ${counted(task.considered, 'node')} of those that offer the service`;
}

const candidateColumns: readonly Column<TaskCandidate>[] = [
  { head: 'Edge node', cell: (row) => <Link to={`/edge-nodes/${row.id}`}>{row.name}</Link> },
  { head: 'Company', cell: (row) => row.company ?? <span className="faint">–</span>, priority: 2 },
  {
    head: 'Distance',
    cell: (row) => (row.distanceM === null ? '–' : distanceText(row.distanceM)),
    right: true,
    priority: 2,
  },
  {
    head: 'By the contract',
    cell: (row) =>
      row.microdegrees === null ? (
        '–'
      ) : (
        <span title="The contract compares micro-degrees, latitude and longitude alike">
          {integer(row.microdegrees)} <span className="unit">µ°</span>
        </span>
      ),
    right: true,
    priority: 3,
  },
  { head: 'Price', cell: (row) => <Wei wei={row.priceWei} />, right: true, priority: 3 },
  {
    head: 'Verdict',
    cell: (row) =>
      row.chosen ? <span className="tag tag-accent">{row.note}</span> : <span className="soft wrap">{row.note}</span>,
  },
];

function History({ task }: { readonly task: TaskDetail }) {
  return (
    <ol className="steps">
      {task.history.map((step) => (
        <li key={`${step.transactionHash}/${step.what}`}>
          <div className="steps-what">{step.what}</div>
          <div className="steps-note">
            <Ago timeMs={step.timestampMs} both />
            <span>
              block <Link to={`/blocks/${step.blockNumber}`}>{integer(step.blockNumber)}</Link>
            </span>
            <Hash value={step.transactionHash} to={`/transactions/${step.transactionHash}`} />
            {step.by === null ? null : (
              <span>
                by <Who party={step.by} />
              </span>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}
