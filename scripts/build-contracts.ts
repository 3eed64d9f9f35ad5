/**
 * Compiles `contracts/src` with solc-js and writes the committed artifacts `src/contracts/generated/*.ts`.
 *
 *   node scripts/build-contracts.ts           writes the artifacts
 *   node scripts/build-contracts.ts --check   exits 1 when a committed artifact is not what the sources give
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import solc from 'solc';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const sourceFolder = join(root, 'contracts/src');
const generatedFolder = join(root, 'src/contracts/generated');

/** The contracts that the code of this project speaks to; libraries they use are compiled into them. */
const published = [
  'Consortium',
  'EdgeRegistry',
  'PaymentChannels',
  'OracleRegistry',
  'Pedal',
  'DataFeed',
  'LaneControl',
  'SourceHeaders',
  'Outbox',
  'Inbox',
  'FederalFile',
  'TrainingTasks',
] as const;

/** Where their sources are, when not in `contracts/src` itself. */
const folderOf: Partial<Record<(typeof published)[number], string>> = {
  OracleRegistry: 'pedal',
  Pedal: 'pedal',
  DataFeed: 'pedal',
  LaneControl: 'crossledger',
  SourceHeaders: 'crossledger',
  Outbox: 'crossledger',
  Inbox: 'crossledger',
  FederalFile: 'crossledger',
  TrainingTasks: 'learning',
};

/**
 * How often the optimizer assumes that code runs: the more often, the less gas and the more bytes. Matching and payments run
 * all day; members come and go once a month, and their contract must fit the limit on code. So must the oracle's, whose gas is that of
 * the pairings anyway.
 */
const runsOf: Partial<Record<(typeof published)[number], number>> = {
  Consortium: 2_000,
  OracleRegistry: 200,
  Pedal: 200,
  DataFeed: 200,
  LaneControl: 200,
  SourceHeaders: 200,
  Outbox: 200,
  Inbox: 200,
  FederalFile: 200,
  TrainingTasks: 200,
};

/** The compiler settings that the committed bytecode depends on. */
export const compilerSettings = {
  evmVersion: 'prague',
  viaIR: true,
  optimizer: { enabled: true, runs: 100_000 },
  // No metadata hash: the bytecode depends on the code alone, not on comments or file names.
  metadata: { bytecodeHash: 'none', appendCBOR: false },
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
} as const;

/** One compiled contract. */
export interface CompiledContract {
  readonly name: string;
  readonly abi: readonly unknown[];
  readonly bytecode: `0x${string}`;
  readonly deployedBytecode: `0x${string}`;
}

interface SolcOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts?: Record<string, Record<string, SolcContract>>;
}

interface SolcContract {
  readonly abi: readonly unknown[];
  readonly evm: { readonly bytecode: { readonly object: string }; readonly deployedBytecode: { readonly object: string } };
}

export interface CompileOptions {
  /** The files whose contracts are wanted; all when absent. */
  readonly only?: readonly string[];
  /** As {@link compilerSettings} has it when absent. */
  readonly runs?: number;
}

/**
 * Compiles Solidity sources by file name; imports resolve among them, then in `contracts/src`, then in `node_modules`.
 *
 * @throws Error with the compiler's messages when there is an error or a warning
 */
export function compileSources(
  sources: Readonly<Record<string, string>>,
  options: CompileOptions = {},
): ReadonlyMap<string, CompiledContract> {
  const { optimizer, outputSelection } = compilerSettings;
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(Object.entries(sources).map(([name, content]) => [name, { content }])),
    settings: {
      ...compilerSettings,
      optimizer: { ...optimizer, runs: options.runs ?? optimizer.runs },
      outputSelection:
        options.only === undefined
          ? outputSelection
          : Object.fromEntries(options.only.map((file) => [file, outputSelection['*']])),
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: findImport })) as SolcOutput;
  const complaints = (output.errors ?? []).filter((entry) => entry.severity !== 'info');
  if (complaints.length > 0) throw new Error(complaints.map((entry) => entry.formattedMessage).join('\n'));
  const compiled = new Map<string, CompiledContract>();
  for (const contracts of Object.values(output.contracts ?? {})) {
    for (const [name, contract] of Object.entries(contracts)) {
      compiled.set(name, {
        name,
        abi: contract.abi,
        bytecode: `0x${contract.evm.bytecode.object}`,
        deployedBytecode: `0x${contract.evm.deployedBytecode.object}`,
      });
    }
  }
  return compiled;
}

/** Compiles `contracts/src` and returns the text of each generated file by its name. */
export function renderArtifacts(): ReadonlyMap<string, string> {
  const names = readdirSync(sourceFolder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.sol'));
  const sources = Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(sourceFolder, name), 'utf8')]));
  const files = new Map<string, string>();
  // One run of the compiler for each of its settings: it takes seconds, whatever is asked of it.
  const compiled = new Map(
    [...new Set(published.map((name) => runsOf[name]))].flatMap((runs) => {
      const only = published.filter((name) => runsOf[name] === runs).map(fileOf);
      return [...compileSources(sources, { only, ...(runs !== undefined && { runs }) })];
    }),
  );
  for (const name of published) {
    const contract = compiled.get(name);
    if (contract === undefined) throw new Error(`contracts/src has no contract ${name}`);
    files.set(`${kebab(name)}.ts`, render(contract, fileOf(name)));
  }
  return files;
}

/** The generated files that differ from what the sources give. */
export function staleArtifacts(artifacts = renderArtifacts()): readonly string[] {
  const stale: string[] = [];
  for (const [file, text] of artifacts) {
    const path = join(generatedFolder, file);
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) stale.push(file);
  }
  return stale;
}

function findImport(path: string): { readonly contents: string } | { readonly error: string } {
  for (const folder of [sourceFolder, join(root, 'node_modules')]) {
    const file = join(folder, path);
    if (existsSync(file)) return { contents: readFileSync(file, 'utf8') };
  }
  return { error: `no file ${path}` };
}

function fileOf(name: (typeof published)[number]): string {
  const folder = folderOf[name];
  return folder === undefined ? `${name}.sol` : `${folder}/${name}.sol`;
}

function render(contract: CompiledContract, file: string): string {
  const variable = `${contract.name.charAt(0).toLowerCase()}${contract.name.slice(1)}Artifact`;
  const abi = contract.abi.map((entry) => `    ${JSON.stringify(entry)},`).join('\n');
  return `// Generated from contracts/src/${file} by scripts/build-contracts.ts: change the source, then run it.
// biome-ignore format: generated
export const ${variable} = {
  name: '${contract.name}',
  abi: [
${abi}
  ],
  bytecode:
    '${contract.bytecode}',
  deployedBytecode:
    '${contract.deployedBytecode}',
} as const;
`;
}

function kebab(name: string): string {
  return name.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}

function main(): void {
  if (process.argv.includes('--check')) {
    const stale = staleArtifacts();
    for (const file of stale) console.error(`src/contracts/generated/${file} is stale: run node scripts/build-contracts.ts`);
    process.exitCode = stale.length === 0 ? 0 : 1;
    return;
  }
  mkdirSync(generatedFolder, { recursive: true });
  for (const [file, text] of renderArtifacts()) {
    writeFileSync(join(generatedFolder, file), text);
    console.log(`src/contracts/generated/${file} ${text.length} bytes`);
  }
}

if (import.meta.main) main();
