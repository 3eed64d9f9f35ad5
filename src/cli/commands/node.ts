import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { serveHttp } from '../../environment/host/index.ts';
import { TreadleError } from '../../errors.ts';
import { FLEET_STARTING_MAX, PORT_TRIES_MAX } from '../../limits.ts';
import { type LedgerNode, Siblings } from '../../node/index.ts';
import { type ChildReport, reportToSupervisor } from '../child-report.ts';
import { ensureConsole } from '../console-files.ts';
import { createFleetApi } from '../fleet-api.ts';
import { watchLinkRules } from '../link-rules.ts';
import { type LoadedNode, loadFleet, loadNode } from '../load-setup.ts';
import { wholeNumber } from '../numbers.ts';
import { createOutput } from '../output.ts';
import { genesisExecutor, type RunningNode, runNode } from '../run-node.ts';
import { stopRequested } from '../stop-requested.ts';
import { withContacts } from '../with-contacts.ts';
import { withStorageLimit } from '../with-storage-limit.ts';

export interface NodeOptions {
  readonly folder: readonly string[];
  readonly contact?: readonly string[];
  readonly interval?: string;
  readonly consolePort?: string;
  readonly storageLimit?: string;
  readonly links?: string;
  readonly json?: boolean;
}

const REPORT_EVERY_MS = 1_000;
/** Time in which a node that cannot go on may still close its files. */
const STOP_AFTER_FAILURE_MS = 10_000;

/** `treadle node`: runs the node (or the fleet) of a folder until it is told to stop. */
export async function node(options: NodeOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const folders = options.folder.map((path) => resolve(path));
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const stopping = stopRequested();
  const group = await groupOf(folders);
  if (group !== undefined && options.links !== undefined)
    throw new TreadleError('CLI_BAD_OPTION', {
      detail: '--links shapes the links of a single node, not of several in one process',
    });
  // Under a supervisor the console was built once for all.
  if (!process.connected) await ensureConsole((text) => process.stderr.write(`${text}\n`));
  const host =
    group === undefined
      ? await runSingle(folders[0] as string, options, failed.reject)
      : areSeparate(group.members)
        ? await runSeparate(group, options, failed.reject)
        : await runGroup(group, options, failed.reject);
  const timer = setInterval(() => reportToSupervisor(host.report()), REPORT_EVERY_MS);
  try {
    reportToSupervisor(host.report());
    const { name, role, node: id, rpcUrl, consoleUrl, addresses } = host.report();
    out.line(`${name} (${role}) ${id}`);
    for (const line of [
      consoleUrl && `console   ${consoleUrl}`,
      rpcUrl && `JSON-RPC  ${rpcUrl}`,
      ...addresses.map((address) => `peers     ${address}`),
    ]) {
      if (line) out.line(`  ${line}`);
    }
    out.result(host.report());
    await Promise.race([stopping, failed.promise]);
  } catch (error) {
    // What broke the node may also keep it from stopping, and is what there is to tell.
    await Promise.race([host.stop(), delay(STOP_AFTER_FAILURE_MS)]).catch(() => undefined);
    throw error;
  } finally {
    clearInterval(timer);
  }
  await host.stop();
}

interface Hosted {
  report(): ChildReport;
  stop(): Promise<void>;
}

async function runSingle(folder: string, options: NodeOptions, fatal: (error: unknown) => void): Promise<Hosted> {
  const loaded = withOptions(await loadNode(folder), options);
  const links =
    options.links === undefined
      ? undefined
      : watchLinkRules(resolve(options.links), ({ error, rules }) => {
          if (error === undefined) running.environment.log.info('links.shaped', { rules });
          else running.environment.log.warn('links.not-shaped', { code: error.code, reason: error.detail });
        });
  const running = await runNode(loaded, { fatal, ...interval(options), ...(links && { shaping: links.shaping }) });
  return {
    report: () => reportOf(running),
    stop: () => {
      links?.stop();
      return running.stop();
    },
  };
}

