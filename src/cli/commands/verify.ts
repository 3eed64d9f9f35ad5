import { readFile, stat, writeFile } from 'node:fs/promises';
import { folderObjects } from '../../environment/host/index.ts';
import type { Objects } from '../../environment/index.ts';
import { hasCode, TreadleError } from '../../errors.ts';
import type { Genesis } from '../../ledger/index.ts';
import { followHead } from '../../light/index.ts';
import { TWINS_BUNDLE_BYTES_MAX } from '../../limits.ts';
import {
  type AlteredReading,
  type AuditReport,
  auditLog,
  type BundleAnchor,
  brokenSegment,
  type Checkpoint,
  findReading,
  formatBundle,
  makeBundle,
  parseBundle,
  parseCheckpoint,
  proveAnchor,
  readCheckpoint,
  readSegmentRecords,
  type SegmentRecord,
  type Verdict,
  verifyAnchor,
  verifyBundle,
} from '../../twins/index.ts';
import { account } from '../identifiers.ts';
import { wholeNumber } from '../numbers.ts';
import { createOutput, type Output } from '../output.ts';
import { ask, rpcOverHttp } from '../rpc-over-http.ts';

export interface VerifyCommandOptions {
  readonly genesis?: string;
  readonly author?: string;
  readonly checkpoint?: string;
  readonly rpc?: string;
  readonly tiles?: string;
  readonly export?: string;
  readonly index?: string;
  readonly twin?: string;
  readonly metric?: string;
  readonly time?: string;
  readonly json?: boolean;
}

/** `treadle verify`: a proof bundle, or the folder of a telemetry log. */
export async function verify(path: string, options: VerifyCommandOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const isFolder = (await stat(path).catch((cause: unknown) => unreadable(path, cause))).isDirectory();
  if (!isFolder) return verifyFile(path, options, out);
  for (const name of ['genesis', 'author'] as const)
    if (options[name] !== undefined && options.rpc === undefined)
      throw badOption(`of a folder, --${name} is checked with what a node answers: name --rpc as well`);
  return options.export === undefined ? verifyFolder(path, options, out) : exportBundle(path, options, out);
}

async function verifyFile(path: string, options: VerifyCommandOptions, out: Output): Promise<void> {
  for (const name of ['rpc', 'tiles', 'export', 'index', 'twin', 'metric', 'time'] as const)
    if (options[name] !== undefined) throw badOption(`--${name} is for the folder of a log, and ${path} is a file`);
  const bundle = parseBundle(await readText(path));
  const verdict = verifyBundle(bundle, {
    ...(options.genesis !== undefined && { genesis: await readGenesisFile(options.genesis) }),
    ...(options.checkpoint !== undefined && { older: await readText(options.checkpoint) }),
    ...(options.author !== undefined && { author: account('--author', options.author) }),
  });
  const { twin, metric, timeMs, value } = bundle.reading;
  out.line(`proved: ${metric} of ${twin} at ${new Date(timeMs).toISOString()} was ${JSON.stringify(value)}`);
  out.line(`  reading ${verdict.index} of ${verdict.size} in the log ${verdict.origin}`);
  if (verdict.continues !== undefined) out.line(`  the log continues the checkpoint of ${verdict.continues} readings`);
  out.line(`  ${anchorWords(verdict)}`);
  out.result({ proved: true, reading: bundle.reading, ...verdict });
}

function anchorWords({ anchored }: Verdict): string {
  if (anchored === undefined) return 'not checked: whether the checkpoint is on the ledger (name --genesis)';
  const { author, blockNumber, timestampMs } = anchored;
  return `on the ledger by ${author}, in block ${blockNumber} (${new Date(timestampMs).toISOString()}) at the latest`;
}

