import type { CertificateTermView, NodeRow, QuarantineView } from '../../../src/node/api/types.ts';
import { useNode } from '../api/queries.ts';
import { Answer, Facts, PageHead, Panel } from '../components/layout-parts.tsx';
import { type Column, Table } from '../components/table.tsx';
import { Ago, Hash, Status } from '../components/values.tsx';
import { integer } from '../format/text.ts';
import { Link } from '../router.tsx';

export function NodePage({ id }: { readonly id: string }) {
  const node = useNode(id);
  return <Answer query={node}>{(data) => <Known node={data} />}</Answer>;
}

function standing(node: NodeRow): string {
  if (node.quarantine !== null) return 'in quarantine: it contradicted itself, so its votes do not count';
  return node.sealer ? 'a sealer: it votes on every block' : 'an observer: it follows the chain without a vote';
}

/** Why a member does not seal any more, for people who know nothing of consensus. */
function Quarantine({ of }: { readonly of: QuarantineView }) {
  return (
    <Panel title="Quarantine">
      <p>
        At height {integer(of.height)}, round {of.round}, this member signed two different {of.message} messages. Each of them
        alone is a vote like any other; together they prove that it told different things to different members. The proof is on
        the ledger since block {integer(of.reportedAt)}, reported by {of.reporter.name ?? of.reporter.address}.
      </p>
      <p className="soft">
        It still follows the chain, and its devices and edge nodes go on working. It votes on blocks again when more than two
        thirds of the other companies agree, or they remove it.
      </p>
    </Panel>
  );
}

/** Until when an observer is let in. */
function Term({ of }: { readonly of: CertificateTermView }) {
  const verb = of.state === 'expired' ? 'ended' : 'holds until';
  return (
    <>
      {verb} <Ago timeMs={of.expiresAtMs} both />
      {of.state === 'expires-soon' ? <span className="tag tag-warn node-self">ends soon</span> : null}
    </>
  );
}

/** Proofs that stay on the ledger, whether or not the member is back. */
function OnRecord({ evidence }: { readonly evidence: readonly QuarantineView[] }) {
  return (
    <Panel title="Contradictions on record" flush>
      <Table
        label="Contradictions on record"
        columns={recordColumns}
        rows={evidence}
        rowKey={(proof) => `${proof.reportedAt} ${proof.message} ${proof.height} ${proof.round}`}
        empty="None."
      />
    </Panel>
  );
}

const recordColumns: readonly Column<QuarantineView>[] = [
  { head: 'Message', cell: ({ message }) => message },
  { head: 'Height', cell: ({ height }) => integer(height), right: true },
  { head: 'Round', cell: ({ round }) => integer(round), right: true },
  {
    head: 'Proved in block',
    cell: ({ reportedAt }) => <Link to={`/blocks/${reportedAt}`}>{integer(reportedAt)}</Link>,
    right: true,
  },
  { head: 'Reported by', cell: ({ reporter }) => reporter.name ?? <Hash value={reporter.address} /> },
];

function Known({ node }: { readonly node: NodeRow }) {
  return (
    <>
      <PageHead title={node.name ?? 'Unnamed node'} aside={<Status state={node.status} />}>
        {node.role}, {standing(node)}.
      </PageHead>
      <Panel title="Node">
        <Facts
          items={[
            ['Id', <Hash key="i" value={node.address} full />],
            ...(node.account === null ? [] : [['Account', <Hash key="a" value={node.account} full />] as const]),
            ['Company', node.company ?? '–'],
            ['Role', node.role],
            ['Height', node.height === null ? 'not reported' : integer(node.height)],
            ...(node.certificate === null ? [] : [['Certificate', <Term key="c" of={node.certificate} />] as const]),
            ['View', node.view === null ? 'not reported' : String(node.view)],
            ['Last seen', <Ago key="l" timeMs={node.lastSeenMs} both />],
          ]}
        />
      </Panel>
      {node.quarantine === null ? null : <Quarantine of={node.quarantine} />}
      {node.evidence.length === 0 || (node.quarantine !== null && node.evidence.length === 1) ? null : (
        <OnRecord evidence={node.evidence} />
      )}
      <Panel title="Its own view">
        {node.self ? (
          <p>
            This node answers you: its peers, its chain and its measurements are on <Link to="/observe">Observe</Link>.
          </p>
        ) : (
          <p className="soft">
            Every node serves its own view under <code>/observe</code> at its own address. What stands above is what the node that
            answers you knows of it.
          </p>
        )}
      </Panel>
    </>
  );
}
