import { useState } from 'react';
import type { Overview, SeriesUnit } from '../../../src/node/api/types.ts';
import { useBlocks, useNodes, useOverview, useSeries, useTransactions } from '../api/queries.ts';
import { TransactionChart } from '../components/chart.tsx';
import { Answer, PageHead, Panel } from '../components/layout-parts.tsx';
import { Switch } from '../components/switch.tsx';
import { Table } from '../components/table.tsx';
import { Wei } from '../components/values.tsx';
import { counted, decimalNumber, integer } from '../format/text.ts';
import { Link } from '../router.tsx';
import { blockColumnsShort } from './block-columns.tsx';
import { nodeColumns } from './node-columns.tsx';
import { transactionColumnsShort } from './transaction-columns.tsx';

const LATEST = 8;

/** The information port: counters, the curve of transactions, nodes, latest blocks and transactions. */
export function OverviewPage() {
  const overview = useOverview();
  return (
    <>
      <PageHead title="Overview">
        {overview.data === undefined
          ? 'Asking the node…'
          : `Consortium chain ${overview.data.chainId}, sealed by ${overview.data.sealers} members; ${overview.data.quorum} votes make a block final.`}
      </PageHead>
      <Answer query={overview}>
        {(data) => (
          <>
            <Quarantined members={data.quarantined} />
            <Counters data={data} />
          </>
        )}
      </Answer>
      <div className="grid grid-chart">
        <SeriesPanel />
        <Panel title="Edge sharing" aside={<Link to="/map">Map</Link>}>
          <Answer query={overview}>{(data) => <Sharing data={data} />}</Answer>
        </Panel>
      </div>
      <NodesPanel />
      <div className="grid grid-2 overview-latest">
        <LatestBlocks />
        <LatestTransactions />
      </div>
    </>
  );
}

/** Said only when there is something to say: a member was caught contradicting itself. */
function Quarantined({ members }: { readonly members: Overview['quarantined'] }) {
  if (members.length === 0) return null;
  const names = members.map((member) => member.name ?? member.address).join(', ');
  return (
    <Panel title="In quarantine">
      <p>
        {names} signed two different votes for one block and does not vote any more, until the other companies decide about it.
        The <Link to="/nodes">list of nodes</Link> says when that was and who proved it.
      </p>
    </Panel>
  );
}

function Counters({ data }: { readonly data: Overview }) {
  const interval = data.blockIntervalMs === null ? 'first blocks' : `one every ${decimalNumber(data.blockIntervalMs / 1000)} s`;
  const counters = [
    ['Blocks', data.blocks, interval, '/blocks', 'blocks'],
    [
      'Transactions',
      data.transactions,
      `${decimalNumber(data.transactionsPerSecond)} per second in the last minute`,
      '/transactions',
      'transactions',
    ],
    ['Pending', data.pending, 'waiting for a block', '/transactions?state=pending', 'pending'],
    [
      'View',
      data.view,
      `${counted(data.viewChanges, 'view change')} so far; ${data.phase.replaceAll('-', ' ')}`,
      '/nodes',
      'view',
    ],
  ] as const;
  return (
    <div className="grid counters">
      {counters.map(([name, value, note, to, id]) => (
        <div key={name} className="counter">
          <div className="counter-name">
            <Link to={to}>{name}</Link>
          </div>
          <div className="counter-value" data-testid={`counter-${id}`}>
            {integer(value)}
          </div>
          <div className="counter-note" title={note}>
            {note}
          </div>
        </div>
      ))}
    </div>
  );
}

const UNITS: readonly SeriesUnit[] = ['days', 'hours', 'minutes'];

function SeriesPanel() {
  const [unit, setUnit] = useState<SeriesUnit>('minutes');
  const series = useSeries(unit);
  const aside = <Switch label="Length of a bar" choices={UNITS} chosen={unit} onChoose={setUnit} />;
  return (
    <Panel title={`Transactions in the last 15 ${unit}`} aside={aside} className="panel-fill">
      <Answer query={series}>{(data) => <TransactionChart unit={data.unit} points={data.points} />}</Answer>
    </Panel>
  );
}

function Sharing({ data }: { readonly data: Overview }) {
  const { tasks, channels } = data;
  const rows = [
    [
      'Edge nodes',
      <Link key="n" to="/edge-nodes">
        {integer(data.edgeNodes)}
      </Link>,
    ],
    [
      'Devices',
      <Link key="d" to="/devices">
        {integer(data.devices)}
      </Link>,
    ],
    [
      'Tasks requested',
      <Link key="t" to="/tasks">
        {integer(tasks.requested)}
      </Link>,
    ],
    [
      'completed',
      <Link key="c" to="/tasks?state=completed">
        {integer(tasks.completed)}
      </Link>,
    ],
    [
      'at work',
      <Link key="m" to="/tasks?state=matched">
        {integer(tasks.matched)}
      </Link>,
    ],
    [
      'without a match',
      <Link key="u" to="/tasks?state=unmatched">
        {integer(tasks.unmatched)}
      </Link>,
    ],
    [
      'failed or expired',
      <Link key="f" to="/tasks?state=failed">
        {integer(tasks.failed + tasks.expired)}
      </Link>,
    ],
    [
      'Channels open',
      <Link key="o" to="/channels?state=open">
        {integer(channels.open)}
      </Link>,
    ],
    [
      'closing',
      <Link key="g" to="/channels?state=closing">
        {integer(channels.closing)}
      </Link>,
    ],
    ['Deposited in channels', <Wei key="w" wei={channels.depositedWei} />],
    ['Claimed from channels', <Wei key="x" wei={channels.claimedWei} />],
  ] as const;
  return (
    <dl className="tally">
      {rows.map(([name, value]) => (
        <div key={name} className={name[0] === name[0]?.toLowerCase() ? 'tally-sub' : ''}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const NODES_SHOWN = 12;

function NodesPanel() {
  const nodes = useNodes({ offset: 0, limit: NODES_SHOWN });
  const total = nodes.data?.total ?? 0;
  return (
    <Panel title="Nodes" aside={<Link to="/nodes">{total > NODES_SHOWN ? `All ${integer(total)}` : 'All'}</Link>} flush>
      <Answer query={nodes}>
        {(data) => (
          <Table label="Nodes" columns={nodeColumns} rows={data.items} rowKey={(row) => row.address} empty="No node is known." />
        )}
      </Answer>
    </Panel>
  );
}

function LatestBlocks() {
  const blocks = useBlocks(LATEST);
  return (
    <Panel title="Latest blocks" aside={<Link to="/blocks">All</Link>} flush>
      <Answer query={blocks}>
        {(data) => (
          <Table
            label="Latest blocks"
            columns={blockColumnsShort}
            rows={data.items}
            rowKey={(row) => row.hash}
            empty="There is no block yet."
          />
        )}
      </Answer>
    </Panel>
  );
}

function LatestTransactions() {
  const transactions = useTransactions(LATEST);
  return (
    <Panel title="Latest transactions" aside={<Link to="/transactions">All</Link>} flush>
      <Answer query={transactions}>
        {(data) => (
          <Table
            label="Latest transactions"
            columns={transactionColumnsShort}
            rows={data.items}
            rowKey={(row) => row.hash}
            empty="No transaction yet: it will show here as soon as a block holds one."
          />
        )}
      </Answer>
    </Panel>
  );
}