async function exportBundle(path: string, options: VerifyCommandOptions, out: Output): Promise<void> {
  const objects = folderObjects(path);
  const { checkpoint } = await readCheckpoint(objects);
  const index = await indexOf(objects, checkpoint, options);
  const anchor = options.rpc === undefined ? undefined : await anchorOf(objects, checkpoint, options);
  const older = options.checkpoint === undefined ? undefined : await readText(options.checkpoint);
  const bundle = await makeBundle(objects, { index, ...(older !== undefined && { older }), ...(anchor && { anchor }) });
  const file = options.export as string;
  try {
    await writeFile(file, formatBundle(bundle), { flag: 'wx' });
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    throw new TreadleError(exists ? 'CLI_FILE_EXISTS' : 'CLI_FILE_UNWRITABLE', { detail: `${file} was not written`, cause });
  }
  out.line(`${file}: the proof of reading ${index} of ${checkpoint.size} in the log ${checkpoint.origin}`);
  out.line(
    anchor
      ? '  with what shows that its checkpoint is on the ledger'
      : '  without the ledger: name --rpc and --genesis to add it',
  );
  out.result({ file, index, size: checkpoint.size, origin: checkpoint.origin, anchored: anchor !== undefined });
}

async function indexOf(objects: Objects, { size }: Checkpoint, options: VerifyCommandOptions): Promise<number> {
  const { index, twin, metric, time } = options;
  if (index !== undefined) return wholeNumber('--index', index, { min: 0, max: Number.MAX_SAFE_INTEGER });
  if (twin === undefined || metric === undefined || time === undefined)
    throw badOption('--export needs --index, or --twin, --metric and --time');
  const timeMs = wholeNumber('--time', time, { min: 0, max: Number.MAX_SAFE_INTEGER });
  return findReading(objects, size, { twin, metric, timeMs });
}

async function verifyFolder(path: string, options: VerifyCommandOptions, out: Output): Promise<void> {
  for (const name of ['index', 'twin', 'metric', 'time'] as const)
    if (options[name] !== undefined) throw badOption(`--${name} goes with --export`);
  const objects = folderObjects(path);
  const { checkpoint: own } = await readCheckpoint(objects);
  const segments = await readSegmentRecords(objects);
  const kept = options.checkpoint === undefined ? undefined : parseCheckpoint(await readText(options.checkpoint));
  if (kept !== undefined && (kept.origin !== own.origin || kept.size > own.size))
    throw new TreadleError('TWINS_CONSISTENCY_WRONG', {
      detail: `the folder holds ${own.size} readings of ${own.origin}, the checkpoint ${kept.size} of ${kept.origin}`,
    });
  const anchor = options.rpc === undefined ? undefined : await anchorOf(objects, own, options);
  const report = await audit(objects, { own, kept, segments, onLedger: anchor !== undefined, options });
  if (report.altered) throw alteredError(report.altered, own.origin);
  const against = anchor ? 'the ledger' : kept ? `the checkpoint of ${kept.size} readings` : "the folder's own checkpoint only";
  out.line(`${report.checked} readings of ${own.origin} are as they were, checked against ${against}`);
  for (const tile of report.alteredTiles) out.line(`  ${tile} was altered; the readings below it are as they were`);
  if (!anchor && !kept) out.line('  name --rpc and --genesis, or --checkpoint, to check against what the owner cannot alter');
  out.result({ ...report, origin: own.origin, size: own.size, against: anchor ? 'ledger' : kept ? 'checkpoint' : 'itself' });
}

interface AuditParts {
  readonly own: Checkpoint;
  readonly kept: Checkpoint | undefined;
  readonly segments: readonly SegmentRecord[];
  readonly onLedger: boolean;
  readonly options: VerifyCommandOptions;
}

/** What is trusted decides: the ledger, else the checkpoint that was kept, else the folder itself. */
async function audit(objects: Objects, { own, kept, segments, onLedger, options }: AuditParts): Promise<AuditReport> {
  const reference = options.tiles === undefined ? {} : { reference: folderObjects(options.tiles) };
  const bounds = brokenSegment(segments) === undefined ? segments : [];
  // The kept checkpoint comes first, by itself: what the log has now must still begin with it.
  if (kept !== undefined) {
    const report = await auditLog(objects, { checkpoint: kept, segments: bounds, ...reference });
    if (report.altered || !onLedger) return report;
  }
  return auditLog(objects, { checkpoint: own, segments: bounds, ...reference });
}

