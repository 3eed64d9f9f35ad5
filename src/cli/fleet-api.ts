import type { HttpApp, HttpRequest, HttpResponse } from '../environment/index.ts';
import type { DeviceNode, LedgerNode, TreadleNode } from '../node/index.ts';
import type { RunningNode } from './run-node.ts';

/**
 * The page of a process with several nodes: `/observe` lists them, `/observe/ADDRESS` and `/api/observe/ADDRESS` show what one of
 * them sees of its peers and its chain, `/api/observe` all of them in short.
 */
export function createFleetApi(name: string, members: readonly RunningNode[]): HttpApp {
  return {
    async handle(request) {
      if (request.method !== 'GET')
        return json(405, { error: { code: 'API_METHOD_NOT_ALLOWED', message: 'this page is read with GET' } });
      const [, area = '', second = '', third = ''] = request.path.split('/');
      if (request.path === '/' || request.path === '/observe') return html(name, members);
      if (request.path === '/api/observe') return json(200, { name, members: members.map(short) });
      const address = area === 'observe' ? second : area === 'api' && second === 'observe' ? third : '';
      const api = members.find(({ node }) => node.id === address.toLowerCase())?.api;
      if (api === undefined)
        return json(404, { error: { code: 'API_NOT_FOUND', message: `nothing at ${request.path}; /observe lists the nodes` } });
      return api.handle(asOwnPage(request, area));
    },
  };
}

function asOwnPage(request: HttpRequest, area: string): HttpRequest {
  return { ...request, path: area === 'observe' ? '/observe' : '/api/observe' };
}

function short({ node, environment }: RunningNode): Record<string, unknown> {
  const { id, name, role, company } = node;
  return { id, name, role, company, height: heightOf(node), peers: environment.network.peers(), ...node.work() };
}

/** The block that a node knows as the last: in its ledger, or among the headers that a device keeps. */
function heightOf(node: TreadleNode): number {
  return 'full' in node ? (node as LedgerNode).full.ledger.head.number : (node as DeviceNode).light.head.number;
}

function json(status: number, value: unknown): HttpResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

function html(name: string, members: readonly RunningNode[]): HttpResponse {
  const rows = members.map((member) => {
    const device = member.node;
    const { requested, completed, failed, vouchers } = device.work();
    const cells = [heightOf(device), member.environment.network.peers().length, requested, completed, failed, vouchers];
    const link = `<a href="/observe/${device.id}">${escapeHtml(device.name)}</a>`;
    return `<tr><td>${link}</td><td><code>${device.id}</code></td>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  const head = ['Node', 'Address', 'Height', 'Peers', 'Tasks', 'Completed', 'Failed', 'Paid']
    .map((text) => `<th>${text}</th>`)
    .join('');
  const body = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeHtml(name)} - Treadle</title>
<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="5">
<style>:root{color-scheme:light dark}body{font:15px system-ui;margin:2rem}table{border-collapse:collapse}td,th{padding:.3rem .8rem;text-align:left;border-bottom:1px solid #8884}</style>
<h1>${escapeHtml(name)}</h1><p>What each node of this process sees: its chain, its peers, its work.</p>
<table><tr>${head}</tr>${rows.join('')}</table></html>`;
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
}

function escapeHtml(text: string): string {
  return text.replace(
    /[&<>"]/g,
    (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character] ?? character,
  );
}
