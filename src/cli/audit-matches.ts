import { EDGE_REGISTRY_ADDRESS, type MatchQuery, type Rpc } from '../contracts/index.ts';
import type { Hex } from '../crypto/index.ts';
import {
  createMatchAudit,
  type Finding,
  type MatchAuditReport,
  type RegistryEvent,
  readMatchQuery,
  readRegistryEvent,
} from '../market/index.ts';
import type { Operator } from './operator.ts';
import type { Output } from './output.ts';
import { headNumber, readLogs, readNames } from './read-ledger.ts';
import { ask } from './rpc-over-http.ts';
import { showCount } from './text.ts';

export interface AuditOptions {
  /** First block whose matches are judged; the events before it are read too, since they say which nodes there were. */
  readonly fromBlock: number;
  readonly out: Output;
}

/**
 * Reads the registry's events from the beginning of the chain, searches again for every match outside the contract, and prints what differs.
 * @returns whether every match was right
 */
export async function auditMatches({ rpc, client, consortium }: Operator, { fromBlock, out }: AuditOptions): Promise<boolean> {
  const toBlock = await headNumber(rpc);
  const audit = createMatchAudit({ fromBlock });
  for await (const log of readLogs(client, { address: EDGE_REGISTRY_ADDRESS, fromBlock: 0, toBlock })) {
    const event = readRegistryEvent(log);
    if (event !== undefined) audit.apply(event, audit.wantsQuery(event) ? await readAsked(rpc, event) : undefined);
  }
  const report = audit.report();
  const names = await readNames(consortium);
  printAudit(report, { fromBlock, toBlock, out, nameOf: (company) => names.get(company) ?? company });
  out.result({ correct: report.findingCount === 0, fromBlock, toBlock, ...report });
  return report.findingCount === 0;
}

/** What the device asked for, from its transaction; undefined when another contract passed the request on. */
async function readAsked(rpc: Rpc, event: RegistryEvent): Promise<MatchQuery | undefined> {
  const transaction = await ask<{ to?: unknown; input?: unknown } | null>(rpc, 'eth_getTransactionByHash', [
    event.place.transactionHash,
  ]);
  if (typeof transaction?.to !== 'string' || typeof transaction.input !== 'string') return undefined;
  if (transaction.to.toLowerCase() !== EDGE_REGISTRY_ADDRESS || !('taskId' in event.args)) return undefined;
  const query = readMatchQuery(transaction.input as Hex);
  return query?.taskId === event.args.taskId ? query : undefined;
}

interface AuditText {
  readonly fromBlock: number;
  readonly toBlock: number;
  readonly out: Output;
  readonly nameOf: (company: Hex) => string;
}

function printAudit(report: MatchAuditReport, { fromBlock, toBlock, out, nameOf }: AuditText): void {
  const { events, matches, refusals, unchecked, findings, findingCount, companies } = report;
  out.line(`Blocks ${fromBlock} to ${toBlock}, ${showCount(events, 'event')} of the edge registry`);
  out.line(
    `Searched again through all nodes: ${showCount(matches, 'match', 'matches')}, and ${showCount(refusals, 'request')} without a match`,
  );
  if (unchecked > 0) out.line(`Not judged: ${showCount(unchecked, 'request')} without a match, made through another contract`);
  if (companies.length > 0) {
    out.line();
    out.table(
      companies.map(({ company, nodes, matches: won }) => ({ company: nameOf(company), account: company, nodes, matches: won })),
    );
  }
  out.line();
  if (findingCount === 0) {
    out.line('Every match is the one that the search finds: nobody was favoured.');
    return;
  }
  out.line(`${showCount(findingCount, 'difference')}:`);
  for (const finding of findings) out.line(`  ${findingText(finding, nameOf)}`);
  if (findings.length < findingCount) out.line(`  ... and ${findingCount - findings.length} more`);
}

function findingText({ place, taskId, detail, chosen, best }: Finding, nameOf: AuditText['nameOf']): string {
  const owner = (node: Finding['chosen']): string | undefined =>
    node?.company && `node ${node.nodeId} is ${nameOf(node.company)}'s`;
  const owners = [owner(chosen), owner(best)].filter((text) => text !== undefined);
  const who = owners.length === 0 ? '' : ` (${owners.join(', ')})`;
  const task = taskId === undefined ? '' : `task ${taskId}: `;
  return `block ${place.blockNumber}, transaction ${place.transactionHash}: ${task}${detail}${who}`;
}
