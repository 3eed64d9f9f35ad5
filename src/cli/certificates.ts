import { randomBytes } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import {
  type CertifiedRole,
  certificateFromJson,
  certificateToJson,
  issueCertificate,
  type ObserverCertificate,
  ROLE_NUMBER,
} from '../consortium/index.ts';
import { toEthereumSignature, toHex } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import './errors.ts';
import { account } from './identifiers.ts';
import { readText } from './load-setup.ts';
import { wholeNumber } from './numbers.ts';
import { openOperator } from './operator.ts';
import { createOutput } from './output.ts';
import { acting } from './refusals.ts';
import { showInstant } from './text.ts';

/** A certificate is public, unlike a key. */
const CERTIFICATE_FILE_MODE = 0o644;
const DAY_SECONDS = 86_400;
/** A century: a certificate that never ends is a mistake. */
const DAYS_MAX = 36_500;

export interface CertifyOptions {
  readonly role: CertifiedRole;
  readonly days: string;
  readonly out?: string;
  readonly rpc: string;
  readonly key: string;
  readonly json?: boolean;
}

/** `treadle consortium certify`: a company's signature under who a device, edge node or centre is. Changes nothing on the ledger. */
export async function certify(address: string, options: CertifyOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const observer = account('the address', address);
  const days = wholeNumber('--days', options.days, { min: 1, max: DAYS_MAX });
  const { consortium, chainId, key } = await openOperator(options);
  if (!(await consortium.isCompany(key.address))) {
    throw new TreadleError('CLI_WRONG_KEY', {
      detail: `${key.address} is not a company of the consortium: nobody would take its certificate`,
    });
  }
  const expiresAtSeconds = Math.floor(Date.now() / 1000) + days * DAY_SECONDS;
  const serial = toHex(Uint8Array.from(randomBytes(32)));
  const certificate = issueCertificate({ observer, role: options.role, expiresAtSeconds, serial, chainId }, key);
  const text = certificateToJson(certificate);
  if (options.out !== undefined) {
    await writeNew(options.out, text);
    out.line(`The certificate is in ${options.out}; it holds until ${showInstant(expiresAtSeconds * 1000)}.`);
    if (options.role !== 'centre') out.line(`Next: treadle consortium register --certificate ${options.out} --key FILE`);
  } else {
    // Without a file the text is the certificate and nothing else, so that it can be redirected into one.
    out.line(text.trimEnd());
  }
  out.result(JSON.parse(text));
}

/** `treadle consortium register`: puts a certified device or edge node on the ledger; anyone may do it for it. */
export async function register(options: {
  readonly certificate: string;
  readonly rpc: string;
  readonly key: string;
  readonly json?: boolean;
}): Promise<void> {
  const out = createOutput(options.json === true);
  const certificate = certificateFromJson(await readText(options.certificate), options.certificate);
  const { consortium, chainId } = await openOperator(options);
  checkRegistrable(certificate, { file: options.certificate, chainId });
  const { observer, role, company, expiresAtSeconds, serial, signature } = certificate;
  const fields = { observer, role: ROLE_NUMBER[role], company, expiresAt: BigInt(expiresAtSeconds), serial };
  const { blockNumber, transactionHash } = await acting(consortium.registerObserver(fields, toEthereumSignature(signature)));
  out.line(
    `${observer} is registered as ${role} of ${company} since block ${blockNumber}, until ${showInstant(expiresAtSeconds * 1000)}.`,
  );
  out.result({ observer, role, company, expiresAt: showInstant(expiresAtSeconds * 1000), serial, blockNumber, transactionHash });
}

function checkRegistrable({ role, chainId }: ObserverCertificate, on: { readonly file: string; readonly chainId: number }): void {
  if (chainId !== on.chainId) {
    throw new TreadleError('CLI_WRONG_CHAIN', {
      detail: `${on.file} is for chain ${chainId}, the node is on chain ${on.chainId}`,
    });
  }
  if (role === 'centre') {
    throw new TreadleError('CLI_BAD_OPTION', {
      detail: `${on.file} is for a centre: it shows its certificate to its peers and is not registered`,
    });
  }
}

async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { mode: CERTIFICATE_FILE_MODE, flag: 'wx' });
    // The mode of a new file is narrowed by the umask: a certificate may be read by whoever runs the node.
    await chmod(file, CERTIFICATE_FILE_MODE);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new TreadleError('CLI_FILE_EXISTS', { detail: `${file} exists`, data: { file }, cause });
    throw new TreadleError('CLI_FILE_UNWRITABLE', {
      detail: `${file} cannot be written (${code ?? String(cause)})`,
      data: { file },
      cause,
    });
  }
}
