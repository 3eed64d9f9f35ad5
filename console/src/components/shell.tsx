import { type ReactNode, useEffect, useState, useSyncExternalStore } from 'react';
import { live } from '../api/live.ts';
import { useOverview } from '../api/queries.ts';
import { integer } from '../format/text.ts';
import { Link, useLocation } from '../router.tsx';
import { toggleTheme, useTheme } from '../theme.ts';
import { SearchBox } from './search-box.tsx';

const SECTIONS = [
  {
    title: 'Ledger',
    links: [
      ['/', 'Overview'],
      ['/blocks', 'Blocks'],
      ['/transactions', 'Transactions'],
      ['/nodes', 'Nodes'],
    ],
  },
  {
    title: 'Edge',
    links: [
      ['/map', 'Map'],
      ['/edge-nodes', 'Edge nodes'],
      ['/devices', 'Devices'],
      ['/tasks', 'Tasks'],
      ['/channels', 'Channels'],
    ],
  },
  {
    title: 'Between ledgers',
    links: [
      ['/ledgers', 'Ledgers'],
      ['/messages', 'Messages'],
    ],
  },
  {
    title: 'Oracle',
    links: [
      ['/oracle', 'Oracle'],
      ['/requests', 'Requests'],
      ['/feeds', 'Feeds'],
      ['/verify', 'Verify a reading'],
    ],
  },
  { title: 'This node', links: [['/observe', 'Observe']] },
] as const;

/** Navigation, search, state of the line, theme; the page in the middle. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const { path } = useLocation();
  const [menu, setMenu] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: on another page the menu has done its work.
  useEffect(() => setMenu(false), [path]);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <header className="bar">
        <button
          type="button"
          className="bar-menu button"
          aria-expanded={menu}
          aria-controls="side"
          onClick={() => setMenu(!menu)}
        >
          <span aria-hidden="true">☰</span>
          <span className="visually-hidden">Menu</span>
        </button>
        <Link to="/" className="brand">
          <img src="/mark.svg" alt="" width="26" height="26" />
          <span>Treadle</span>
        </Link>
        <SearchBox />
        <LiveBadge />
        <ThemeButton />
      </header>
      <nav id="side" className={menu ? 'side side-open' : 'side'} aria-label="Main">
        {SECTIONS.map((section) => (
          <div key={section.title} className="side-section">
            <div className="side-title">{section.title}</div>
            {section.links.map(([to, label]) => (
              <Link key={to} to={to} {...(isCurrent(path, to) ? { 'aria-current': 'page' as const } : {})}>
                {label}
              </Link>
            ))}
          </div>
        ))}
        <Chain />
      </nav>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function isCurrent(path: string, to: string): boolean {
  return to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`);
}

function LiveBadge() {
  const state = useSyncExternalStore(live.subscribe, live.state);
  const title = state === 'live' ? 'Changes show as they happen' : 'The line to the node is down; trying again';
  return (
    <span className={`live live-${state}`} role="status" title={title} data-testid="live">
      {state}
    </span>
  );
}

function ThemeButton() {
  const theme = useTheme();
  const other = theme === 'dark' ? 'light' : 'dark';
  return (
    <button
      type="button"
      className="button theme"
      onClick={toggleTheme}
      aria-label={`Use the ${other} theme`}
      title={`Use the ${other} theme`}
    >
      <svg viewBox="0 0 20 20" aria-hidden="true">
        {theme === 'dark' ? (
          <path d="M10 3V1m0 18v-2M3 10H1m18 0h-2M5.1 5.1 3.6 3.6m12.8 12.8-1.5-1.5m0-9.8 1.5-1.5M3.6 16.4l1.5-1.5M13.5 10a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0Z" />
        ) : (
          <path d="M17 11.5A7 7 0 0 1 8.5 3 7 7 0 1 0 17 11.5Z" />
        )}
      </svg>
    </button>
  );
}

function Chain() {
  const { data } = useOverview();
  if (data === undefined) return null;
  const { index, self } = data;
  return (
    <div className="side-foot">
      <div>Chain {data.chainId}</div>
      <div>Served by {self.name ?? self.id.slice(0, 10)}</div>
      {index.done ? null : (
        <div className="side-index" title="Lists and counts are incomplete until the node has read its chain">
          Reading the chain: {integer(index.height)} of {integer(index.target)}
          <progress value={index.height} max={Math.max(1, index.target)} />
        </div>
      )}
    </div>
  );
}
