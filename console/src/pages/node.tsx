import type { NodeRow, QuarantineView } from '../../../src/node/api/types.ts';
import { useNode } from '../api/queries.ts';
import { Answer, Facts, PageHead, Panel } from '../components/layout-parts.tsx';
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
            ['Company', node.company ?? '–'],
            ['Role', node.role],
            ['Height', node.height === null ? 'not reported' : integer(node.height)],
            ['View', node.view === null ? 'not reported' : String(node.view)],
            ['Last seen', <Ago key="l" timeMs={node.lastSeenMs} both />],
          ]}
        />
      </Panel>
      {node.quarantine === null ? null : <Quarantine of={node.quarantine} />}
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
