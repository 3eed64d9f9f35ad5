import { lazy, Suspense } from 'react';
import { useMap } from '../api/queries.ts';
import { Answer, Empty, Loading, PageHead, Panel } from '../components/layout-parts.tsx';
import { Link } from '../router.tsx';

const EdgeMap = lazy(async () => ({ default: (await import('../map/edge-map.tsx')).EdgeMap }));

export function MapPage() {
  const map = useMap();
  return (
    <>
      <PageHead title="Map">
        Edge nodes by company, devices, and the latest matches. Drag to move, turn the wheel to zoom, click a point for its page;
        the same as lists: <Link to="/edge-nodes">edge nodes</Link>, <Link to="/devices">devices</Link>.
      </PageHead>
      <Panel flush>
        <Answer query={map} lines={10}>
          {(data) =>
            data.nodes.id.length + data.devices.address.length === 0 ? (
              <Empty>
                Nothing has a position yet: the map fills when companies register edge nodes and devices ask for work.
              </Empty>
            ) : (
              <Suspense fallback={<Loading lines={10} />}>
                <EdgeMap map={data} tall />
              </Suspense>
            )
          }
        </Answer>
      </Panel>
    </>
  );
}
