import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { live } from './api/live.ts';
import { App } from './app.tsx';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import './styles/map.css';
import './styles/oracle.css';

/** While no event line is up, answers are asked for again at this pace. */
const POLL_MS = 5_000;

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // Events say when something is stale; time alone does not.
      staleTime: Infinity,
      gcTime: 60_000,
      retry: 1,
      refetchInterval: () => (live.state() === 'live' ? false : POLL_MS),
      refetchOnWindowFocus: false,
    },
  },
});

live.start(client);

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no root element');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
