import type { NodeRow } from '../../../src/node/api/types.ts';
import { useNode } from '../api/queries.ts';
import { Answer, Facts, PageHead, Panel } from '../components/layout-parts.tsx';
import { Ago, Hash, Status } from '../components/values.tsx';
import { integer } from '../format/text.ts';
import { Link } from '../router.tsx';

export function NodePage({ id }: { readonly id: string }) {
  const node = useNode(id);
  return <Answer query={node}>{(data) => <Known node={data} />}</Answer>;
}

function Known({ node }: { readonly node: NodeRow }) {
  return (
    <>
      <PageHead title={node.name ?? 'Unnamed node'} aside={<Status state={node.status} />}>
        {node.role}, {node.sealer ? 'a sealer: it votes on every block' : 'an observer: it follows the chain without a vote'}.
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
