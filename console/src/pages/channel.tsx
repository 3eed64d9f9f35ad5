import type { ChannelDetail } from '../../../src/node/api/types.ts';
import { useChannel } from '../api/queries.ts';
import { Answer, Facts, PageHead, Panel } from '../components/layout-parts.tsx';
import { Ago, Hash, Status, Wei, Who } from '../components/values.tsx';
import { integer } from '../format/text.ts';
import { duration } from '../format/time.ts';
import { Link } from '../router.tsx';
import { Deadline } from './channel-columns.tsx';

export function ChannelPage({ id }: { readonly id: string }) {
  const channel = useChannel(id);
  return (
    <Answer query={channel} lines={10}>
      {(data) => (
        <>
          <PageHead title="Channel" aside={<Status state={data.state} />}>
            <Hash value={data.id} full />
          </PageHead>
          <div className="grid grid-2">
            <Panel title="Balance">
              <Balance channel={data} />
            </Panel>
            <Panel title="Who acts next">
              <Facts
                items={[
                  ['Who', <Who key="w" party={data.next.who} copy />],
                  ['What', data.next.what],
                  ['Time left', <Deadline key="d" timeMs={data.deadlineMs} />],
                  ['Deadline', data.deadlineMs === null ? 'none' : <Ago key="a" timeMs={data.deadlineMs} both />],
                ]}
              />
            </Panel>
          </div>
          <Panel title="Channel">
            <Facts
              items={[
                ['Payer', <Who key="p" party={data.payer} copy />],
                ['Payee', <Who key="q" party={data.payee} copy />],
                ['Challenge time', duration(data.challengeSeconds * 1000)],
                ['Opened', <Ago key="o" timeMs={data.openedMs} both />],
              ]}
            />
          </Panel>
          <Panel title="On the chain">
            <History channel={data} />
          </Panel>
        </>
      )}
    </Answer>
  );
}

function Balance({ channel }: { readonly channel: ChannelDetail }) {
  const deposit = BigInt(channel.depositWei);
  const share = deposit === 0n ? 0 : Number((BigInt(channel.claimedWei) * 1000n) / deposit) / 10;
  return (
    <>
      <div className="meter meter-wide" role="img" aria-label={`${share} % of the deposit is claimed`}>
        <span style={{ width: `${share}%` }} />
      </div>
      <Facts
        items={[
          ['Deposit', <Wei key="d" wei={channel.depositWei} />],
          [
            'Claimed',
            <>
              <Wei key="c" wei={channel.claimedWei} /> <span className="faint">({share} %)</span>
            </>,
          ],
          ['Refunded', <Wei key="r" wei={channel.refundedWei} />],
          ['Remaining', <Wei key="m" wei={channel.remainingWei} />],
        ]}
      />
    </>
  );
}

function History({ channel }: { readonly channel: ChannelDetail }) {
  return (
    <ol className="steps">
      {channel.history.map((step) => (
        <li key={`${step.transactionHash}/${step.what}`}>
          <div className="steps-what">
            {step.what} {step.amountWei === null ? null : <Wei wei={step.amountWei} />}
          </div>
          <div className="steps-note">
            <Ago timeMs={step.timestampMs} both />
            <span>
              block <Link to={`/blocks/${step.blockNumber}`}>{integer(step.blockNumber)}</Link>
            </span>
            <Hash value={step.transactionHash} to={`/transactions/${step.transactionHash}`} />
          </div>
        </li>
      ))}
    </ol>
  );
}
