import { ensureConsole } from '../src/cli/console-files.ts';

/** Builds the console once, before several test files would each do it. */
export async function setup(): Promise<void> {
  await ensureConsole((text) => process.stderr.write(`${text}\n`));
}
