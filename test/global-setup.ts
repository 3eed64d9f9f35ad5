import { ensureConsole } from '../src/cli/console-files.ts';
import { ensureKernels } from '../src/cli/kernel-files.ts';

/** Builds the console and the training kernels once, before several test files would each do it. */
export async function setup(): Promise<void> {
  const tell = (text: string) => process.stderr.write(`${text}\n`);
  await ensureConsole(tell);
  await ensureKernels(tell);
}
