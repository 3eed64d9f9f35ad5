import { enableCompileCache } from 'node:module';
import { Command, CommanderError } from 'commander';
import { registerCommands } from './commands/index.ts';
import { printFailure } from './output.ts';
import { VERSION } from './version.ts';

const FLUSH_MS_MAX = 2_000;

/** The command line: the one place that chooses between the simulator and the real world. */
export function createProgram(): Command {
  const program = new Command('treadle')
    .description('One edge platform that companies run together: a consortium ledger, edge work matched and paid for.')
    .version(VERSION)
    .showSuggestionAfterError(true)
    .showHelpAfterError('(add --help to see what the command takes)')
    .exitOverride();
  registerCommands(program);
  for (const command of program.commands) inheritExit(command);
  return program;
}

function inheritExit(command: Command): void {
  command.exitOverride().showHelpAfterError('(add --help to see what the command takes)');
  for (const child of command.commands) inheritExit(child);
}

/** Runs one command line; resolves with the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  tolerateClosedPipes();
  try {
    await createProgram().parseAsync([...argv], { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
    printFailure(error, argv.includes('--json'));
    return 1;
  }
}

// A supervisor that is gone, or a reader that has seen enough (`| head`), is no reason to die half-way through stopping.
function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

if (import.meta.main) {
  // A dozen processes load the same modules: the second one finds them compiled.
  enableCompileCache();
  endProcess(await main(process.argv.slice(2)));
}

/**
 * Ends the process once what was written has gone out: standard output may be a pipe. A pipe that nobody reads any
 * more must not keep the process alive.
 */
function endProcess(exitCode: number): void {
  process.exitCode = exitCode;
  const end = (): never => process.exit(exitCode);
  process.stdout.on('error', end);
  process.stdout.write('', end);
  setTimeout(end, FLUSH_MS_MAX);
}
