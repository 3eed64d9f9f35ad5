import type { OracleRequestDetail } from '../../../src/node/api/types.ts';
import { useRequest } from '../api/queries.ts';
import { Answer, Facts, PageHead, Panel } from '../components/layout-parts.tsx';
import { Ago, CopyButton, Hash, Status, Wei, Who } from '../components/values.tsx';
import { counted, integer } from '../format/text.ts';
import { duration } from '../format/time.ts';
import { Link } from '../router.tsx';
import { Parties, Seat } from './oracle-parts.tsx';
import { Round } from './oracle-round.tsx';

export function OracleRequestPage({ id }: { readonly id: string }) {
  const request = useRequest(id);
  return (
    <Answer query={request} lines={12}>
      {(data) => (
        <>
          <PageHead title={`Request ${data.id}`} aside={<Status state={data.state} />}>
            {data.headline}
          </PageHead>
          {data.result === null ? null : <Result request={data} />}
          <Panel title="Where it stands">
            {data.explanation.map((line) => (
              <p key={line}>{line}</p>
            ))}
          </Panel>
          <Panel title="Request">
            <Asked request={data} />
          </Panel>
          {data.accepted === null ? null : (
            <Panel title="Signed by">
              <Signers request={data} />
            </Panel>
          )}
          <Rounds request={data} />
          <Panel title="On the ledger">
            <History request={data} />
          </Panel>
        </>
      )}
    </Answer>
  );
}

function Result({ request }: { readonly request: OracleRequestDetail }) {
  const { result } = request;
  if (result === null) return null;
  return (
    <Panel
      title={result.form === 'sealed' ? 'Answer, sealed for one reader' : 'Answer'}
      aside={<Ago timeMs={result.observedMs} />}
    >
      <div className="answer" data-testid="answer">
        {result.text}
      </div>
      <Facts
        items={[...result.more.map(({ name, value }) => [name, value] as const), ['Bytes', <Bytes key="b" hex={result.hex} />]]}
      />
    </Panel>
  );
}

function Bytes({ hex }: { readonly hex: string }) {
  return hex.length > 90 ? (
    <span>
      {integer((hex.length - 2) / 2)} bytes <CopyButton text={hex} />
    </span>
  ) : (
    <Hash value={hex} full />
  );
}

function Asked({ request }: { readonly request: OracleRequestDetail }) {
  return (
    <>
      <pre className="raw">{request.specText ?? request.specHex}</pre>
      <div className="panel-after">
        <Facts
          items={[
            ['Requester', <Who key="r" party={request.requester} copy />],
            ['Job', request.job],
            ['Group', `${request.groupSize} nodes, ${request.quorum} of them have to sign`],
            ['Deposit', <Wei key="d" wei={request.depositWei} />],
            request.refundWei === null
              ? null
              : [
                  request.state === 'pending' ? 'Comes back without an answer' : 'Comes back',
                  <Wei key="f" wei={request.refundWei} />,
                ],
            ['Callback', request.callbackGas === 0 ? 'none' : `${integer(request.callbackGas)} gas`],
            request.delivered === null
              ? null
              : ['Taken by the requester', request.delivered ? 'yes' : 'no: its contract refused'],
            ['Requested', <Ago key="a" timeMs={request.requestedMs} both />],
            ['May be answered until', <Ago key="e" timeMs={request.expiresMs} both />],
            ['Took', request.endedMs === null ? '–' : duration(request.endedMs - request.requestedMs)],
            request.nextBlock === null
              ? null
              : ['More is possible from', `block ${integer(request.nextBlock)} (now ${integer(request.head)})`],
          ]}
        />
      </div>
    </>
  );
}

function Signers({ request }: { readonly request: OracleRequestDetail }) {
  const { accepted } = request;
  if (accepted === null) return null;
  const { group, signatures, term, transmitter, byMaster, together } = accepted;
  return (
    <>
      <p>
        {counted(signatures, 'signature')} of the group of term {term}, in one sum that the contract checked. Brought by{' '}
        <Seat seat={transmitter} />, {byMaster ? 'the master' : 'a work node, since the master had not'}
        {together > 1 ? `, together with ${counted(together - 1, 'other request')}` : ''}.
      </p>
      {group === null ? (
        <p className="faint">This node cannot tell the group of that term any more.</p>
      ) : (
        <ul className="signers">
          {group.map((member) => (
            <li key={member.address} className={member.signed ? 'signer signer-yes' : 'signer'}>
              <Seat seat={member} />
              <span>{member.signed ? 'signed' : 'did not sign, or too late'}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Rounds({ request }: { readonly request: OracleRequestDetail }) {
  const { rounds, silent } = request;
  return (
    <Panel title="Rounds" aside={<span className="faint">as the nodes tell that led them</span>}>
      {rounds.length === 0 && silent.length === 0 ? (
        <p className="faint">No node tells of a round about it: none was led yet, or the nodes have restarted since.</p>
      ) : null}
      {rounds.map((round) => (
        <Round key={`${round.leader.address}/${round.startedMs}`} round={round} request={request.id} />
      ))}
      {silent.length === 0 ? null : (
        <p className="round-why">
          Did not tell: <Parties parties={silent} />
        </p>
      )}
    </Panel>
  );
}

function History({ request }: { readonly request: OracleRequestDetail }) {
  return (
    <ol className="steps">
      {request.history.map((step) => (
        <li key={`${step.transactionHash}/${step.what}`}>
          <div className="steps-what">{step.what}</div>
          <div className="steps-note">
            <Ago timeMs={step.timestampMs} both />
            <span>
              block <Link to={`/blocks/${step.blockNumber}`}>{integer(step.blockNumber)}</Link>
            </span>
            <Hash value={step.transactionHash} to={`/transactions/${step.transactionHash}`} />
            {step.by === null ? null : (
              <span>
                by <Who party={step.by} />
              </span>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}
