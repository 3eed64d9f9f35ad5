import type { OracleCandidate, OracleNodeView, OracleOverview, OracleTermRow } from '../../../src/node/api/types.ts';
import { useOracle, useRequests } from '../api/queries.ts';
import { Answer, Facts, PageHead, Panel } from '../components/layout-parts.tsx';
import { type Column, Table } from '../components/table.tsx';
import { Ago, CopyButton, Hash, Status, Wei, Who } from '../components/values.tsx';
import { counted, decimalNumber, integer } from '../format/text.ts';
import { Link } from '../router.tsx';
import { requestColumns, Seat } from './oracle-parts.tsx';

const LATEST = 8;

/** Who works for the oracle, who leads now and how that was drawn, and the latest requests. */
export function OraclePage() {
  const oracle = useOracle();
  return (
    <>
      <PageHead title="Oracle">
        Nodes that bring outside data onto the ledger: a group drawn anew for each term observes, signs, and its master brings
        what a quorum agreed on.
      </PageHead>
      <Answer query={oracle} lines={12}>
        {(data) => (
          <>
            {data.paused ? (
              <Panel title="Paused">
                <p>
                  The companies paused the oracle: nothing is asked or answered until more than two thirds of them let it go on.
                </p>
              </Panel>
            ) : null}
            <Counters data={data} />
            <div className="grid grid-2">
              <Panel title={`Term ${integer(data.term.number)}`} aside={<TermProgress data={data} />}>
                <Term data={data} />
              </Panel>
              <Panel title="Rules">
                <Rules data={data} />
              </Panel>
            </div>
            <Election data={data} />
            <Nodes data={data} />
            <Latest />
            <Terms data={data} />
            <Slashes data={data} />
          </>
        )}
      </Answer>
    </>
  );
}

