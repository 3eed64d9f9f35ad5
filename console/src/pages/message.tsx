import { useMessage } from '../api/queries.ts';
import { Answer, Facts, PageHead, Panel } from '../components/layout-parts.tsx';
import { Ago, Hash, Status, Wei, Who } from '../components/values.tsx';
import { integer } from '../format/text.ts';
import { Link } from '../router.tsx';

export function MessagePage({ id }: { readonly id: string }) {
  const message = useMessage(id);
  return (
    <Answer query={message} lines={8}>
      {(data) => (
        <>
          <PageHead
            title={`Message ${data.nonce} ${data.direction === 'out' ? 'to' : 'from'} ledger ${data.peer}`}
            aside={<Status state={data.state} />}
          />
          <Panel title="Message">
            <Facts
              items={[
                data.sender === null ? null : ['Sender', <Who key="s" party={data.sender} copy />],
                ['For', <Hash key="t" value={data.target} full />],
                data.depositWei === null ? null : ['Deposit', <Wei key="d" wei={data.depositWei} />],
                data.expiresMs === null ? null : ['Executed until', <Ago key="e" timeMs={data.expiresMs} both />],
              ]}
            />
            <p className="faint">{data.direction === 'out' ? 'Its data' : 'What the target returned'}</p>
            <pre className="raw">{data.data}</pre>
          </Panel>
          <Panel title="On this ledger">
            <ol className="steps">
              {data.history.map((step) => (
                <li key={`${step.transactionHash}/${step.what}`}>
                  <div className="steps-what">{step.what}</div>
                  <div className="steps-note">
                    <Ago timeMs={step.timestampMs} both />
                    <span>
                      block <Link to={`/blocks/${step.blockNumber}`}>{integer(step.blockNumber)}</Link>
                    </span>
                    <Hash value={step.transactionHash} to={`/transactions/${step.transactionHash}`} />
                    <span>
                      by <Who party={step.by} />
                    </span>
                  </div>
                </li>
              ))}
            </ol>
          </Panel>
        </>
      )}
    </Answer>
  );
}
