import type { Observation } from './types.ts';

/** What a node without the console's files shows under `/` and `/observe`: its own view as one plain page without scripts. */
export function plainPage(observation: Observation): string {
  const { self, chain, consensus, peers } = observation;
  const peerRows = peers.map((peer) => [
    peer.name ?? peer.address,
    peer.role,
    peer.company ?? '',
    peer.connected ? 'connected' : 'not connected',
    text(peer.height),
  ]);
  const blockRows = (chain?.recent ?? []).map((block) => [
    text(block.number),
    `${text(Math.max(0, Math.round((observation.nowMs - block.timestampMs) / 1000)))} s ago`,
    block.proposer.name ?? block.proposer.address,
    text(block.transactions),
    block.hash,
  ]);
  const facts = [
    ['Node', self.address],
    ['Role', self.role],
    ['Company', self.company ?? ''],
    ['Addresses', observation.addresses.join(' ')],
    ['Height', chain === null ? 'headers only' : text(chain.height)],
    [
      'Consensus',
      `height ${consensus.height}, view ${consensus.round}, ${consensus.phase}, ${consensus.viewChanges} view changes`,
    ],
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(self.name ?? self.address)} – Treadle</title></head>
<body>
<h1>${escapeHtml(self.name ?? self.address)}</h1>
<p>The console is not built: run <code>npm run build:console</code>.
This is the node's own view; <a href="/api/observe">the same as JSON</a>.</p>
${table([], facts)}
<h2>Peers</h2>
${table(['Peer', 'Role', 'Company', 'Link', 'Height'], peerRows)}
<h2>Latest blocks</h2>
${table(['Block', 'Age', 'Sealer', 'Transactions', 'Hash'], blockRows)}
</body></html>
`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.length === 0 ? '' : `<tr>${heads.map((name) => `<th align="left">${escapeHtml(name)}</th>`).join('')}</tr>`;
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`).join('\n');
  return `<table cellpadding="4">${head}${body}</table>`;
}

function text(value: number | null): string {
  return value === null ? '' : String(value);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(raw: string): string {
  return raw.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
