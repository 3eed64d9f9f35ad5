import { main } from '../main.ts';

/** What a command left behind. */
export interface CommandOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The JSON document on standard output. */
  json(): Record<string, unknown>;
}

/** Runs one command line in this process. */
export async function runTreadle(...argv: readonly string[]): Promise<CommandOutcome> {
  const captured = { stdout: '', stderr: '' };
  const restore = (['stdout', 'stderr'] as const).map((name) => {
    const stream = process[name];
    const { write } = stream;
    stream.write = (chunk: string | Uint8Array) => {
      captured[name] += typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk);
      return true;
    };
    return () => {
      stream.write = write;
    };
  });
  const codeBefore = process.exitCode;
  process.exitCode = undefined;
  try {
    const exitCode = await main(argv);
    return { exitCode, ...captured, json: () => JSON.parse(captured.stdout) as Record<string, unknown> };
  } finally {
    process.exitCode = codeBefore;
    for (const each of restore) each();
  }
}