function Counters({ data: { counts } }: { readonly data: OracleOverview }) {
  const counters = [
    ['Pending', counts.pending, 'waiting for an answer', '/requests?state=pending', 'pending'],
    ['Answered', counts.answered, `of ${integer(counts.requested)} asked`, '/requests?state=answered', 'answered'],
    ['Failed', counts.failed, 'with a reason that a group signed', '/requests?state=failed', 'failed'],
    ['Expired', counts.expired, 'nobody answered in time', '/requests?state=expired', 'expired'],
  ] as const;
  return (
    <div className="grid counters">
      {counters.map(([name, value, note, to, id]) => (
        <div key={name} className="counter">
          <div className="counter-name">
            <Link to={to}>{name}</Link>
          </div>
          <div className="counter-value" data-testid={`requests-${id}`}>
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

function TermProgress({ data: { term, head } }: { readonly data: OracleOverview }) {
  const done = head - term.firstBlock + 1;
  const all = term.lastBlock - term.firstBlock + 1;
  return (
    <span className="faint">
      block {integer(done)} of {integer(all)}
      <span className="meter">
        <span style={{ width: `${(100 * done) / all}%` }} />
      </span>
    </span>
  );
}

function Term({ data: { term, nodes } }: { readonly data: OracleOverview }) {
  if (nodes.every((node) => !node.inSet)) {
    return (
      <p>
        Nobody is in the set of this term. Nodes count from the term after their registration on: {counted(nodes.length, 'node')}{' '}
        from block {integer(term.lastBlock + 1)} on.
      </p>
    );
  }
  return (
    <Facts
      items={[
        [
          'Master',
          term.master === null ? `elected until block ${integer(term.electionEnd)}` : <Seat key="m" seat={term.master} />,
        ],
        term.masterBy === null ? null : ['Leads by', term.masterBy],
        [
          'Group',
          term.group.length === 0 ? (
            <span key="g" className="due">
              the set is too small
            </span>
          ) : (
            <span key="g" className="party-list">
              {term.group.map((seat) => (
                <Seat key={seat.id} seat={seat} />
              ))}
            </span>
          ),
        ],
        term.masterActedIn === null ? null : ['Master acted last in block', integer(term.masterActedIn)],
        ['Alpha', <Seed key="a" value={term.alpha} />],
        ['Seed of the group', <Seed key="s" value={term.groupSeed} />],
        ['Threshold', <Seed key="t" value={term.threshold} />],
      ]}
    />
  );
}

function Seed({ value }: { readonly value: string | null }) {
  return value === null ? <span className="faint">not known</span> : <Hash value={value} />;
}

function Rules({ data: { settings, jobs, openRequests, fundWei, stakeFundWei } }: { readonly data: OracleOverview }) {
  return (
    <Facts
      items={[
        ['Least stake', <Wei key="s" wei={settings.minStakeWei} />],
        ['Election', `${settings.electBlocks} blocks, ${settings.expectedWinners} candidates expected`],
        ['Work nodes step in', `every ${counted(settings.stageBlocks, 'block')} one`],
        [
          'A silent master',
          <span key="x">
            is replaced after {settings.silenceBlocks} blocks and loses <Wei wei={settings.silenceSlashWei} />
          </span>,
        ],
        ...jobs.map(
          (job) =>
            [
              `Job ${job.name}`,
              <span key={job.name}>
                {job.enabled ? `${job.quorum} of ${job.groupSize}, ` : 'refused, '}
                <Wei wei={job.feeWei} />, {decimalNumber(job.forfeit / 100)} % kept without a result
              </span>,
            ] as const,
        ),
        ['Open requests', `${integer(openRequests.open)} of ${integer(openRequests.atMost)}`],
        ['Kept of deposits', <Wei key="f" wei={fundWei} />],
        ['Taken from stakes', <Wei key="g" wei={stakeFundWei} />],
      ]}
    />
  );
}

/** How far a number of 256 bits lies from 0, in per cent of all there are. */
function shareOf(hex: string): number {
  return (Number.parseInt(hex.slice(2, 14), 16) / 2 ** 48) * 100;
}

function Election({ data: { term } }: { readonly data: OracleOverview }) {
  const columns: readonly Column<OracleCandidate>[] = [
    { head: 'Candidate', cell: (row) => <Seat seat={row} /> },
    {
      head: 'Number',
      cell: (row) => (
        <span className="nowrap">
          <span className="meter beta" title={`${shareOf(row.beta).toFixed(1)} % of the greatest possible number`}>
            <span style={{ width: `${shareOf(row.beta)}%` }} />
          </span>{' '}
          <Hash value={row.beta} />
        </span>
      ),
    },
    {
      head: 'Proof',
      cell: (row) =>
        row.proof === null ? (
          <span className="faint">not kept here</span>
        ) : (
          <span className="nowrap">
            <code>{row.proof.slice(-12)}</code> <CopyButton text={row.proof} />
          </span>
        ),
      priority: 3,
    },
    {
      head: 'Shown in',
      cell: (row) =>
        row.transactionHash === null ? '–' : <Hash value={row.transactionHash} to={`/transactions/${row.transactionHash}`} />,
      priority: 2,
    },
    {
      head: '',
      cell: (row) =>
        row.replaced ? (
          <span className="tag tag-bad">was replaced</span>
        ) : row.leads ? (
          <span className="tag tag-accent">leads</span>
        ) : null,
    },
  ];
  return (
    <Panel
      title="Election"
      aside={
        <span className="faint">
          the smallest number leads; all are below {shareOf(term.threshold).toFixed(0)} % of the range
        </span>
      }
      flush
      className="panel-after"
    >
      <Table
        label="Candidates"
        columns={columns}
        rows={term.candidates}
        rowKey={(row) => String(row.id)}
        empty={
          term.electing
            ? 'Nobody has come forward yet.'
            : term.master === null
              ? 'There was nobody to elect.'
              : `Nobody came forward: it was the turn of ${term.master.name ?? `node ${term.master.id}`}.`
        }
      />
    </Panel>
  );
}

function Nodes({ data: { nodes, term } }: { readonly data: OracleOverview }) {
  const columns: readonly Column<OracleNodeView>[] = [
    { head: 'Node', cell: (row) => <Seat seat={row} /> },
    { head: 'Company', cell: (row) => <Who party={row.member} />, priority: 2 },
    { head: 'Stake', cell: (row) => <Wei wei={row.stakeWei} />, right: true },
    { head: 'Is owed', cell: (row) => <Wei wei={row.owedWei} />, right: true, priority: 3 },
    { head: 'State', cell: (row) => <Status state={row.state} />, priority: 2 },
    {
      head: `Term ${integer(term.number)}`,
      cell: (row) =>
        row.inSet ? (
          <span className={row.part === 'reserve' ? 'tag' : 'tag tag-accent'}>{row.part}</span>
        ) : (
          <span className="faint">not in the set</span>
        ),
    },
    { head: 'Next term', cell: (row) => (row.inNextSet ? 'in the set' : <span className="due">out</span>), priority: 3 },
  ];
  return (
    <Panel title="Nodes" flush>
      <Table
        label="Oracle nodes"
        columns={columns}
        rows={nodes}
        rowKey={(row) => String(row.id)}
        empty="No node is registered."
      />
    </Panel>
  );
}

function Latest() {
  const requests = useRequests({ offset: 0, limit: LATEST });
  return (
    <Panel title="Latest requests" aside={<Link to="/requests">All</Link>} flush>
      <Answer query={requests}>
        {(data) => (
          <Table
            label="Latest requests"
            columns={requestColumns}
            rows={data.items}
            rowKey={(row) => row.id}
            empty="Nobody has asked the oracle yet."
          />
        )}
      </Answer>
    </Panel>
  );
}

const termColumns: readonly Column<OracleTermRow>[] = [
  { head: 'Term', cell: (row) => integer(row.number) },
  {
    head: 'Smallest number',
    cell: (row) =>
      row.byTurn ? <span className="faint">nobody came forward: by turn</span> : <Seat seat={row.candidates[0] ?? null} />,
  },
  { head: 'Numbers shown', cell: (row) => row.candidates.length, right: true, priority: 2 },
  {
    head: 'Replaced',
    cell: (row) =>
      row.replaced.length === 0 ? (
        <span className="faint">–</span>
      ) : (
        row.replaced.map((each) => (
          <span key={each.transactionHash} className="nowrap">
            <Seat seat={each.previous} /> → <Seat seat={each.current} />{' '}
          </span>
        ))
      ),
    priority: 3,
  },
  { head: 'Requests ended', cell: (row) => integer(row.requests), right: true },
  { head: 'Transactions', cell: (row) => integer(row.transactions), right: true, priority: 3 },
];

function Terms({ data }: { readonly data: OracleOverview }) {
  return (
    <Panel title="Terms" flush>
      <Table
        label="Terms"
        columns={termColumns}
        rows={data.terms}
        rowKey={(row) => String(row.number)}
        empty="No term was opened yet."
      />
    </Panel>
  );
}

/** Said only when there is something to say. */
function Slashes({ data: { slashes } }: { readonly data: OracleOverview }) {
  if (slashes.length === 0) return null;
  return (
    <Panel title="Stakes taken">
      <ol className="steps">
        {slashes.map((slash) => (
          <li key={`${slash.transactionHash}/${slash.id}`}>
            <div className="steps-what">
              <Seat seat={slash} /> lost <Wei wei={slash.wei} /> for {slash.offence}
            </div>
            <div className="steps-note">
              <Ago timeMs={slash.timestampMs} both />
              <Hash value={slash.transactionHash} to={`/transactions/${slash.transactionHash}`} />
              <span>
                reported by <Who party={slash.reporter} />
              </span>
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
