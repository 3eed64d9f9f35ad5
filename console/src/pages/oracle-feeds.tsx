import type { OracleFeedView } from '../../../src/node/api/types.ts';
import { useFeeds } from '../api/queries.ts';
import { Answer, Empty, Facts, PageHead, Panel } from '../components/layout-parts.tsx';
import { LineChart } from '../components/line-chart.tsx';
import { Ago, Hash, Wei } from '../components/values.tsx';
import { counted, decimalNumber } from '../format/text.ts';
import { duration } from '../format/time.ts';
import { Link } from '../router.tsx';

export function OracleFeedsPage() {
  const feeds = useFeeds();
  return (
    <>
      <PageHead title="Feeds">
        Values that contracts keep up to date by asking the oracle: those among the latest requesters that answer as a feed does.
      </PageHead>
      <Answer query={feeds} lines={8}>
        {(data) =>
          data.items.length === 0 ? (
            <Panel>
              <Empty>No feed has asked the oracle yet. `treadle oracle feed create` makes one.</Empty>
            </Panel>
          ) : (
            data.items.map((feed) => <Feed key={feed.address} feed={feed} />)
          )
        }
      </Answer>
    </>
  );
}

function Feed({ feed }: { readonly feed: OracleFeedView }) {
  const points = feed.rounds.map(({ updatedMs, value }) => ({ timeMs: updatedMs, value: Number(value) }));
  return (
    <Panel title={feed.description} aside={<Hash value={feed.address} />}>
      <div className="feed">
        <div>
          <div className="feed-value" data-testid="feed-value">
            {feed.value ?? 'no value yet'}
          </div>
          <div className={feed.stale ? 'due' : 'faint'}>
            {feed.updatedMs === null ? null : (
              <>
                observed <Ago timeMs={feed.updatedMs} />
                {feed.stale ? ', older than the heartbeat' : ''}
              </>
            )}
          </div>
        </div>
        <LineChart label={`${feed.description}: ${counted(points.length, 'round')}`} points={points} />
      </div>
      <Facts
        items={[
          ['Heartbeat', duration(feed.heartbeatSeconds * 1000)],
          ['Deviation', `${decimalNumber(feed.deviationPpm / 10_000)} %`],
          ['Rounds', counted(feed.roundCount, 'round')],
          ['Holds', <Wei key="w" wei={feed.balanceWei} />],
          feed.openRequest === null
            ? null
            : ['Asks now', <Link key="r" to={`/requests/${feed.openRequest}`}>{`Request ${feed.openRequest}`}</Link>],
          ['Asks for', <code key="s">{feed.asked}</code>],
        ]}
      />
    </Panel>
  );
}
