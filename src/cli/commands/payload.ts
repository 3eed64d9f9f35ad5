import { readFile, writeFile } from 'node:fs/promises';
import { sendPayload } from '../../contracts/index.ts';
import type { Hex } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { commitPayload } from '../../ledger/index.ts';
import { account } from '../identifiers.ts';
import { openOperator } from '../operator.ts';
import { createOutput } from '../output.ts';
import { fetchPayload } from '../payload-over-http.ts';
import { acting } from '../refusals.ts';
import { ask, rpcOverHttp } from '../rpc-over-http.ts';

export interface SendOptions {
  readonly to: string;
  readonly mediaType: string;
  readonly data: string;
  readonly rpc: string;
  readonly key: string;
  readonly json?: boolean;
}

/** `treadle payload send`: a file becomes the body of a payload transaction. */
export async function send(file: string, options: SendOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const to = account('--to', options.to);
  const data = callData(options.data);
  const body = await readBody(file);
  const { mediaType } = options;
  // Told before a node is asked for anything: what is wrong with the file does not depend on the node.
  const { root } = commitPayload(body, mediaType);
  const { client } = await openOperator(options);
  const receipt = await acting(sendPayload(client, { to, body, mediaType, data }));
  const { transactionHash, blockNumber, gasUsed } = receipt;
  out.line(`${file} (${body.length} bytes, ${mediaType}) is in block ${blockNumber}`);
  out.line(`  transaction ${transactionHash}`);
  out.line(`  root        ${root}`);
  out.result({ transactionHash, blockNumber, root, lengthBytes: body.length, mediaType, gasUsed: gasUsed.toString() });
}

export interface GetOptions {
  readonly out: string;
  readonly rpc: string;
  readonly json?: boolean;
}

/** `treadle payload get`: the body of a payload transaction, checked against what the transaction says. */
export async function get(hash: string, options: GetOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const wanted = hash.trim().toLowerCase();
  if (!/^0x[0-9a-f]{64}$/.test(wanted)) {
    throw new TreadleError('CLI_BAD_OPTION', {
      detail: `the hash is "${hash.slice(0, 80)}", expected 0x and 64 hex digits as \`treadle payload send\` prints them`,
    });
  }
  const found = await rootOf(options.rpc, wanted as Hex);
  const { body, payload } = await fetchPayload(options.rpc, found.root);
  const mediaType = found.mediaType ?? payload.mediaType;
  await writeNew(options.out, body);
  out.line(`${options.out}: ${body.length} bytes, ${mediaType}, checked against the root ${payload.root}`);
  out.result({ file: options.out, root: payload.root, lengthBytes: body.length, mediaType });
}

/** The root that a transaction commits to; what is the hash of no transaction may be a root itself. */
async function rootOf(rpcUrl: string, hash: Hex): Promise<{ readonly root: Hex; readonly mediaType?: string }> {
  const transaction = await ask<Readonly<Record<string, unknown>> | null>(rpcOverHttp(rpcUrl), 'eth_getTransactionByHash', [
    hash,
  ]);
  if (transaction === null) return { root: hash };
  const { payloadRoot, payloadMediaType } = transaction;
  if (typeof payloadRoot !== 'string' || typeof payloadMediaType !== 'string') {
    throw new TreadleError('CLI_UNKNOWN_PAYLOAD', {
      detail: `the transaction ${hash} has no body`,
      data: { transactionHash: hash },
    });
  }
  return { root: payloadRoot as Hex, mediaType: payloadMediaType };
}

async function readBody(file: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new TreadleError('CLI_FILE_UNREADABLE', { detail: `${file} cannot be read (${code})`, cause });
  }
}

async function writeNew(file: string, body: Uint8Array): Promise<void> {
  try {
    await writeFile(file, body, { flag: 'wx' });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new TreadleError('CLI_FILE_EXISTS', { detail: `${file} is there already and was not touched`, cause });
    throw new TreadleError('CLI_FILE_UNWRITABLE', { detail: `${file} cannot be written (${code})`, cause });
  }
}

function callData(text: string): Hex {
  if (/^0x([0-9a-fA-F]{2})*$/.test(text)) return text as Hex;
  throw new TreadleError('CLI_BAD_OPTION', {
    detail: `--data is "${text.slice(0, 80)}", expected 0x and two hex digits per byte`,
  });
}
