import type { DecodedEvent, TransactionDetail } from '../../../src/node/api/types.ts';
import { useTransaction } from '../api/queries.ts';
import { DecodedValues } from '../components/decoded.tsx';
import { Answer, Facts, PageHead, Panel } from '../components/layout-parts.tsx';
import { Ago, Hash, Status, Wei, Who } from '../components/values.tsx';
import { counted, integer } from '../format/text.ts';
import { Link } from '../router.tsx';

export function TransactionPage({ hash }: { readonly hash: string }) {
  const transaction = useTransaction(hash);
  return (
    <Answer query={transaction} lines={10}>
      {(data) => (
        <>
          <PageHead
            title={data.call === null ? data.method : `${data.call.contract}.${data.call.function}`}
            aside={<Status state={data.status} />}
          >
            <Hash value={data.hash} full />
          </PageHead>
          <Failure data={data} />
          <Panel title="Transaction">
            <Header data={data} />
          </Panel>
          <Panel title="Call">
            <Call data={data} />
          </Panel>
          <Panel title={counted(data.events.length + data.eventsHidden, 'event')}>
            <Events data={data} />
          </Panel>
        </>
      )}
    </Answer>
  );
}

function Failure({ data }: { readonly data: TransactionDetail }) {
  if (data.failure === null) return null;
  return (
    <div className="failure" role="note">
      <strong>Reverted: {data.failure.name}</strong>
      <div>{data.failure.message}</div>
      {data.failure.arguments.length === 0 ? null : <DecodedValues values={data.failure.arguments} />}
    </div>
  );
}

function Header({ data }: { readonly data: TransactionDetail }) {
  const place =
    data.blockNumber === null ? (
      'pending'
    ) : (
      <>
        <Link to={`/blocks/${data.blockNumber}`}>{integer(data.blockNumber)}</Link>, position {data.index}
        {data.confirmations === null ? null : <span className="faint"> ({counted(data.confirmations - 1, 'block')} on top)</span>}
      </>
    );
  return (
    <Facts
      items={[
        ['Block', place],
        ['Time', data.timestampMs === null ? '–' : <Ago key="t" timeMs={data.timestampMs} both />],
        ['From', <Who key="f" party={data.from} copy />],
        ['To', data.to === null ? 'creates a contract' : <Who key="o" party={data.to} copy />],
        data.createdContract === null ? null : ['Contract', <Who key="c" party={data.createdContract} copy />],
        ['Value', <Wei key="v" wei={data.valueWei} />],
        [
          'Gas',
          data.gasUsed === null
            ? `limit ${integer(Number(data.gasLimit))}`
            : `${integer(Number(data.gasUsed))} of ${integer(Number(data.gasLimit))}`,
        ],
        ['Nonce', data.nonce],
        ['Type', String(data.type)],
      ]}
    />
  );
}

function Call({ data }: { readonly data: TransactionDetail }) {
  if (data.call !== null) return <DecodedValues values={data.call.arguments} />;
  if (data.inputBytes === 0) return <p className="soft">A plain transfer: it calls nothing.</p>;
  return (
    <>
      <p className="soft raw-note">
        No known contract declares this call. Its {integer(data.inputBytes)} bytes of input{data.inputCut ? ', cut' : ''}:
      </p>
      <pre className="raw">
        {data.input}
        {data.inputCut ? '…' : ''}
      </pre>
    </>
  );
}

function Events({ data }: { readonly data: TransactionDetail }) {
  if (data.status === 'pending') return <p className="soft">Events are known once a block holds the transaction.</p>;
  if (data.events.length === 0) return <p className="soft">It emitted none.</p>;
  return (
    <>
      {data.events.map((event) => (
        <Event key={event.logIndex} event={event} />
      ))}
      {data.eventsHidden > 0 ? <p className="soft">{counted(data.eventsHidden, 'more event')} not shown.</p> : null}
    </>
  );
}

function Event({ event }: { readonly event: DecodedEvent }) {
  return (
    <div className="event">
      <div className="event-head">
        <h3>{event.event ?? 'unknown event'}</h3>
        <span className="faint">
          of <Who party={event.address} />, log {event.logIndex}
        </span>
      </div>
      {event.event === null ? (
        <pre className="raw">{[...event.topics, event.data].join('\n')}</pre>
      ) : (
        <DecodedValues values={event.arguments} />
      )}
    </div>
  );
}
