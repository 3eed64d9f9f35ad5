import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { TreadleError } from '../../../errors.ts';

/**
 * Reads a certificate that the configuration names; anew each time, so that a renewed one counts.
 *
 * @throws TreadleError OUTSIDE_UNREACHABLE: without it there is no connection
 */
export async function readCertificateFile(folder: string, file: string): Promise<Uint8Array> {
  return readFile(resolve(folder, file)).catch((cause: unknown) => {
    throw new TreadleError('OUTSIDE_UNREACHABLE', {
      detail: `the certificate ${file} of this node’s file cannot be read`,
      cause,
    });
  });
}

/** The same as the option `ca` of a TLS connection; nothing without a file, for the system's certificates. */
export async function trustedBy(folder: string, file: string | undefined): Promise<{ readonly ca?: string }> {
  return file === undefined ? {} : { ca: new TextDecoder().decode(await readCertificateFile(folder, file)) };
}
