import { useSyncExternalStore } from 'react';

export type Theme = 'light' | 'dark';

const KEY = 'treadle.theme';
const system = window.matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  system.addEventListener('change', listener);
  return () => {
    listeners.delete(listener);
    system.removeEventListener('change', listener);
  };
}

function current(): Theme {
  const chosen = document.documentElement.dataset['theme'];
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return system.matches ? 'dark' : 'light';
}

/** The theme on screen: the reader's choice, or else the system's. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, current);
}

/** Changes to the other theme and remembers it; back at the system's own preference the choice is forgotten. */
export function toggleTheme(): void {
  const next: Theme = current() === 'dark' ? 'light' : 'dark';
  const follows = (next === 'dark') === system.matches;
  if (follows) delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = next;
  try {
    if (follows) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // Storage may be forbidden: the choice then lasts as long as the page.
  }
  for (const listener of [...listeners]) listener();
}