/** What shows that the latest checkpoint of a folder is the latest of its stream on the ledger. */
async function anchorOf(objects: Objects, checkpoint: Checkpoint, options: VerifyCommandOptions): Promise<BundleAnchor> {
  const { origin, size } = checkpoint;
  const { rpc: url, genesis: file, author } = options;
  if (url === undefined || file === undefined) throw badOption('--rpc needs --genesis: what a node answers is checked with it');
  const segments = await readSegmentRecords(objects);
  const segment = segments.at(-1);
  if (segment === undefined || segment.size !== size)
    throw new TreadleError('TWINS_LOG_DAMAGED', { detail: 'the record of the latest checkpoint is missing' });
  const wanted = author === undefined ? undefined : account('--author', author);
  if (wanted !== undefined && wanted !== segment.author)
    throw new TreadleError('TWINS_ANCHOR_WRONG', { detail: `the log is anchored by ${segment.author}, not by ${wanted}` });
  const caller = rpcOverHttp(url);
  const genesis = await readGenesisFile(file);
  const rpc = (method: string, params: readonly unknown[]): Promise<unknown> => ask(caller, method, params);
  const anchor = await proveAnchor({ rpc, genesis, origin, segment, follow: followHead });
  // Of what the node says, nothing is believed that the sealers have not signed.
  verifyAnchor(anchor, checkpoint, { genesis, ...(author !== undefined && { author: account('--author', author) }) });
  return anchor;
}

function alteredError({ index, lastIndex, reading, expected, actual }: AlteredReading, origin: string): TreadleError {
  const what = reading
    ? `${reading.metric} of ${reading.twin} at ${new Date(reading.timeMs).toISOString()}`
    : 'no reading any more';
  const where =
    lastIndex === index
      ? `reading ${index} (now ${what}) has the hash ${actual ?? 'of nothing'} in place of ${expected ?? 'its own'}`
      : `one of the readings ${index} to ${lastIndex} (the first is now ${what})`;
  return new TreadleError('TWINS_READING_ALTERED', {
    detail: `the first that was altered in ${origin}: ${where}`,
    data: {
      index,
      lastIndex,
      ...(reading && { twin: reading.twin, metric: reading.metric, timeMs: reading.timeMs, value: reading.value }),
      ...(expected && { expected }),
      ...(actual && { actual }),
    },
  });
}

async function readGenesisFile(file: string): Promise<Genesis> {
  const text = await readText(file);
  try {
    const genesis = JSON.parse(text) as Genesis;
    const sealers: unknown = genesis?.sealers;
    const named = Array.isArray(sealers) && sealers.length > 0 && sealers.every((each) => /^0x[0-9a-f]{40}$/.test(String(each)));
    if (named && Number.isSafeInteger(genesis.chainId)) return genesis;
  } catch {
    // Told below.
  }
  throw new TreadleError('LIGHT_BAD_GENESIS', { detail: `${file} is no genesis file` });
}

async function readText(file: string): Promise<string> {
  try {
    const content = await readFile(file);
    if (content.length > TWINS_BUNDLE_BYTES_MAX) throw badOption(`${file} has ${content.length} bytes, which no such file has`);
    return content.toString('utf8');
  } catch (cause) {
    if (hasCode(cause, 'CLI_BAD_OPTION')) throw cause;
    return unreadable(file, cause);
  }
}

function unreadable(file: string, cause: unknown): never {
  const { code } = cause as NodeJS.ErrnoException;
  throw new TreadleError('CLI_FILE_UNREADABLE', { detail: `${file} cannot be read (${code})`, cause });
}

function badOption(detail: string): TreadleError {
  return new TreadleError('CLI_BAD_OPTION', { detail });
}
