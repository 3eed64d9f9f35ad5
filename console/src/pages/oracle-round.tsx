import type { OracleMemberView, OracleRoundView } from '../../../src/node/api/types.ts';
import { type Column, Table } from '../components/table.tsx';
import { Ago, Hash, Who } from '../components/values.tsx';
import { duration } from '../format/time.ts';

/** One attempt at a request: how long seeing, signing and bringing took, and what each member did. `request` is what the page is about. */
export function Round({ round, request }: { readonly round: OracleRoundView; readonly request: string | undefined }) {
  const why = [
    ...new Set(round.unanswered.filter((each) => request === undefined || each.id === request).map((each) => each.why)),
  ];
  return (
    <section className="round" data-testid="round">
      <header className="round-head">
        <strong>
          Term {round.term}, attempt {round.attempt}
        </strong>
        <span>
          led by <Who party={round.leader} to={`/nodes/${round.leader.address}`} /> as{' '}
          {round.byMaster ? 'the master' : 'a work node, since the master did not'}
        </span>
        <Ago timeMs={round.startedMs} both />
      </header>
      <Phases round={round} />
      {round.error === null ? null : <p className="round-why">It ended with an error: {round.error}</p>}
      {why.length === 0 ? null : <p className="round-why">No answer: {why.join('; ')}.</p>}
      <Table
        label={`Members in attempt ${round.attempt} of term ${round.term}`}
        columns={memberColumns(request)}
        rows={round.members}
        rowKey={(row) => row.address}
        empty="The group is not known."
      />
    </section>
  );
}

/** Asked, seen, signed, in a block: one bar, its parts as long as they took. */
function Phases({ round }: { readonly round: OracleRoundView }) {
  const { startedMs, observedMs, signedMs, endedMs, transactionHash, quorum } = round;
  const phases = [
    { name: 'Seeing', from: startedMs, to: observedMs, kind: 'see' },
    { name: `Signing, ${quorum} needed`, from: observedMs, to: signedMs ?? endedMs, kind: signedMs === null ? 'fail' : 'sign' },
    { name: 'Into a block', from: signedMs, to: endedMs, kind: 'block' },
  ].flatMap(({ name, from, to, kind }) => (from === null || to === null ? [] : [{ name, ms: Math.max(0, to - from), kind }]));
  if (phases.length === 0) return <p className="faint">It has not seen enough yet.</p>;
  const total = phases.reduce((sum, { ms }) => sum + ms, 0);
  return (
    <div className="phases">
      {phases.map(({ name, ms, kind }) => (
        <div
          key={name}
          className={`phase phase-${kind}`}
          style={{ flexGrow: Math.max(0.12, ms / Math.max(1, total)) }}
          title={`${name}: ${duration(ms)}`}
        >
          <span className="phase-name">{name}</span>
          <span className="phase-time">{duration(ms)}</span>
        </div>
      ))}
      {transactionHash === null ? null : (
        <div className="phase-end">
          <Hash value={transactionHash} to={`/transactions/${transactionHash}`} />
        </div>
      )}
    </div>
  );
}

function memberColumns(request: string | undefined): readonly Column<OracleMemberView>[] {
  const about = <T extends { readonly id: string }>(list: readonly T[]): readonly T[] =>
    list.filter((each) => request === undefined || each.id === request);
  return [
    {
      head: 'Member',
      cell: (row) => (
        <>
          <Who party={row} to={`/nodes/${row.address}`} />
          {row.lied ? <span className="tag tag-bad round-mark">lied</span> : null}
        </>
      ),
    },
    {
      head: 'Saw',
      cell: (row) => {
        const failed = about(row.failed);
        if (row.saw.length > 0 && (request === undefined || row.saw.includes(request))) {
          return <span className="tag tag-accent">a value</span>;
        }
        return failed.length === 0 ? <span className="faint">not asked</span> : <Why texts={failed.map(({ why }) => why)} />;
      },
    },
    {
      head: 'Signed',
      cell: (row) => (row.signed ? <span className="tag tag-accent">signed</span> : <span className="faint">no</span>),
    },
    {
      head: 'Objected',
      cell: (row) => {
        const texts = [
          ...about(row.objections).map(({ why }) => `it ${why}`),
          ...(row.lied ? ['what it sent was not valid'] : []),
          ...(row.error === null ? [] : [row.error]),
        ];
        return texts.length === 0 ? <span className="faint">–</span> : <Why texts={texts} />;
      },
    },
  ];
}

function Why({ texts }: { readonly texts: readonly string[] }) {
  return <span className="wrap due">{[...new Set(texts)].join('; ')}</span>;
}
