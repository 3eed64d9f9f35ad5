import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeFileInput } from '../../../src/consortium/index.ts';
import { type Block, height, type LogLine, logLines, rpc } from './consortium.ts';
import { type Command, firstDocument, isRunning, killAtOnce, treadle, treadleJson, until } from './processes.ts';

const READY_WITHIN_MS = 90_000;

/** What `--links` takes. */
export interface LinkRule {
  readonly blocked?: boolean;
  readonly delay?: string;
  readonly bandwidth?: string;
}

export interface Member {
  readonly node: `0x${string}`;
  readonly folder: string;
  readonly rpcPort?: number;
}

interface Report {
  readonly node: `0x${string}`;
  readonly rpcUrl: string;
  readonly addresses: readonly string[];
}

/** A full node that runs as a process of its own, with links that can be cut and slowed. */
export class SealerProcess {
  readonly name: string;
  readonly node: `0x${string}`;
  /** Starts since the beginning. */
  starts = 0;
  private readonly folder: string;
  private readonly linksFile: string;
  private rules: Readonly<Record<string, LinkRule>> = {};
  private command: Command | undefined;
  private readonly logFiles: string[] = [];
  private url = '';
  private listens: readonly string[] = [];

  constructor(folder: string, member: Member) {
    this.folder = folder;
    this.name = member.folder;
    this.node = member.node;
    this.linksFile = join(folder, `links-${this.name}.json`);
    this.shape({});
  }

  /** Where its key and its node.json are. */
  get home(): string {
    return join(this.folder, 'home', this.name);
  }

  get rpcUrl(): string {
    return this.url;
  }

  /** As the files of others name it. */
  get contact(): { readonly node: `0x${string}`; readonly addresses: string[] } {
    return { node: this.node, addresses: [...this.listens] };
  }

  get pid(): number {
    return this.command?.pid ?? -1;
  }

  get isUp(): boolean {
    return this.command !== undefined && isRunning(this.pid);
  }

  /** Starts the process and resolves when it runs. */
  async start(): Promise<void> {
    this.starts += 1;
    this.command = treadle(this.folder, 'node', '--folder', this.home, '--links', this.linksFile, '--json');
    this.logFiles.push(this.command.errorFile);
    const report = await firstDocument<Report>(this.command, READY_WITHIN_MS);
    this.url = report.rpcUrl;
    this.listens = report.addresses;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    if (this.isUp) await killAtOnce([this.pid]);
    this.command = undefined;
  }

  /** Ends it as its operator does: it finishes what is under way. */
  async stop(): Promise<void> {
    const { command } = this;
    if (command === undefined) return;
    process.kill(command.pid, 'SIGTERM');
    const ended = await command.ended;
    if (ended !== 0) throw new Error(`${this.name} ended with ${ended}: see ${command.errorFile}`);
    this.command = undefined;
  }

  /** Changes its node.json; it counts from the next start on. */
  configure(change: Partial<NodeFileInput>): void {
    const file = join(this.home, 'node.json');
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as NodeFileInput), ...change }));
  }

  /** What it has written of an event since it was first started. */
  logged(event: string): readonly LogLine[] {
    return this.logFiles.flatMap((file) => logLines(file, event));
  }

  /** Nothing of the process runs until {@link resume}. */
  pause(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  /** What is done to everything that this sealer sends, by receiver (`*`: all). */
  shape(rules: Readonly<Record<string, LinkRule>>): void {
    this.rules = rules;
    writeFileSync(this.linksFile, JSON.stringify(rules));
  }

  get shaped(): Readonly<Record<string, LinkRule>> {
    return this.rules;
  }
}

/** Sealers as processes, started from an empty folder; `configure` may change their files before. */
export async function startSealers(options: {
  readonly folder: string;
  readonly sealers: number;
  readonly firstPort: number;
  readonly configure?: (sealer: SealerProcess) => void;
}): Promise<readonly SealerProcess[]> {
  const { folder, sealers, firstPort, configure } = options;
  mkdirSync(folder, { recursive: true });
  const { members } = await treadleJson<{ readonly members: readonly (Member & { readonly role: string })[] }>(
    folder,
    ...['init', '--folder', join(folder, 'home'), '--edges', '0', '--devices', '0'],
    ...Array.from({ length: sealers - 1 }, (_, at) => ['--company', `Company ${at + 1} (test)`]).flat(),
    ...['--rpc-port', `${firstPort}`, '--console-port', `${firstPort + 200}`, '--peer-port', `${firstPort + 400}`],
  );
  const processes = members
    .filter(({ role }) => role === 'proxy' || role === 'company')
    .map((member) => new SealerProcess(folder, member));
  for (const each of processes) configure?.(each);
  await Promise.all(processes.map((each) => each.start()));
  return processes;
}

interface FullBlock extends Block {
  readonly stateRoot: string;
  readonly receiptsRoot: string;
}

/** Waits until every sealer has `beyond` blocks more than the highest has now, and returns the least height then. */
export async function allGrow(sealers: readonly SealerProcess[], beyond: number, withinMs: number): Promise<number> {
  const from = Math.max(...(await Promise.all(sealers.map(({ rpcUrl }) => height(rpcUrl).catch(() => 0)))));
  return until(`every sealer reaches height ${from + beyond}`, withinMs, async () => {
    const heights = await Promise.all(sealers.map(({ rpcUrl }) => height(rpcUrl)));
    const least = Math.min(...heights);
    return least >= from + beyond && least;
  });
}

/**
 * Compares the chains of the sealers up to a height: blocks and the roots of what they executed.
 * @returns how often each transaction stands in the chain
 */
export async function compareChains(sealers: readonly SealerProcess[], upTo: number): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (let number = 0; number <= upTo; number++) {
    const blocks = await Promise.all(
      sealers.map(({ rpcUrl }) => rpc<FullBlock>(rpcUrl, 'eth_getBlockByNumber', `0x${number.toString(16)}`, false)),
    );
    const [first] = blocks as [FullBlock];
    for (const [at, block] of blocks.entries()) {
      const same = block.hash === first.hash && block.stateRoot === first.stateRoot && block.receiptsRoot === first.receiptsRoot;
      if (!same) throw new Error(`block ${number} of ${sealers[at]?.name} is another one than that of ${sealers[0]?.name}`);
    }
    for (const hash of first.transactions) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  }
  return counts;
}
