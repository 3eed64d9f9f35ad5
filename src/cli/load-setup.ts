import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  certificateFromJson,
  type NodeFile,
  readFleetFile,
  readGenesis,
  readKeyFile,
  readNodeFile,
} from '../consortium/index.ts';
import type { NodeKey } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import type { NodeSetup } from '../node/index.ts';

/** A node's setup and where it lives. */
export interface LoadedNode {
  readonly setup: NodeSetup;
  readonly folder: string;
  readonly dataFolder: string;
  /** Where the certificate of an observer stands. */
  readonly certificateFile?: string;
}

/**
 * Reads a node's folder: node.json and the files that it names.
 * @throws TreadleError CLI_FOLDER_MISSING | CLI_FILE_UNREADABLE | CONFIG_*
 */
export async function loadNode(folder: string): Promise<LoadedNode> {
  const nodeFile = join(folder, 'node.json');
  const text = await readText(nodeFile, 'CLI_FOLDER_MISSING');
  const file: NodeFile = readNodeFile({ file: nodeFile, text });
  const at = (path: string): string => resolve(folder, path);
  const key = await readKey(at(file.keyFile));
  const genesisFile = at(file.genesisFile);
  const genesis = readGenesis(await readText(genesisFile), genesisFile);
  const accountKeyFile = 'accountKeyFile' in file ? file.accountKeyFile : undefined;
  const accountKey = accountKeyFile === undefined ? {} : { accountKey: await readKey(at(accountKeyFile)) };
  const spoken = file.wireVersions === undefined ? {} : { wireVersions: file.wireVersions };
  const setup: NodeSetup = { file, key, genesis, ...accountKey, ...spoken };
  if (!('certificateFile' in file)) return { setup, folder, dataFolder: at(file.dataFolder) };
  const certificateFile = at(file.certificateFile);
  const certificate = certificateFromJson(await readText(certificateFile), certificateFile);
  const models = file.role === 'edge' ? await readModels(file.edge.models, at) : {};
  return { setup: { ...setup, certificate, ...models }, folder, dataFolder: at(file.dataFolder), certificateFile };
}

/** The models that an edge node's file names; their content is checked when a service runs them. */
async function readModels(
  named: Readonly<Record<string, string>> | undefined,
  at: (path: string) => string,
): Promise<Pick<NodeSetup, 'models'>> {
  if (named === undefined) return {};
  const models = new Map<string, Uint8Array>();
  for (const [service, path] of Object.entries(named)) models.set(service, await readBytes(at(path)));
  return { models };
}

async function readKey(file: string): Promise<NodeKey> {
  return readKeyFile({ file, text: await readText(file) });
}

/** Reads the nodes of a fleet: fleet.json and the folders that it names. @throws TreadleError as {@link loadNode} */
export async function loadFleet(folder: string): Promise<{ readonly name: string; readonly members: readonly LoadedNode[] }> {
  const fleetFile = join(folder, 'fleet.json');
  const fleet = readFleetFile({ file: fleetFile, text: await readText(fleetFile, 'CLI_FOLDER_MISSING') });
  const members: LoadedNode[] = [];
  for (const member of fleet.members) members.push(await loadNode(resolve(dirname(fleetFile), member)));
  return { name: fleet.name, members };
}

/** Reads a file, or says which one could not be read and why. @throws TreadleError CLI_FILE_UNREADABLE */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new TreadleError('CLI_FILE_UNREADABLE', { detail: `${path} cannot be read (${why})`, data: { path }, cause });
  }
}

/** Reads a text file, or says which one could not be read and why. */
export async function readText(path: string, code = 'CLI_FILE_UNREADABLE'): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new TreadleError(code, { detail: `${path} cannot be read (${why})`, data: { path }, cause });
  }
}