interface Group {
  readonly name: string;
  readonly members: readonly LoadedNode[];
}

/** Several folders, or the members of a fleet file, share one process. */
async function groupOf(folders: readonly string[]): Promise<Group | undefined> {
  const [first = ''] = folders;
  if (folders.length > 1) {
    const members = await Promise.all(folders.map(loadNode));
    return { name: `${members.length} nodes`, members };
  }
  return (await isFleet(first)) ? loadFleet(first) : undefined;
}

/** Nodes that share a process and nothing else: those of different ledgers, and oracle nodes, each of which checks the chain itself. */
function areSeparate(members: readonly LoadedNode[]): boolean {
  const chains = new Set(members.map(({ setup }) => setup.genesis.chainId));
  if (members.length === 1) return false;
  return chains.size === members.length || members.every(({ setup }) => setup.file.role === 'oracle');
}

/** @throws TreadleError CLI_BAD_OPTION: a sealer is a process of its own, and what edge nodes share is of no use to a device */
function refuseMixed(members: readonly LoadedNode[]): void {
  const roles = [...new Set(members.map(({ setup }) => setup.file.role))];
  if (roles.length === 1 && (roles[0] === 'edge' || roles[0] === 'device')) return;
  throw new TreadleError('CLI_BAD_OPTION', {
    detail: `--folder names nodes of the roles ${roles.join(', ')}: only edge nodes, only devices, only oracle nodes, or nodes of different ledgers share a process`,
  });
}

