import type { MapView } from '../../../src/node/api/types.ts';
import { integer } from '../format/text.ts';
import { useTheme } from '../theme.ts';
import { companyColour } from './palette.ts';

interface LegendProps {
  readonly map: MapView;
  readonly hidden: ReadonlySet<number>;
  readonly onToggle: (hidden: ReadonlySet<number>) => void;
}

/** Who is which colour; a company can be taken off the map. */
export function Legend({ map, hidden, onToggle }: LegendProps) {
  const theme = useTheme();
  const counts = map.companies.map((_, company) =>
    map.nodes.company.reduce((sum, owner) => sum + (owner === company ? 1 : 0), 0),
  );
  const toggle = (company: number): void => {
    const next = new Set(hidden);
    if (!next.delete(company)) next.add(company);
    onToggle(next);
  };
  return (
    <div className="legend">
      {map.companies.map((name, company) => (
        <button
          key={name}
          type="button"
          aria-pressed={!hidden.has(company)}
          onClick={() => toggle(company)}
          title={hidden.has(company) ? `Show ${name}` : `Hide ${name}`}
        >
          <svg viewBox="0 0 10 10" aria-hidden="true">
            <circle cx="5" cy="5" r="4" fill={companyColour(company, theme)} />
          </svg>
          {name} <span className="faint">{integer(counts[company] ?? 0)}</span>
        </button>
      ))}
      <span>
        <svg viewBox="0 0 10 10" aria-hidden="true">
          <rect x="1.5" y="1.5" width="7" height="7" fill="none" stroke="currentColor" strokeWidth="1.4" />
        </svg>
        devices <span className="faint">{integer(map.devices.address.length)}</span>
      </span>
      <span>
        <svg viewBox="0 0 14 10" aria-hidden="true" className="legend-line">
          <path d="M1 8 13 2" stroke="currentColor" strokeWidth="1.4" />
        </svg>
        latest matches <span className="faint">{integer(map.matches.length)}</span>
      </span>
      {map.hidden > 0 ? <span className="legend-hidden">{integer(map.hidden)} more are not drawn</span> : null}
    </div>
  );
}
