import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFailed } from 'vitest';
import type { ConsortiumMember } from '../../../src/consortium/index.ts';
import { type Command, firstDocument, isRunning, killAtOnce, treadle, until } from './processes.ts';

/** What `treadle up --json` tells of one node. */
export interface NodeReport {
  readonly name: string;
  readonly role: string;
  readonly node: `0x${string}`;
  readonly rpcUrl?: string;
  readonly consoleUrl?: string;
  readonly addresses: readonly string[];
  readonly pid: number;
}

export interface UpDocument {
  readonly folder: string;
  readonly resumed: boolean;
  readonly chainId: number;
  readonly rpcUrl: string;
  readonly consoleUrl: string;
  readonly nodes: readonly NodeReport[];
}

export interface StartOptions {
  readonly folder: string;
  /** First of a thousand ports that are this file's own. */
  readonly firstPort: number;
  readonly edges?: number;
  readonly devices?: number;
  /** Time from one task of a device to the next, e.g. "1 s". */
  readonly interval?: string;
}

const READY_WITHIN_MS = 90_000;
const LOG_TAIL_LINES = 15;

/** A consortium of real processes on this machine. */
export interface Consortium {
  readonly command: Command;
  readonly document: UpDocument;
  readonly members: readonly ConsortiumMember[];
  /** The node of a folder such as `company-1`, or the fleet. */
  readonly node: (folder: string) => NodeReport;
  /** Its supervisor and its nodes. */
  readonly pids: () => readonly number[];
}

/** `treadle up`, until it says that everybody runs. */
export async function up(options: StartOptions): Promise<Consortium> {
  const { folder, firstPort, edges = 2, devices = 3, interval = '1 s' } = options;
  const home = join(folder, 'home');
  const command = treadle(
    folder,
    ...['up', '--folder', home, '--json', '--no-progress', '--interval', interval],
    ...['--edges', `${edges}`, '--devices', `${devices}`],
    ...['--rpc-port', `${firstPort}`, '--console-port', `${firstPort + 200}`, '--peer-port', `${firstPort + 400}`],
  );
  try {
    const document = await firstDocument<UpDocument>(command, READY_WITHIN_MS);
    const { members } = JSON.parse(readFileSync(join(home, 'consortium.json'), 'utf8')) as {
      members: readonly ConsortiumMember[];
    };
    return {
      command,
      document,
      members,
      node(name) {
        const address = members.find((member) => member.folder === name)?.node;
        const found = document.nodes.find((node) => (name === 'fleet' ? node.role === 'fleet' : node.node === address));
        if (found === undefined) throw new Error(`no process runs ${name}`);
        return found;
      },
      pids: () => [...document.nodes.map(({ pid }) => pid), command.pid],
    };
  } catch (error) {
    printLogs(home);
    await killAtOnce([command.pid]);
    throw error;
  }
}

/** `treadle node`, until it says that it runs. */
export async function startNode(folder: string, nodeFolder: string): Promise<Command & { readonly report: NodeReport }> {
  const command = treadle(folder, 'node', '--folder', nodeFolder, '--json');
  const report = await firstDocument<NodeReport>(command, READY_WITHIN_MS);
  return { ...command, report };
}

/** Ends whatever still runs. */
export async function killRest(
  commands: readonly (Command | undefined)[],
  consortia: readonly (Consortium | undefined)[],
): Promise<void> {
  const pids = [...commands.map((command) => command?.pid ?? -1), ...consortia.flatMap((consortium) => consortium?.pids() ?? [])];
  await killAtOnce(pids.filter((pid) => pid > 0 && isRunning(pid)));
}

/** Within a test: shows the ends of the logs when it fails. */
export function showLogsOnFailure(folder: string): void {
  onTestFailed(() => printLogs(join(folder, 'home')));
}

function printLogs(home: string): void {
  const logs = join(home, 'logs');
  if (!existsSync(logs)) return;
  for (const name of readdirSync(logs)) {
    const lines = readFileSync(join(logs, name), 'utf8').trimEnd().split('\n');
    console.error(`--- ${name}\n${lines.slice(-LOG_TAIL_LINES).join('\n')}`);
  }
}

export interface LogLine {
  readonly msg: string;
  readonly node: string;
  readonly [field: string]: unknown;
}

/** The lines of a log file, those of an event or all. */
export function logLines(file: string, event?: string): readonly LogLine[] {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const parsed = lines.flatMap((line): LogLine[] => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === 'object' && value !== null && 'msg' in value ? [value as LogLine] : [];
    } catch {
      return [];
    }
  });
  return event === undefined ? parsed : parsed.filter(({ msg }) => msg === event);
}

/** One JSON-RPC call over HTTP. */
export async function rpc<T>(url: string | undefined, method: string, ...params: readonly unknown[]): Promise<T> {
  if (url === undefined) throw new Error('this node serves no JSON-RPC');
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(10_000),
  });
  const answer = (await response.json()) as {
    readonly result?: T;
    readonly error?: { readonly code: number; readonly message: string };
  };
  if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.code} ${answer.error.message}`);
  return answer.result as T;
}

export async function height(url: string | undefined): Promise<number> {
  return Number(await rpc<string>(url, 'eth_blockNumber'));
}

export interface Block {
  readonly number: string;
  readonly hash: string;
  readonly miner: string;
  readonly transactions: readonly string[];
}

export function blockAt(url: string | undefined, number: number): Promise<Block | null> {
  return rpc(url, 'eth_getBlockByNumber', `0x${number.toString(16)}`, false);
}

export interface FleetWork {
  readonly completed: number;
  readonly failed: number;
  readonly vouchers: number;
}

/** What the devices of the fleet have done since it started. */
export async function fleetWork(consortium: Consortium): Promise<FleetWork> {
  const response = await fetch(`${consortium.node('fleet').consoleUrl}/api/observe`, { signal: AbortSignal.timeout(10_000) });
  const { members } = (await response.json()) as { readonly members: readonly FleetWork[] };
  const sum = (pick: (member: FleetWork) => number): number => members.reduce((total, member) => total + pick(member), 0);
  return {
    completed: sum((member) => member.completed),
    failed: sum((member) => member.failed),
    vouchers: sum((member) => member.vouchers),
  };
}

/** Waits until the fleet has completed this many tasks more. */
export async function moreTasks(consortium: Consortium, count: number, withinMs: number): Promise<FleetWork> {
  const before = await until('the fleet answers', withinMs, () => fleetWork(consortium));
  return until(`${count} more tasks than ${before.completed}`, withinMs, async () => {
    const now = await fleetWork(consortium);
    return now.completed >= before.completed + count && now;
  });
}
