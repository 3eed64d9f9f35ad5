import type { Observation, PeerRow } from '../../../src/node/api/types.ts';
import { useObservation } from '../api/queries.ts';
import { Answer, Facts, PageHead, Panel } from '../components/layout-parts.tsx';
import { type Column, Table } from '../components/table.tsx';
import { Ago, CopyButton, Hash, Status, Who } from '../components/values.tsx';
import { counted, decimalNumber, integer } from '../format/text.ts';
import { blockColumns } from './block-columns.tsx';

/** The node's own view: what it sees itself, whoever else may see it otherwise. */
export function ObservePage() {
  const observation = useObservation();
  return (
    <Answer query={observation} lines={10}>
      {(data) => (
        <>
          <PageHead title={`Observe ${data.self.name ?? 'this node'}`}>
            What this node itself sees of its peers and its chain: it is {roleText(data)}.
          </PageHead>
          <div className="grid grid-2">
            <Panel title="Node">
              <Self data={data} />
            </Panel>
            <Panel title="Consensus">
              <Consensus data={data} />
            </Panel>
          </div>
          <Panel
            title={counted(data.peers.length + data.peersHidden, 'peer')}
            aside={data.peersHidden > 0 ? <span className="faint">{integer(data.peersHidden)} not shown</span> : null}
            flush
          >
            <Table
              label="Peers"
              columns={peerColumns}
              rows={data.peers}
              rowKey={(row) => row.address}
              empty="No peer is connected: this node is alone. Check its contacts and the reason in its log."
            />
          </Panel>
          {data.chain === null ? null : (
            <Panel title="Its chain" aside={<span className="faint">height {integer(data.chain.height)}</span>} flush>
              <Table
                label="Blocks of this node"
                columns={blockColumns}
                rows={data.chain.recent}
                rowKey={(row) => row.hash}
                empty="Only the genesis block."
              />
            </Panel>
          )}
          <Panel title="Measurements" flush>
            <Measurements metrics={data.metrics} />
          </Panel>
        </>
      )}
    </Answer>
  );
}

function roleText({ self }: Observation): string {
  if (self.role === 'proxy') return "the consortium's proxy";
  if (self.role === 'company') return `the sealer of ${self.company ?? 'a company without a name'}`;
  const what = {
    centre: 'a centre',
    edge: 'an edge node',
    device: 'a device',
    oracle: 'an oracle node',
    observer: 'an observer',
  }[self.role];
  return `${what} of ${self.company ?? 'no company'}`;
}

function Self({ data }: { readonly data: Observation }) {
  return (
    <Facts
      items={[
        ['Id', <Hash key="i" value={data.self.address} full />],
        ['Version', data.version],
        ['Listens on', data.addresses.length === 0 ? '–' : <Addresses key="a" addresses={data.addresses} />],
        data.chain === null
          ? ['Chain', 'headers only']
          : [
              'Head',
              <span key="h">
                {integer(data.chain.height)}, <Ago timeMs={data.chain.timestampMs} />
              </span>,
            ],
        data.chain === null ? null : ['Head hash', <Hash key="x" value={data.chain.hash} to={`/blocks/${data.chain.hash}`} />],
        data.syncing === null
          ? null
          : ['Catching up', `block ${integer(data.syncing.currentBlock)} of ${integer(data.syncing.highestBlock)}`],
        data.chain === null ? null : ['Pending', counted(data.chain.pending, 'transaction')],
      ]}
    />
  );
}

function Addresses({ addresses }: { readonly addresses: readonly string[] }) {
  return (
    <>
      {addresses.map((address) => (
        <div key={address}>
          <code>{address}</code> <CopyButton text={address} />
        </div>
      ))}
    </>
  );
}

function Consensus({ data }: { readonly data: Observation }) {
  const { consensus } = data;
  return (
    <Facts
      items={[
        ['Height', integer(consensus.height)],
        ['View', String(consensus.round)],
        [
          'Phase',
          consensus.votes ? consensus.phase.replaceAll('-', ' ') : 'follows blocks by their certificates, without a vote',
        ],
        ['Proposer', <Who key="p" party={consensus.proposer} />],
        ['View changes', integer(consensus.viewChanges)],
        [
          'Sealers',
          <span key="s" className="party-list">
            {consensus.sealers.map((party) => (
              <Who key={party.address} party={party} />
            ))}
          </span>,
        ],
      ]}
    />
  );
}

const peerColumns: readonly Column<PeerRow>[] = [
  { head: 'Peer', cell: (row) => <Who party={row} to={`/nodes/${row.address}`} copy /> },
  { head: 'Link', cell: (row) => <Status state={row.connected ? 'connected' : 'disconnected'} /> },
  { head: 'Company', cell: (row) => row.company ?? <span className="faint">–</span>, priority: 3 },
  { head: 'Role', cell: (row) => row.role, priority: 2 },
  { head: 'Height', cell: (row) => (row.height === null ? '–' : integer(row.height)), right: true },
  { head: 'Since', cell: (row) => <Ago timeMs={row.sinceMs} />, priority: 2 },
  {
    head: 'Address',
    cell: (row) => (row.addresses[0] === undefined ? '–' : <code title={row.addresses.join('\n')}>{row.addresses[0]}</code>),
    priority: 4,
    grow: true,
  },
];

function Measurements({ metrics }: { readonly metrics: Readonly<Record<string, number>> }) {
  const columns: readonly Column<readonly [string, number]>[] = [
    { head: 'Name', cell: (row) => <code>{row[0]}</code> },
    { head: 'Value', cell: (row) => decimalNumber(row[1]), right: true },
  ];
  const rows = Object.entries(metrics).sort(([left], [right]) => (left < right ? -1 : 1));
  return <Table label="Measurements" columns={columns} rows={rows} rowKey={(row) => row[0]} empty="Nothing was measured yet." />;
}
