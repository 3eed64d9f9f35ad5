import type { ChannelRow } from '../../../src/node/api/types.ts';
import { useNow } from '../components/now.ts';
import type { Column } from '../components/table.tsx';
import { Ago, Hash, Status, Wei, Who } from '../components/values.tsx';
import { absoluteTime, countdown } from '../format/time.ts';

export const channelColumns: readonly Column<ChannelRow>[] = [
  { head: 'Channel', cell: (row) => <Hash value={row.id} to={`/channels/${row.id}`} /> },
  { head: 'State', cell: (row) => <Status state={row.state} /> },
  { head: 'Payer', cell: (row) => <Who party={row.payer} />, priority: 3 },
  { head: 'Payee', cell: (row) => <Who party={row.payee} />, priority: 3 },
  { head: 'Deposit', cell: (row) => <Wei wei={row.depositWei} />, right: true, priority: 4 },
  { head: 'Claimed', cell: (row) => <Wei wei={row.claimedWei} />, right: true, priority: 4 },
  { head: 'Remaining', cell: (row) => <Wei wei={row.remainingWei} />, right: true, priority: 2 },
  {
    head: 'Acts next',
    cell: (row) => (row.next.who === null ? <span className="faint">nobody</span> : <Who party={row.next.who} />),
    priority: 2,
  },
  { head: 'Deadline', cell: (row) => <Deadline timeMs={row.deadlineMs} /> },
  { head: 'Opened', cell: (row) => <Ago timeMs={row.openedMs} />, priority: 5 },
];

/** Time left until something falls due, counting down. */
export function Deadline({ timeMs }: { readonly timeMs: number | null }) {
  const now = useNow();
  if (timeMs === null) return <span className="faint">none</span>;
  const left = timeMs - now;
  return (
    <time
      dateTime={new Date(timeMs).toISOString()}
      title={absoluteTime(timeMs)}
      className={left > 0 ? 'due nowrap' : 'faint nowrap'}
    >
      {left > 0 ? countdown(left) : 'passed'}
    </time>
  );
}