/** Nodes with a ledger each: every one of them serves what its own file says. */
async function runSeparate({ name, members }: Group, options: NodeOptions, fatal: (error: unknown) => void): Promise<Hosted> {
  const running: RunningNode[] = [];
  const stop = async (): Promise<void> => {
    const outcomes = await Promise.allSettled(running.map((member) => member.stop()));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };
  try {
    const chains = new Set(members.map(({ setup }) => setup.genesis.chainId));
    const siblings = chains.size > 1 ? { siblings: new Siblings() } : {};
    for (const member of members) {
      running.push(await runNode(withOptions(member, options), { fatal, ...siblings, ...interval(options) }));
    }
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
  return { stop, report: () => reportOfSeats(name, running) };
}

function reportOfSeats(name: string, running: readonly RunningNode[]): ChildReport {
  const reports = running.map((member) => ({ ...reportOf(member), chainId: member.loaded.setup.genesis.chainId }));
  const [first] = reports;
  const sum = (pick: (report: ChildReport) => number): number => reports.reduce((total, report) => total + pick(report), 0);
  const tasks = (pick: 'requested' | 'completed' | 'failed'): number => sum((report) => report.tasks?.[pick] ?? 0);
  return {
    ...(first as ChildReport),
    name,
    nodes: running.length,
    peers: sum(({ peers }) => peers),
    vouchers: sum(({ vouchers = 0 }) => vouchers),
    tasks: { requested: tasks('requested'), completed: tasks('completed'), failed: tasks('failed') },
    seats: reports.map(({ tasks: _tasks, vouchers: _vouchers, height = 0, ...seat }) => ({ ...seat, height })),
  };
}

/** A group serves one page of its own, on which each member's view of its peers and chain stands. */
async function runGroup(
  { name, members: loaded }: Group,
  options: NodeOptions,
  fatal: (error: unknown) => void,
): Promise<Hosted> {
  const members = loaded.map((member) => withOptions(member, options));
  const first = members[0] as LoadedNode;
  refuseMixed(members);
  const port =
    options.consolePort === undefined ? 0 : wholeNumber('--console-port', options.consolePort, { min: 0, max: 65_535 });
  const { running, halt } = await startMembers(members, options, fatal);
  const api = createFleetApi(name, running);
  const server = await serveHttp(api, { host: first.setup.file.listen.host, port, portTries: PORT_TRIES_MAX });
  const sum = (pick: (node: RunningNode) => number): number => running.reduce((total, member) => total + pick(member), 0);
  const ledgerNode = running.find(({ node: member }) => 'full' in member)?.node as LedgerNode | undefined;
  return {
    report: () => ({
      name,
      role: first.setup.file.role === 'device' ? 'fleet' : 'group',
      node: first.setup.key.address,
      consoleUrl: server.url,
      addresses: [],
      nodes: running.length,
      peers: sum(({ environment }) => environment.network.peers().length),
      tasks: {
        requested: sum((member) => member.node.work().requested),
        completed: sum((member) => member.node.work().completed),
        failed: sum((member) => member.node.work().failed),
      },
      vouchers: sum((member) => member.node.work().vouchers),
      ...(ledgerNode !== undefined && { height: ledgerNode.full.ledger.head.number }),
    }),
    async stop() {
      await server.close();
      await halt();
      // Guests before their host: what they finish still needs its ledger.
      const [head, ...guests] = running;
      await Promise.all(guests.map((member) => member.stop()));
      await head?.stop();
    },
  };
}

/**
 * Edge nodes see the chain through the first of them; devices share what genesis comes to. Resolves when the first of
 * them runs; the others follow, a few at a time, in the array that is returned.
 */
async function startMembers(
  members: readonly LoadedNode[],
  options: NodeOptions,
  fatal: (error: unknown) => void,
): Promise<Starting> {
  const first = members[0] as LoadedNode;
  const executor = first.setup.file.role === 'device' ? { executor: genesisExecutor(first.setup.genesis) } : {};
  const running = [await runNode(first, { fatal, serve: false, ...executor, ...interval(options) })];
  const host = first.setup.file.role === 'edge' ? { host: running[0]?.node as LedgerNode } : {};
  const state = { stopping: false };
  const startOthers = async (): Promise<void> => {
    for (let at = 1; at < members.length && !state.stopping; at += FLEET_STARTING_MAX) {
      const batch = members.slice(at, at + FLEET_STARTING_MAX);
      const started = batch.map((member) => runNode(member, { fatal, serve: false, ...executor, ...host, ...interval(options) }));
      const outcomes = await Promise.allSettled(started);
      // Those that run are stopped with the rest, whatever became of the others.
      running.push(...outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])));
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    }
  };
  const others = startOthers().catch(fatal);
  return {
    running,
    async halt() {
      state.stopping = true;
      await others;
    },
  };
}

interface Starting {
  readonly running: readonly RunningNode[];
  /** Starts no further members; resolves when none is in between. */
  halt(): Promise<void>;
}

function reportOf({ node: running, environment, rpcUrl, consoleUrl }: RunningNode): ChildReport {
  const { requested, completed, failed, vouchers } = running.work();
  return {
    name: running.name,
    role: running.role,
    node: running.id,
    addresses: environment.network.addresses(),
    peers: environment.network.peers().length,
    tasks: { requested, completed, failed },
    vouchers,
    ...('full' in running && { height: (running as LedgerNode).full.ledger.head.number }),
    ...(rpcUrl !== undefined && { rpcUrl }),
    ...(consoleUrl !== undefined && { consoleUrl }),
  };
}

function interval({ interval: text }: NodeOptions): { readonly intervalMs?: number } {
  return text === undefined ? {} : { intervalMs: wholeNumber('--interval', text, { min: 1, max: 86_400_000 }) };
}

/** What the command line says goes before the node's file. */
function withOptions(loaded: LoadedNode, { contact = [], storageLimit }: NodeOptions): LoadedNode {
  return withStorageLimit(withContacts(loaded, contact), storageLimit);
}

async function isFleet(folder: string): Promise<boolean> {
  return access(join(folder, 'fleet.json')).then(
    () => true,
    () => false,
  );
}
