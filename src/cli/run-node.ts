import path from 'node:path';
import {
  createHostEnvironment,
  type HostEnvironment,
  type HttpServer,
  type LinkShaping,
  serveHttp,
} from '../environment/host/index.ts';
import type { HttpApp } from '../environment/index.ts';
import { loadDataset } from '../learning/index.ts';
import { createMemoryStateStore, createRpcHttpApp, EvmExecutor, type Executor } from '../ledger/index.ts';
import { PORT_TRIES_MAX } from '../limits.ts';
import {
  type Api,
  createApi,
  createDeviceNode,
  createGuestEdgeNode,
  createNode,
  type DeviceNode,
  type EdgeNode,
  type LedgerNode,
  oracleRoundsOf,
  type Platform,
  type Siblings,
  type TreadleNode,
} from '../node/index.ts';
import { watchCertificateFile } from './certificate-file-watch.ts';
import { readConsoleFile } from './console-files.ts';
import { datasetFiles } from './dataset-files.ts';
import { ensureKernels } from './kernel-files.ts';
import type { LoadedNode } from './load-setup.ts';
import { openTelemetryParts, servingTelemetry, startTelemetry, type TelemetryParts } from './telemetry-parts.ts';
import { VERSION } from './version.ts';

/** A node on this machine, with what it serves. */
export interface RunningNode {
  readonly loaded: LoadedNode;
  readonly environment: HostEnvironment;
  readonly node: TreadleNode;
  readonly api: Api;
  readonly rpcUrl: string | undefined;
  readonly consoleUrl: string | undefined;
  stop(): Promise<void>;
}

export interface RunOptions {
  /** Called when the node cannot go on. */
  readonly fatal: (error: unknown) => void;
  /** The full node, in this process, through which an edge node sees the chain instead of keeping a ledger of its own. */
  readonly host?: LedgerNode;
  /** Shared by the members of a fleet: what each of them would compute from the same genesis. */
  readonly executor?: Executor;
  /** Full nodes of other ledgers in this process, this one among them. */
  readonly siblings?: Siblings;
  /** Time from one task to the next, in place of the device's own. */
  readonly intervalMs?: number;
  /** False: a device that runs no tasks of its own accord. */
  readonly periodic?: boolean;
  /** Slows or cuts what the node sends. */
  readonly shaping?: LinkShaping;
  /** False: nothing is served over HTTP. */
  readonly serve?: boolean;
}

/** Runs the node of a folder: opens its disk, joins the network, serves JSON-RPC and the console where node.json says so. */
export async function runNode(loaded: LoadedNode, options: RunOptions): Promise<RunningNode> {
  const setup = withInterval(loaded.setup, options.intervalMs);
  const { file, key } = setup;
  const environment = await createHostEnvironment({
    key,
    dataFolder: loaded.dataFolder,
    listen: { ...file.listen, portTries: PORT_TRIES_MAX },
    logLevel: file.logLevel,
    ...(options.shaping !== undefined && { shaping: options.shaping }),
    ...outsideOf(loaded),
  });
  const opened = closingBackwards(() => environment.close());
  try {
    const telemetry = await openTelemetryParts(loaded, environment.log);
    if (telemetry !== undefined) opened.add(() => telemetry.store.close());
    const platform: Platform = {
      version: VERSION,
      datasets: (name) => loadDataset(name, datasetFiles(datasetFolderOf(loaded))),
      ...((loaded.setup.models !== undefined || file.learning !== undefined || file.role === 'oracle') && {
        kernels: await ensureKernels((text) => environment.log.info('kernels.compiling', { text })),
      }),
      fatal: options.fatal,
      ...(options.executor !== undefined && { executor: options.executor }),
      ...(options.siblings !== undefined && { siblings: options.siblings }),
    };
    const node = await build(environment, setup, platform, options);
    opened.add(() => node.stop());
    const api = createNodeApi(node, environment);
    opened.add(() => api.stop());
    await node.start();
    if (loaded.certificateFile !== undefined) {
      const stopWatching = watchCertificateFile(loaded.certificateFile, { node, log: environment.log });
      opened.add(stopWatching);
    }
    const withReadings = telemetry === undefined ? sameApp : await keepReadings(telemetry, environment, node, opened.add);
    const { rpc, console } = options.serve === false ? {} : await serve(file, node, { api, withReadings }, opened.add);
    const urls = { rpc: rpc?.url, console: console?.url };
    environment.log.info('node.started', {
      role: file.role,
      name: file.name,
      addresses: environment.network.addresses().join(' '),
      ...urls,
    });
    return { loaded, environment, node, api, rpcUrl: urls.rpc, consoleUrl: urls.console, stop: opened.close };
  } catch (error) {
    // A node that cannot start must not go on holding its folder and its ports.
    await opened.close().catch(() => undefined);
    throw error;
  }
}

