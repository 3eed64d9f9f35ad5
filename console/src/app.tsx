import { useEffect } from 'react';
import { PageHead } from './components/layout-parts.tsx';
import { Shell } from './components/shell.tsx';
import { BlockPage } from './pages/block.tsx';
import { BlocksPage } from './pages/blocks.tsx';
import { ChannelPage } from './pages/channel.tsx';
import { ChannelsPage } from './pages/channels.tsx';
import { DevicePage } from './pages/device.tsx';
import { DevicesPage } from './pages/devices.tsx';
import { EdgeNodePage } from './pages/edge-node.tsx';
import { EdgeNodesPage } from './pages/edge-nodes.tsx';
import { LedgersPage } from './pages/ledgers.tsx';
import { MapPage } from './pages/map.tsx';
import { MessagePage } from './pages/message.tsx';
import { MessagesPage } from './pages/messages.tsx';
import { NodePage } from './pages/node.tsx';
import { NodesPage } from './pages/nodes.tsx';
import { ObservePage } from './pages/observe.tsx';
import { OraclePage } from './pages/oracle.tsx';
import { OracleFeedsPage } from './pages/oracle-feeds.tsx';
import { OracleRequestPage } from './pages/oracle-request.tsx';
import { OracleRequestsPage } from './pages/oracle-requests.tsx';
import { OverviewPage } from './pages/overview.tsx';
import { TaskPage } from './pages/task.tsx';
import { TasksPage } from './pages/tasks.tsx';
import { TransactionPage } from './pages/transaction.tsx';
import { TransactionsPage } from './pages/transactions.tsx';
import { VerifyPage } from './pages/verify.tsx';
import { Link, useLocation } from './router.tsx';

export function App() {
  const { parts } = useLocation();
  const [section = '', id] = parts;
  const title = section === '' ? 'Overview' : section[0]?.toUpperCase() + section.slice(1).replaceAll('-', ' ');
  useEffect(() => {
    document.title = id === undefined ? `${title} – Treadle` : `${title} ${id.slice(0, 12)} – Treadle`;
  }, [title, id]);
  return <Shell>{parts.length > 2 ? <Missing /> : pageOf(section, id)}</Shell>;
}

function pageOf(section: string, id: string | undefined) {
  switch (section) {
    case '':
      return <OverviewPage />;
    case 'blocks':
      return id === undefined ? <BlocksPage /> : <BlockPage id={id} />;
    case 'transactions':
      return id === undefined ? <TransactionsPage /> : <TransactionPage hash={id} />;
    case 'nodes':
      return id === undefined ? <NodesPage /> : <NodePage id={id} />;
    case 'map':
      return id === undefined ? <MapPage /> : <Missing />;
    case 'edge-nodes':
      return id === undefined ? <EdgeNodesPage /> : <EdgeNodePage id={id} />;
    case 'devices':
      return id === undefined ? <DevicesPage /> : <DevicePage address={id} />;
    case 'tasks':
      return id === undefined ? <TasksPage /> : <TaskPage id={id} />;
    case 'channels':
      return id === undefined ? <ChannelsPage /> : <ChannelPage id={id} />;
    case 'ledgers':
      return id === undefined ? <LedgersPage /> : <Missing />;
    case 'messages':
      return id === undefined ? <MessagesPage /> : <MessagePage id={id} />;
    case 'oracle':
      return id === undefined ? <OraclePage /> : <Missing />;
    case 'requests':
      return id === undefined ? <OracleRequestsPage /> : <OracleRequestPage id={id} />;
    case 'feeds':
      return id === undefined ? <OracleFeedsPage /> : <Missing />;
    case 'verify':
      return id === undefined ? <VerifyPage /> : <Missing />;
    case 'observe':
      return id === undefined ? <ObservePage /> : <Missing />;
    default:
      return <Missing />;
  }
}

function Missing() {
  return (
    <PageHead title="There is no such page">
      The address does not name a page of this console. <Link to="/">Go to the overview</Link>.
    </PageHead>
  );
}
