import { useEffect, useState } from 'react';
import type { Party } from '../../../src/node/api/types.ts';
import { shortHash } from '../format/text.ts';
import { absoluteTime, relativeTime } from '../format/time.ts';
import { readableWei } from '../format/wei.ts';
import { Link } from '../router.tsx';
import { useNow } from './now.ts';

/** A time as distance from now, the moment itself in the tooltip. */
export function Ago({ timeMs, both = false }: { readonly timeMs: number | null; readonly both?: boolean }) {
  const now = useNow();
  if (timeMs === null) return <span className="faint">never</span>;
  const absolute = absoluteTime(timeMs);
  return (
    <time dateTime={new Date(timeMs).toISOString()} title={absolute} className="nowrap">
      {both ? `${absolute} (${relativeTime(timeMs, now)})` : relativeTime(timeMs, now)}
    </time>
  );
}

/** An amount in a readable unit, exact in the tooltip. */
export function Wei({ wei }: { readonly wei: string | null }) {
  if (wei === null) return <span className="faint">–</span>;
  const { amount, unit, exact } = readableWei(wei);
  return (
    <span className="number nowrap" title={exact}>
      {amount}
      {amount === '0' ? null : <span className="unit"> {unit}</span>}
    </span>
  );
}

/** A shortened hash or address, a link when it leads somewhere, with a button that copies the whole of it. */
export function Hash({ value, to, full = false }: { readonly value: string; readonly to?: string; readonly full?: boolean }) {
  const text = full ? value : shortHash(value);
  return (
    <span className={full ? 'hash hash-full' : 'hash'} title={full ? undefined : value}>
      {to === undefined ? (
        <code>{text}</code>
      ) : (
        <Link to={to}>
          <code>{text}</code>
        </Link>
      )}
      <CopyButton text={value} />
    </span>
  );
}

/** Copies `text`; says that it did for a moment. */
export function CopyButton({ text }: { readonly text: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), 1_500);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // Without permission (a page over plain HTTP) the text can still be selected by hand.
      setCopied(false);
    }
  };
  return (
    <button
      type="button"
      className="copy"
      onClick={() => void copy()}
      aria-label={copied ? 'Copied' : `Copy ${text}`}
      title={copied ? 'Copied' : 'Copy'}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {copied ? (
          <path d="M3 8.5 6.5 12 13 4.5" />
        ) : (
          <path d="M5.5 5.5V3.2c0-.4.3-.7.7-.7h6.6c.4 0 .7.3.7.7v6.6c0 .4-.3.7-.7.7h-2.3M3.2 5.5h6.6c.4 0 .7.3.7.7v6.6c0 .4-.3.7-.7.7H3.2a.7.7 0 0 1-.7-.7V6.2c0-.4.3-.7.7-.7Z" />
        )}
      </svg>
    </button>
  );
}

/** Who it is: the name where there is one, else the short address; the address in the tooltip. */
export function Who({
  party,
  to,
  copy = false,
}: {
  readonly party: Party | null;
  readonly to?: string;
  readonly copy?: boolean;
}) {
  if (party === null) return <span className="faint">–</span>;
  const label = party.name ?? shortHash(party.address);
  const inner = party.name === null ? <code>{label}</code> : label;
  return (
    <span className="who nowrap" title={party.address}>
      {to === undefined ? inner : <Link to={to}>{inner}</Link>}
      {copy ? <CopyButton text={party.address} /> : null}
    </span>
  );
}

const TONES: Readonly<Record<string, 'good' | 'warn' | 'bad' | 'idle' | 'info'>> = {
  running: 'good',
  succeeded: 'good',
  completed: 'good',
  answered: 'good',
  executed: 'good',
  active: 'good',
  open: 'good',
  connected: 'good',
  lagging: 'warn',
  pending: 'warn',
  closing: 'warn',
  leaving: 'warn',
  sent: 'warn',
  withdrawable: 'warn',
  unmatched: 'warn',
  matched: 'info',
  unreachable: 'bad',
  reverted: 'bad',
  failed: 'bad',
  expired: 'bad',
  'given up': 'bad',
  halted: 'bad',
  closed: 'idle',
  withdrawn: 'idle',
  disconnected: 'idle',
  'not connected': 'idle',
};

/** A state as a word with a coloured mark: never colour alone. */
export function Status({ state }: { readonly state: string }) {
  return <span className={`status status-${TONES[state] ?? 'idle'}`}>{state}</span>;
}
