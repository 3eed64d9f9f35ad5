import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { TreadleError } from '../../errors.ts';
import { JSON_MEDIA_TYPE, SAMPLES_MEDIA_TYPE } from '../../market/index.ts';
import { type DeviceNode, deviceReady, type TaskRecord } from '../../node/index.ts';
import { loadNode } from '../load-setup.ts';
import { createOutput, type Output } from '../output.ts';
import { runNode } from '../run-node.ts';
import { withContacts } from '../with-contacts.ts';

export interface TaskOptions {
  readonly folder: string;
  readonly input?: string;
  readonly contact?: readonly string[];
  readonly json?: boolean;
}

/** A device registers and opens a channel in a few blocks; a consortium that takes longer is not up. */
const READY_WITHIN_MICROS = 60_000_000;
const decoder = new TextDecoder();

/** `treadle task`: one task of one device, from the match to the payment. */
export async function task(options: TaskOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const input = await readInput(options.input);
  const loaded = withContacts(await loadNode(resolve(options.folder)), options.contact ?? []);
  if (loaded.setup.file.role !== 'device') {
    throw new TreadleError('CLI_BAD_OPTION', {
      detail: `--folder is the folder of a ${loaded.setup.file.role}, a task is asked for by a device`,
    });
  }
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const quiet = { ...loaded, setup: { ...loaded.setup, file: { ...loaded.setup.file, logLevel: 'error' as const } } };
  const running = await runNode(quiet, { fatal: failed.reject, periodic: false, serve: false });
  try {
    const device = running.node as DeviceNode;
    await Promise.race([deviceReady(device, READY_WITHIN_MICROS), failed.promise]);
    const record = await Promise.race([device.runTask(input), failed.promise]);
    if (record.error !== undefined) throw new TreadleError(record.error.code, { detail: record.error.detail });
    print(out, record);
  } finally {
    await running.stop();
  }
}

function print(out: Output, record: TaskRecord): void {
  const { outcome } = record;
  if (outcome === undefined) return;
  const { match, result, attempts, taskId } = outcome;
  const report = decoder.decode(result.output);
  out.line(`Task ${taskId}`);
  out.line(`  done by     ${result.node} (node ${match.choice.nodeId} of the registry), signature checked`);
  out.line(
    `  chosen      nearest of ${match.choice.among.length} eligible (${match.choice.among.join(', ')}); ${match.choice.considered} looked at`,
  );
  for (const attempt of attempts)
    if (attempt.error !== undefined) out.line(`  before it   ${attempt.node} failed: ${attempt.error.detail}`);
  out.line(`  took        ${(record.durationMicros / 1000).toFixed(0)} ms from the request for a match to the checked result`);
  out.line(`  paid        ${match.priceWei} wei, ${record.paid ? 'acknowledged by the edge node' : 'on its way'}`);
  out.line(report);
  out.result({
    taskId,
    node: result.node,
    status: result.status,
    match,
    attempts,
    durationMs: record.durationMicros / 1000,
    paid: record.paid,
    mediaType: result.mediaType,
    output: result.mediaType === JSON_MEDIA_TYPE ? jsonOrText(report) : report,
  });
}

/** The edge node's word: it calls its output JSON, which it may not be. */
function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Samples of a file: JSON by its first character, else the binary format. */
async function readInput(path: string | undefined): Promise<{ readonly input?: Uint8Array; readonly mediaType?: string }> {
  if (path === undefined) return {};
  try {
    const input = new Uint8Array(await readFile(path));
    const first = decoder.decode(input.subarray(0, 64)).trimStart()[0];
    return { input, mediaType: first === '{' ? JSON_MEDIA_TYPE : SAMPLES_MEDIA_TYPE };
  } catch (cause) {
    throw new TreadleError('CLI_FILE_UNREADABLE', {
      detail: `${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`,
      cause,
    });
  }
}
