import type { LaneView } from '../../../src/node/api/types.ts';
import { useLanes } from '../api/queries.ts';
import { Answer, Facts, PageHead, Panel } from '../components/layout-parts.tsx';
import { Ago, Hash, Status } from '../components/values.tsx';
import { counted, integer } from '../format/text.ts';
import { Link } from '../router.tsx';

/** This ledger beside those that it exchanges messages with, as this one sees them. */
export function LedgersPage() {
  const lanes = useLanes();
  return (
    <>
      <PageHead title="Ledgers side by side">
        This ledger and those that it exchanges messages with: what went there, what came, and what is believed of each.
      </PageHead>
      <Answer query={lanes} lines={8}>
        {(data) => (
          <div className="grid grid-2">
            <Panel title={`Ledger ${data.chainId}`} aside={<span className="tag tag-accent">this one</span>}>
              <Facts
                items={[
                  [
                    'Head',
                    <Link key="h" to={`/blocks/${data.head}`}>
                      {integer(data.head)}
                    </Link>,
                  ],
                  ['Sealed', <Ago key="a" timeMs={data.headMs} />],
                  ['Lanes', counted(data.lanes.length, 'other ledger')],
                ]}
              />
              {data.lanes.length === 0 ? (
                <p className="faint">No message has left or reached this ledger, and no root of another was shown here.</p>
              ) : null}
            </Panel>
            {data.lanes.map((lane) => (
              <Lane key={lane.peer} lane={lane} />
            ))}
          </div>
        )}
      </Answer>
    </>
  );
}

function Lane({ lane }: { readonly lane: LaneView }) {
  const { believed } = lane;
  const state = lane.halted || lane.frozen ? 'halted' : 'open';
  return (
    <Panel title={`Ledger ${lane.peer}`} aside={<Status state={state} />}>
      <Facts
        items={[
          [
            'Sent there',
            <Link key="s" to={`/messages?q=out-${lane.peer}-`}>
              {lane.sent === null ? '–' : integer(lane.sent)}
            </Link>,
          ],
          ['Not settled yet', lane.open === null ? '–' : integer(lane.open)],
          [
            'Came from there',
            <Link key="c" to={`/messages?q=in-${lane.peer}-`}>
              {integer(lane.received)}
            </Link>,
          ],
          ['Sealers known up to', lane.knownHeight === null ? 'not introduced' : `its block ${integer(lane.knownHeight)}`],
          believed === null
            ? ['Root believed', 'none yet']
            : [
                'Root believed',
                <span key="b">
                  <Hash value={believed.root} /> of {counted(believed.size, 'leaf', 'leaves')}, its block{' '}
                  {integer(believed.height)}
                </span>,
              ],
          believed === null
            ? null
            : [
                'Believed by',
                <span key="w">
                  {believed.way === 'both' ? 'group and certificate' : believed.way}, <Ago timeMs={believed.sinceMs} />
                </span>,
              ],
        ]}
      />
    </Panel>
  );
}