/** What an oracle node may read outside; paths in its file are relative to the file. */
function outsideOf({ setup: { file }, folder }: LoadedNode) {
  return file.role === 'oracle' && file.oracle.outside !== undefined ? { outside: { config: file.oracle.outside, folder } } : {};
}

type Closing = () => unknown;

function sameApp(app: HttpApp): HttpApp {
  return app;
}

/** Opens the log of a node's readings; what the node serves gets their routes in front. */
async function keepReadings(
  parts: TelemetryParts,
  environment: HostEnvironment,
  node: TreadleNode,
  closeLater: (close: Closing) => void,
): Promise<(app: HttpApp) => HttpApp> {
  if (!isLedgerNode(node)) return sameApp;
  const service = await startTelemetry(parts, environment, node.full);
  closeLater(() => service.close());
  return (app) => servingTelemetry(app, parts, { service, environment });
}

/** Serves what node.json says, each on the first free port from the one that it names. */
async function serve(
  file: LoadedNode['setup']['file'],
  node: TreadleNode,
  { api, withReadings }: { readonly api: Api; readonly withReadings: (app: HttpApp) => HttpApp },
  closeLater: (close: Closing) => void,
): Promise<{ readonly rpc?: HttpServer; readonly console?: HttpServer }> {
  const servers: { rpc?: HttpServer; console?: HttpServer } = {};
  if (file.rpc !== undefined && isLedgerNode(node)) {
    const rpc = await serveHttp(withReadings(createRpcHttpApp(node.full.rpc)), {
      ...file.rpc,
      portTries: PORT_TRIES_MAX,
      origins: ['*'],
    });
    closeLater(() => rpc.close());
    servers.rpc = rpc;
  }
  if (file.console !== undefined) {
    const console = await serveHttp(withReadings(api), { ...file.console, portTries: PORT_TRIES_MAX });
    closeLater(() => console.close());
    servers.console = console;
  }
  return servers;
}

/** Closes parts, the last one opened first, all of them even if one fails; then rejects with the first failure. */
function closingBackwards(first: Closing): { add(close: Closing): void; close(): Promise<void> } {
  const parts = [first];
  return {
    add: (close) => void parts.push(close),
    async close() {
      const failures: unknown[] = [];
      for (const close of parts.splice(0).reverse()) {
        try {
          await close();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}

function build(
  environment: HostEnvironment,
  setup: LoadedNode['setup'],
  platform: Platform,
  options: RunOptions,
): Promise<TreadleNode> {
  if (setup.file.role === 'device' && options.periodic === false)
    return createDeviceNode(environment, setup, platform, { periodic: false });
  if (setup.file.role === 'edge' && options.host !== undefined)
    return createGuestEdgeNode(environment, setup, options.host.full, platform);
  return createNode(environment, setup, platform);
}

/** An executor for nodes that only need to know what genesis comes to. */
export function genesisExecutor(genesis: LoadedNode['setup']['genesis']): Executor {
  return new EvmExecutor({ chainId: genesis.chainId, governance: genesis.governance, store: createMemoryStateStore() });
}

/** The console and `/observe` of a node; an edge node that is a guest shows its own peers and its host's chain. */
function createNodeApi(node: TreadleNode, environment: HostEnvironment): Api {
  const consoleFiles = readConsoleFile;
  if (!isLedgerNode(node)) return createApi({ environment, treadle: (node as DeviceNode).treadle, consoleFiles });
  const { ledger, directory } = node.full;
  const treadle = node.role === 'edge' ? (node as EdgeNode).treadle : node.full.treadle;
  const oracleRounds = oracleRoundsOf(node, environment);
  return createApi({ environment, ledger, treadle, consoleFiles, nameOf: (peer) => directory.lookup(peer)?.name, oracleRounds });
}

function isLedgerNode(node: TreadleNode): node is LedgerNode {
  return 'full' in node;
}

function withInterval(setup: LoadedNode['setup'], intervalMs: number | undefined): LoadedNode['setup'] {
  if (intervalMs === undefined || setup.file.role !== 'device') return setup;
  return { ...setup, file: { ...setup.file, device: { ...setup.file.device, intervalMs } } };
}

/** Where the node's own files of data sets are; whoever trains fetches nothing by itself. */
function datasetFolderOf({ setup, folder }: Pick<LoadedNode, 'setup' | 'folder'>): { readonly data?: string } {
  const data = setup.file.learning?.dataFolder;
  return data === undefined ? {} : { data: path.resolve(folder, data) };
}
